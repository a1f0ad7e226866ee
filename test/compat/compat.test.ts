import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { InputEntry } from '../../src/dataset/input-entries.ts'
import { openRepository } from '../../src/node/open-repository.ts'
import { versions } from './contents.mjs'

const FOLDER = 'test/compat'
const releases = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
const scratch = mkdtempSync(join(tmpdir(), 'varve-compat-'))

afterAll(() => {
  rmSync(scratch, { recursive: true })
})

describe('a repository that an earlier version wrote', () => {
  it('is there to be read', () => {
    expect(releases).toContain('0.1.0')
  })

  it.each(releases)('is read to the last byte, and written to again (%s)', async (release) => {
    const copy = join(scratch, release)
    cpSync(join(FOLDER, release, 'repository'), copy, { recursive: true })
    const roots = JSON.parse(readFileSync(join(FOLDER, release, 'roots.json'), 'utf8')) as string[]
    await using repository = await openRepository(copy)
    expect(await repository.verify()).toMatchObject({ ok: true, damaged: [], problems: [] })
    const codecs = (await repository.diskUsage()).codecs.map(({ codec }) => codec)
    for (const codec of ['none', 'delta']) expect(codecs).toContain(codec)
    const contents = versions() as InputEntry[][]
    for (const [number, entries] of contents.entries()) {
      const revision = `data~${contents.length - 1 - number}`
      expect((await repository.resolve(revision)).root.toString()).toBe(roots[number])
      for (const entry of entries) {
        if (!('content' in entry)) continue
        const expected = typeof entry.content === 'string' ? Buffer.from(entry.content) : Buffer.from(entry.content as Uint8Array)
        expect(expected.equals(await repository.read(revision, entry.path as string))).toBe(true)
      }
    }
    expect((await repository.show('data@first')).root).toBe(roots[0])
    expect(await repository.snapshot(contents[2] ?? [], { ref: 'data' })).toMatchObject({ created: false, newBytes: 0, root: roots[2] })
    expect((await repository.snapshot([{ path: 'new', content: 'new' }], { ref: 'data' })).created).toBe(true)
    expect(await repository.verify()).toMatchObject({ ok: true })
  })
})
