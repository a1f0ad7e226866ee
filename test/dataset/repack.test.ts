import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { interleaved } from '../../src/dataset/repack.ts'
import { edited, textBytes } from '../repository/edited-blocks.ts'
import { create } from './in-memory.ts'

describe('the order in which versions are placed', () => {
  it('begins with the newest, goes on with the oldest, and then halves every gap', () => {
    expect(interleaved([100, 100, 100, 100, 100, 100, 100])).toEqual([0, 6, 3, 1, 4, 2, 5])
    expect(interleaved([])).toEqual([])
    expect(interleaved([7])).toEqual([0])
  })

  it('begins with a version of middling size where versions have grown much', () => {
    expect(interleaved([800, 700, 400, 300, 200, 100])).toEqual([3, 0, 5, 1, 4, 2])
  })

  it('has every version once', () => {
    fc.assert(fc.property(fc.array(fc.nat({ max: 1_000_000 }), { maxLength: 70 }), (sizes) => {
      const order = interleaved(sizes)
      expect([...order].sort((a, b) => a - b)).toEqual(sizes.map((_, number) => number))
    }))
  })
})

describe('repack of a repository of snapshots', () => {
  it('leaves the newest by itself, keeps what retention left, and serves files of several chunks, renamed and copied', async () => {
    const repository = await create()
    let content = textBytes(700_000, 1)
    const versions = [content]
    for (let number = 0; number < 5; number++) {
      content = edited(content, 40, number * 1000)
      versions.push(content)
    }
    const paths = (number: number): readonly string[] => (number < 3 ? ['old-name.csv'] : ['new-name.csv', 'copy.csv'])
    for (const [number, version] of versions.entries()) {
      // A copy that differs by a few bytes, in the same snapshot.
      await repository.snapshot(paths(number).map((path, index) => ({ path, content: index === 0 ? version : edited(version, 2, 77) })), { ref: 'data', message: String(number) })
    }
    await repository.collectGarbage({ keepLast: 5, graceMs: 0 })
    const before = (await repository.diskUsage()).totalBytes
    const report = await repository.repack({ graceMs: 0, author: 'somebody' })
    expect(report.recoded.blocks).toBeGreaterThan(5)
    expect((await repository.diskUsage()).totalBytes).toBeLessThan(before)
    for (const [number, version] of versions.entries()) {
      if (number === 0) continue
      for (const [index, path] of paths(number).entries()) expect(equalBytes(await repository.read(`data~${5 - number}`, path), index === 0 ? version : edited(version, 2, 77))).toBe(true)
    }
    expect(await repository.verify()).toMatchObject({ ok: true })
    const actions: string[] = []
    for await (const { action, actor } of repository.blocks.operations()) actions.push(`${action} ${actor}`)
    expect(actions.at(-1)).toBe('repack somebody')
    // The next snapshot finds its bases where they are now.
    const { storedBytes } = await repository.snapshot([{ path: 'new-name.csv', content: edited(content, 5, 9) }], { ref: 'data' })
    expect(storedBytes).toBeLessThan(30_000)
  })
})
