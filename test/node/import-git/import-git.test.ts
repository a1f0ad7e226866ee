import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { importGit } from '../../../src/index.ts'
import { create, gather } from '../../dataset/in-memory.ts'
import { noise } from '../../remote/two-colleagues.ts'

let folder = ''

function git(...words: string[]): string {
  return execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'commit.gpgsign=false', ...words], {
    cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_AUTHOR_DATE: process.env['TEST_DATE'] ?? '2024-02-03T04:05:06+02:00', GIT_COMMITTER_DATE: '2024-02-04T00:00:00Z' },
  }).trim()
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

function commit(message: string): string {
  git('add', '-A')
  git('commit', '-q', '-m', message)
  return git('rev-parse', 'HEAD')
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-git-'))
  git('init', '-q', '-b', 'main')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const VARIABLES = { variables: process.env }

describe('a history in git', () => {
  it('becomes snapshots: one for each commit that touched the folder, with message, author and time', async () => {
    write('data/a.txt', 'one')
    write('data/sub/big.bin', noise(3_000_000, 1))
    write('code.py', 'print()')
    const first = commit('as downloaded\n\nfrom the archive')
    write('code.py', 'print(1)')
    commit('code alone')
    write('data/a.txt', 'two')
    write('data/run.sh', '#!/bin/sh\n')
    chmodSync(join(folder, 'data/run.sh'), 0o755)
    symlinkSync('a.txt', join(folder, 'data/link'))
    commit('corrected')
    git('rm', '-q', 'data/sub/big.bin')
    const last = commit('large file dropped')
    const repository = await create()
    const result = await importGit(repository, folder, { ref: 'data', path: 'data/', ...VARIABLES })
    expect(result).toMatchObject({ imported: 3, known: 0 })
    const log = await gather(repository.log('data'))
    expect(log.map(({ message, author, time, meta }) => [message, author, time, meta])).toEqual([
      ['large file dropped', 'Ada <ada@example.org>', '2024-02-03T02:05:06.000Z', { git: { commit: last, path: 'data' } }],
      ['corrected', 'Ada <ada@example.org>', '2024-02-03T02:05:06.000Z', { git: { commit: git('rev-parse', 'HEAD~1'), path: 'data' } }],
      ['as downloaded\n\nfrom the archive', 'Ada <ada@example.org>', '2024-02-03T02:05:06.000Z', { git: { commit: first, path: 'data' } }],
    ])
    expect((await gather(repository.entries('data'))).map(({ path, kind }) => [path, kind])).toEqual([['a.txt', 'file'], ['link', 'symlink'], ['run.sh', 'executable']])
    expect(Buffer.from(await repository.read('data~2', 'sub/big.bin')).equals(Buffer.from(noise(3_000_000, 1)))).toBe(true)
    expect(Buffer.from(await repository.read('data', 'a.txt')).toString()).toBe('two')
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('is gone on with from where it was, and never mixed with another', async () => {
    write('a.txt', 'one')
    commit('first')
    const repository = await create()
    await importGit(repository, folder, { ref: 'all', ...VARIABLES })
    write('b.txt', 'more')
    commit('second')
    expect(await importGit(repository, folder, { ref: 'all', ...VARIABLES })).toMatchObject({ imported: 1, known: 1 })
    expect(await importGit(repository, folder, { ref: 'all', ...VARIABLES })).toMatchObject({ imported: 0, known: 2 })
    expect((await gather(repository.entries('all'))).map(({ path }) => path)).toEqual(['a.txt', 'b.txt'])
    await repository.snapshot([{ path: 'x', content: 'mine' }], { ref: 'mine' })
    await expect(importGit(repository, folder, { ref: 'mine', ...VARIABLES })).rejects.toMatchObject({ code: 'REF_CONFLICT' })
    await expect(importGit(repository, folder, { ref: 'new', path: 'nothing', ...VARIABLES })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(importGit(repository, folder, { ref: 'new', revision: 'no-such', ...VARIABLES })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(importGit(repository, tmpdir(), { ref: 'new', ...VARIABLES })).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('no git repository') as string })
  })

  it('brings the files that git LFS keeps, if they were fetched, and checks them', async () => {
    const large = noise(200_000, 5)
    const sha256 = createHash('sha256').update(large).digest('hex')
    write('large.bin', `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${large.length}\n`)
    write('absent.bin', `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 5\n`)
    commit('large files')
    const kept = join(folder, '.git/lfs/objects', sha256.slice(0, 2), sha256.slice(2, 4))
    mkdirSync(kept, { recursive: true })
    writeFileSync(join(kept, sha256), large)
    const repository = await create()
    const warnings: string[] = []
    await importGit(repository, folder, { ref: 'data', ...VARIABLES, onProgress: (event) => event.type === 'warning' && warnings.push(`${event.path}: ${event.message}`) })
    expect(Buffer.from(await repository.read('data', 'large.bin')).equals(Buffer.from(large))).toBe(true)
    expect(Buffer.from(await repository.read('data', 'absent.bin')).toString()).toContain('git-lfs')
    expect(warnings).toEqual([expect.stringContaining('absent.bin: is kept by git LFS and was not fetched')])
    writeFileSync(join(kept, sha256), noise(200_000, 6))
    await expect(importGit(await create(), folder, { ref: 'data', ...VARIABLES })).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
  })

  it('of a merge is that of the main line', async () => {
    write('a.txt', 'one')
    commit('first')
    git('switch', '-q', '-c', 'side')
    write('b.txt', 'on the side')
    commit('side')
    git('switch', '-q', 'main')
    write('c.txt', 'on the main line')
    commit('main')
    git('merge', '-q', '--no-ff', '-m', 'both', 'side')
    const repository = await create()
    await importGit(repository, folder, { ref: 'data', ...VARIABLES })
    expect((await gather(repository.log('data'))).map(({ message }) => message)).toEqual(['both', 'main', 'first'])
    expect((await gather(repository.entries('data'))).map(({ path }) => path)).toEqual(['a.txt', 'b.txt', 'c.txt'])
  })
})
