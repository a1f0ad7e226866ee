import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { importLfs } from '../../../src/index.ts'
import { newFolder, runCli, runJson } from '../../cli/run-cli.ts'
import { create, gather } from '../../dataset/in-memory.ts'
import { noise } from '../../remote/two-colleagues.ts'

let folder = ''
let repository: Repository

function git(...words: string[]): string {
  return execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'commit.gpgsign=false', ...words], {
    cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
  }).trim()
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

/** Writes the pointer that git has for a large file, and, unless it is `absent`, keeps the file as git LFS does. */
function large(path: string, content: Uint8Array, absent = false): string {
  const sha256 = createHash('sha256').update(content).digest('hex')
  write(path, `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${content.length}\n`)
  const kept = `.git/lfs/objects/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`
  if (!absent) write(kept, content)
  return kept
}

function commit(): string {
  git('add', '-A')
  git('commit', '-q', '-m', 'more')
  return git('rev-parse', 'HEAD')
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'varve-lfs-'))
  git('init', '-q', '-b', 'main')
  repository = await create()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const take = (options: { path?: string; revision?: string } = {}) => importLfs(repository, folder, { ref: 'data', variables: process.env, ...options })

test('a folder becomes one snapshot, with large files in the place of their pointers', async () => {
  const bytes = noise(300_000, 1)
  large('data/large.bin', bytes)
  write('data/small.txt', 'small')
  write('data/deep/run.sh', '#!/bin/sh\n')
  chmodSync(join(folder, 'data/deep/run.sh'), 0o755)
  symlinkSync('small.txt', join(folder, 'data/link'))
  write('code.py', 'print()')
  const first = commit()
  expect(await take({ path: 'data' })).toMatchObject({ created: true, files: 3 })
  expect((await gather(repository.entries('data'))).map(({ path, kind }) => [path, kind])).toEqual([['deep/run.sh', 'executable'], ['large.bin', 'file'], ['link', 'symlink'], ['small.txt', 'file']])
  expect(Buffer.from(await repository.read('data', 'large.bin')).equals(Buffer.from(bytes))).toBe(true)
  expect((await gather(repository.log('data')))[0]).toMatchObject({ meta: { git: { commit: first, path: 'data' } } })
  expect(await take({ path: 'data' })).toMatchObject({ created: false })
  // One file keeps its name; another commit is had by its name, whatever is checked out.
  large('data/large.bin', noise(1000, 2))
  commit()
  await take({ path: 'data/large.bin' })
  expect((await gather(repository.entries('data'))).map(({ path, size }) => [path, size])).toEqual([['large.bin', 1000]])
  await take({ path: './data/', revision: first })
  expect(Buffer.from(await repository.read('data', 'large.bin')).equals(Buffer.from(bytes))).toBe(true)
})

test('files that were not fetched are named, all of them, and nothing is stored', async () => {
  large('a.bin', noise(2000, 1), true)
  large('b.bin', noise(2000, 2))
  large('deep/c.bin', noise(2000, 3), true)
  commit()
  await expect(take()).rejects.toMatchObject({ code: 'NOT_FOUND', data: { paths: ['a.bin', 'deep/c.bin'] }, hint: expect.stringContaining('git lfs fetch') })
  expect(await repository.blocks.getRef('data')).toBe(undefined)
})

test('a file that is not what its pointer says is refused', async () => {
  const kept = large('a.bin', noise(2000, 1))
  commit()
  write(kept, noise(2000, 9))
  await expect(take()).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
  expect(await repository.blocks.getRef('data')).toBe(undefined)
})

test('what is not there is said', async () => {
  write('a', 'a')
  commit()
  await expect(take({ path: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('no "none"') })
  for (const revision of ['none', '--output=x']) await expect(take({ revision })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(importLfs(repository, join(folder, 'nowhere'), { ref: 'data', variables: process.env })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('by the command line', async () => {
  large('data/large.bin', noise(3000, 1))
  commit()
  const cwd = newFolder()
  expect(await runJson(['import', 'lfs', folder, '--path', 'data', '--ref', 'large', '-m', 'from LFS'], { cwd })).toMatchObject({ ref: 'large', files: 1, bytes: 3000 })
  expect((await runCli(['log', 'large'], { cwd })).stdout).toContain('from LFS')
})
