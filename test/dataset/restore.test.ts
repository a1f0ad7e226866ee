import { describe, expect, it } from 'vitest'
import { parseCid } from '../../src/cid/cid.ts'
import { randomBytes } from '../repository/random-bytes.ts'
import { create } from './in-memory.ts'

const files = (seed: number): { path: string; content: Uint8Array }[] => [{ path: 'a', content: randomBytes(30_000, seed) }]

describe('a ref to a snapshot that no ref leads to', () => {
  it('is made as long as all of it is there', async () => {
    const repository = await create()
    const { snapshot } = await repository.snapshot(files(1), { ref: 'data' })
    await repository.deleteRef('data')
    await repository.setRef('again', snapshot)
    expect(await repository.read('again', 'a')).toEqual(files(1)[0]?.content)
  })

  it('is refused where garbage collection has left its record and not its data', async () => {
    const repository = await create()
    const { snapshot } = await repository.snapshot(files(1), { ref: 'gone' })
    await repository.snapshot(Array.from({ length: 400 }, (_, number) => ({ path: `part/${number}`, content: randomBytes(20, number) })), { ref: 'kept' })
    // Puts all nodes into one pack, which is then not worth rewriting for the few that are of no use.
    for (let version = 0; version < 8; version++) await repository.snapshot(files(2), { ref: 'kept', message: `version ${version}` })
    await repository.collectGarbage({ graceMs: 0 })
    await repository.deleteRef('gone')
    await repository.collectGarbage({ graceMs: 0 })
    expect(await repository.blocks.has(parseCid(snapshot))).toBe(true)
    await expect(repository.setRef('again', snapshot)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await repository.verify()).ok).toBe(true)
  })
})
