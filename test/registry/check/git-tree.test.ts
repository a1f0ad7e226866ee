import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openRepository } from '../../../src/node/open-repository.ts'
import { gitTreeOf } from '../../../src/registry/check/git-tree.ts'

/** A working tree with all that trees of git can hold, and names that sort otherwise in git than by their bytes. */
function workingTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'varve-git-tree-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const path of ['a', 'a/b', 'a-b', 'lib', 'lib/deep', 'sub', 'sub/inner'].slice(1)) if (!/-/.test(path)) mkdirSync(join(folder, path), { recursive: true })
  const files = { 'a/b/c.txt': 'c', 'a-b': 'sorts before a/', 'a.txt': 'sorts before a/ too', 'a0': 'after', 'lib/deep/é.mjs': 'unicode', 'empty': '', 'large.bin': 'x'.repeat(1_500_000), 'sub/inner/x': 'of the submodule' }
  for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content)
  writeFileSync(join(folder, 'run.sh'), '#!/bin/sh\n')
  chmodSync(join(folder, 'run.sh'), 0o755)
  symlinkSync('a/b', join(folder, 'link'))
  return folder
}

describe('the tree that git makes of stored files', () => {
  it.each([['sha1', 40], ['sha256', 64]] as const)('is that of git itself, in a repository of %s, with a submodule', async (format, idLength) => {
    const folder = workingTree()
    const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', HOME: folder } }).trim()
    const commit = 'c0ffee'.repeat(11).slice(0, idLength)
    git('init', '-q', `--object-format=${format}`)
    git('add', '-A', '--', ':!sub')
    git('update-index', '--add', '--cacheinfo', `160000,${commit},sub`)
    const tree = git('write-tree', '--missing-ok')
    const repository = await openRepository(join(folder, '.git', 'varve'), { create: true })
    const { root } = await repository.snapshot(folder, { ref: 'code' })
    const { cid } = { cid: (await repository.resolve(root)).root }
    const submodules = [{ path: 'sub', commit, isDirty: false }, { path: 'sub/inner', commit, isDirty: false }]
    expect(await gitTreeOf(repository.blocks, cid, idLength, submodules)).toBe(tree)
    expect(await gitTreeOf(repository.blocks, cid, idLength, [])).not.toBe(tree)
    await repository.close()
  })
})
