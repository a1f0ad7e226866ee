import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openRepository } from '../../src/index.ts'

/** A large tree that is on every Unix system: tens of thousands of files, links, odd names. */
const TREE = '/usr/share'
const usable = existsSync(TREE) && spawnSync('diff', ['--version']).status === 0

describe('a large system tree', () => {
  it.skipIf(!usable)('comes back from a checkout without a difference, modes kept', async () => {
    const work = mkdtempSync(join(tmpdir(), 'varve-system-'))
    try {
      const repository = await openRepository(join(work, 'repository'), { create: true })
      const taken = await repository.snapshot(TREE, { ref: 'share', defaultIgnores: false, ignoreFiles: false, skipUnreadable: true })
      const copy = join(work, 'copy')
      const written = await repository.checkout('share', copy, { allowExternalLinks: true, allowRepositoryNames: true })
      expect(written).toMatchObject({ root: taken.root, files: taken.files, bytes: taken.bytes })
      expect(taken.files).toBeGreaterThan(1000)
      const unreadable = taken.skipped.map(({ path }) => `--exclude=${path.split('/').at(-1) ?? path}`)
      execFileSync('diff', ['-r', '--no-dereference', ...unreadable, TREE, copy], { maxBuffer: 1 << 26 })
      expect(executables(copy).equals(executables(TREE))).toBe(true)
      expect((await repository.hash(copy, { defaultIgnores: false, ignoreFiles: false })).root).toBe(taken.root)
      const again = await repository.snapshot(TREE, { ref: 'share', defaultIgnores: false, ignoreFiles: false, skipUnreadable: true })
      expect(again).toMatchObject({ created: false, newBytes: 0 })
      await repository.close()
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }, 300_000)
})

/** Names of executable files, as bytes. */
function executables(folder: string): Buffer {
  const names = execFileSync('find', ['.', '-type', 'f', '-perm', '-u+x', '-print0'], { cwd: folder, maxBuffer: 1 << 26 })
  return execFileSync('sort', ['-z'], { input: names, env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 1 << 26 })
}
