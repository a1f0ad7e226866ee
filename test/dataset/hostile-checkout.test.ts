import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import { cidText, DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { type InputEntry, openRepository, type Repository } from '../../src/index.ts'

let work = ''
let repository: Repository

beforeEach(async () => {
  work = mkdtempSync(join(tmpdir(), 'varve-hostile-'))
  repository = await openRepository(join(work, 'repository'), { create: true })
})
afterEach(async () => {
  await repository.close()
  rmSync(work, { recursive: true, force: true })
})

const target = (): string => join(work, 'place', 'target')

/** A manifest that no builder would make: keys exactly as given. Returns its root. */
async function forge(keys: readonly string[], level = 0): Promise<string> {
  return repository.blocks.withSession(async (session) => {
    const content = await session.put(RAW_CODE, utf8('evil'))
    const tree = await session.put(DAG_CBOR_CODE, encodeCbor([level, keys.map((key) => [0, utf8(key), [0, 4, content]])]))
    const root = await session.put(DAG_CBOR_CODE, encodeCbor({ type: 'manifest', version: 1, chunker: 'fastcdc2020-64K-256K-1M', entries: keys.length, files: keys.length, bytes: keys.length * 4, tree }))
    await session.commit({ action: 'test' })
    return cidText(root)
  })
}

/** Nothing may appear anywhere but in the repository. */
function expectNothingWritten(): void {
  expect(readdirSync(work).sort()).toEqual(['place', 'repository'])
  expect(readdirSync(join(work, 'place'))).toEqual([])
}

describe('a checkout of hostile data', () => {
  beforeEach(() => mkdirSync(join(work, 'place')))

  it.each([
    ['a parent', ['..\0escaped']], ['a parent further down', ['a\0..\0..\0escaped']], ['the folder itself', ['.']], ['an empty name', ['a\0\0b']], ['a leading separator', ['\0etc']],
    ['a trailing separator', ['a\0']], ['a slash in a name', ['a/b']], ['a file that is a folder too', ['a', 'a\0b']], ['keys out of order', ['b', 'a']], ['one key twice', ['a', 'a']],
    ['a name that is too long', ['x'.repeat(256)]], ['too many levels', [Array.from({ length: 513 }, () => 'd').join('\0')]], ['an empty key', ['']],
  ])('refuses %s, and writes nothing', async (_what, keys) => {
    const root = await forge(keys)
    await expect(repository.checkout(root, target())).rejects.toMatchObject({ code: expect.stringMatching(/^(MALFORMED_DATA|UNSAFE_PATH)$/) as string })
    expectNothingWritten()
  })

  it('refuses content of another size than declared', async () => {
    const root = await repository.blocks.withSession(async (session) => {
      const content = await session.put(RAW_CODE, utf8('evil'))
      const tree = await session.put(DAG_CBOR_CODE, encodeCbor([0, [[0, utf8('a'), [0, 400, content]]]]))
      const header = await session.put(DAG_CBOR_CODE, encodeCbor({ type: 'manifest', version: 1, chunker: 'fastcdc2020-64K-256K-1M', entries: 1, files: 1, bytes: 400, tree }))
      await session.commit({ action: 'test' })
      return cidText(header)
    })
    await expect(repository.checkout(root, target())).rejects.toBeInstanceOf(Error)
    await expect(repository.read(root, 'a')).rejects.toBeInstanceOf(Error)
    expect((await repository.verify(root)).ok).toBe(false)
    expectNothingWritten()
  })

  it.each<[string, InputEntry[], object]>([
    ['a repository’s configuration', [{ path: '.git/config', content: '[core] fsmonitor = evil' }], { allowRepositoryNames: true }],
    ['a look-alike of it', [{ path: 'a/.GIT/hooks/post-checkout', content: 'evil', executable: true }], { allowRepositoryNames: true }],
    ['a link out of the folder', [{ path: 'out', symlink: '../../secret' }], { allowExternalLinks: true }],
    ['an absolute link', [{ path: 'passwd', symlink: '/etc/passwd' }], { allowExternalLinks: true }],
  ])('refuses %s unless asked for, before it writes anything', async (_what, entries, permission) => {
    await repository.snapshot([{ path: '0-harmless', content: 'first' }, ...entries], { ref: 'data' })
    await expect(repository.checkout('data', target())).rejects.toMatchObject({ code: 'UNSAFE_PATH' })
    expectNothingWritten()
    await repository.checkout('data', target(), permission)
    expect(readFileSync(join(target(), '0-harmless'), 'utf8')).toBe('first')
  })

  it('cannot write through a link: a path below one is no manifest, and links come last', async () => {
    await expect(repository.snapshot([{ path: 'link', symlink: '/tmp' }, { path: 'link/file', content: 'x' }], { ref: 'data' })).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  })

  it('does not follow a link that stands where the target should be', async () => {
    await repository.snapshot([{ path: 'a', content: 'new' }], { ref: 'data' })
    const victim = join(work, 'place', 'victim')
    mkdirSync(victim)
    writeFileSync(join(victim, 'a'), 'old')
    const { symlinkSync } = await import('node:fs')
    symlinkSync(victim, target())
    await repository.checkout('data', target()).catch((error: unknown) => expect(error).toMatchObject({ code: 'WOULD_OVERWRITE' }))
    expect(readFileSync(join(victim, 'a'), 'utf8')).toBe('old')
  })

  it('keeps no permission bits but the executable one', async () => {
    await repository.snapshot([{ path: 'run', content: '#!', executable: true }, { path: 'data', content: 'd' }], { ref: 'data' })
    await repository.checkout('data', target())
    expect(lstatSync(join(target(), 'run')).mode & 0o7000).toBe(0)
    expect(lstatSync(join(target(), 'run')).mode & 0o111).not.toBe(0)
    expect(lstatSync(join(target(), 'data')).mode & 0o111).toBe(0)
  })
})

describe('a checkout over a folder', () => {
  const entries: InputEntry[] = [{ path: 'a', content: 'one' }, { path: 'd/b', content: 'two' }]
  beforeEach(async () => {
    mkdirSync(join(work, 'place'))
    await repository.snapshot(entries, { ref: 'data' })
    await repository.checkout('data', target())
    await repository.snapshot([{ path: 'a', content: 'changed' }], { ref: 'data' })
  })

  it('replaces what a snapshot holds', async () => {
    await repository.checkout('data', target())
    expect(readdirSync(target())).toEqual(['a'])
    expect(await repository.checkout('data', target())).toMatchObject({ unchanged: true })
  })

  it('refuses to lose a change, an added or an ignored file, and names it', async () => {
    for (const [path, content] of [['a', 'mine'], ['new', 'mine'], ['.env', 'SECRET=1'], ['d/.varveignore', '*']] as const) {
      await repository.checkout('data~1', target(), { force: true })
      writeFileSync(join(target(), path), content)
      await expect(repository.checkout('data', target())).rejects.toMatchObject({ code: 'WOULD_OVERWRITE', message: expect.stringContaining(path) as string })
      expect(readFileSync(join(target(), path), 'utf8')).toBe(content)
    }
  })

  it('brings deleted files back, since nothing is lost by that', async () => {
    await repository.checkout('data~1', target())
    rmSync(join(target(), 'd', 'b'))
    await repository.checkout('data~1', target())
    expect(readFileSync(join(target(), 'd', 'b'), 'utf8')).toBe('two')
    rmSync(join(target(), 'a'))
    await repository.checkout('data', target())
    expect(readdirSync(target())).toEqual(['a'])
  })

  it('names what would be lost beside the closest snapshot, and nothing else', async () => {
    await repository.checkout('data~1', target())
    writeFileSync(join(target(), 'new'), 'mine')
    await expect(repository.checkout('data', target())).rejects.toMatchObject({ data: { paths: ['new'], count: 1 } })
  })

  it('of a part is refused, because it would replace the whole', async () => {
    await repository.checkout('data~1', target())
    await expect(repository.checkout('data~1', target(), { paths: ['a'] })).rejects.toMatchObject({ code: 'WOULD_OVERWRITE' })
    expect(readdirSync(target())).toEqual(['a', 'd'])
    await repository.checkout('data~1', join(work, 'place', 'part'), { paths: ['a'] })
    expect(readdirSync(join(work, 'place', 'part'))).toEqual(['a'])
  })

  it('takes a path that exists for itself, whatever characters it has', async () => {
    await repository.snapshot([{ path: 'run[1]', content: '1' }, { path: 'run1', content: '2' }, { path: 'run2', content: '3' }], { ref: 'odd' })
    const checkedOut = async (revision: string, paths?: string[]): Promise<string[]> => {
      const folder = join(work, 'place', `odd-${Math.random()}`)
      await repository.checkout(revision, folder, paths === undefined ? {} : { paths })
      return readdirSync(folder)
    }
    expect(await checkedOut('odd:run[1]')).toEqual(['run[1]'])
    expect(await checkedOut('odd', ['run[1]'])).toEqual(['run[1]'])
    expect((await checkedOut('odd', ['run[12]'])).sort()).toEqual(['run1', 'run2'])
  })

  it('replaces everything with force, but never a repository', async () => {
    writeFileSync(join(target(), 'a'), 'mine')
    mkdirSync(join(target(), '.git'))
    await expect(repository.checkout('data', target(), { force: true })).rejects.toMatchObject({ code: 'WOULD_OVERWRITE' })
    rmSync(join(target(), '.git'), { recursive: true })
    await repository.checkout('data', target(), { force: true })
    expect(readFileSync(join(target(), 'a'), 'utf8')).toBe('changed')
    await expect(repository.checkout('data', work, { force: true })).rejects.toMatchObject({ code: 'WOULD_OVERWRITE' })
    expect(existsSync(join(work, 'repository', 'config.json'))).toBe(true)
  })

  it('leaves the folder as it was if it fails in the middle', async () => {
    const { cid } = (await repository.entries('data').next()).value as { cid: string }
    const { parseCid } = await import('../../src/cid/cid.ts')
    const [place] = await repository.blocks.indexes.find(parseCid(cid).multihash.digest)
    const { packKey } = await import('../../src/repository/pack-format.ts')
    rmSync(join(work, 'repository', packKey(place?.pack.id ?? new Uint8Array(0))))
    await expect(repository.checkout('data', target())).rejects.toMatchObject({ code: 'CORRUPT_BLOCK', data: { paths: ['a'] } })
    expect(readdirSync(target())).toEqual(['a', 'd'])
    expect(readdirSync(join(work, 'place'))).toEqual(['target'])
  })
})
