import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { captureOf, commit, fingerprint, git, MadeRepositories, write } from './made-repositories.ts'

const made = new MadeRepositories()
afterAll(() => made.remove())

/** A repository with one in `vendor/lib`, which has one in `deep`. */
function nested(): { readonly folder: string; readonly inner: string; readonly innermost: string } {
  const innermost = made.make({ 'deep.mjs': 'deep\n' })
  const inner = made.make({ 'lib.mjs': 'lib\n' })
  git(inner, 'submodule', '--quiet', 'add', innermost, 'deep')
  commit(inner)
  const folder = made.make({ 'train.mjs': 'train\n' })
  git(folder, 'submodule', '--quiet', 'add', inner, 'vendor/lib')
  git(folder, 'submodule', '--quiet', 'update', '--init', '--recursive')
  commit(folder)
  return { folder, inner, innermost }
}

describe('submodules', () => {
  it('are stored with their own uncommitted work, at any depth', async () => {
    const { folder } = nested()
    write(folder, { 'vendor/lib/lib.mjs': 'lib, edited\n', 'vendor/lib/new.mjs': 'new\n', 'vendor/lib/deep/deep.mjs': 'deep, committed\n' })
    commit(join(folder, 'vendor/lib/deep'))
    const before = fingerprint(folder)
    const { capture, stored } = await captureOf(folder)
    expect(fingerprint(folder)).toEqual(before)
    expect(stored).toMatchObject({ 'train.mjs': 'train\n', 'vendor/lib/lib.mjs': 'lib, edited\n', 'vendor/lib/new.mjs': 'new\n', 'vendor/lib/deep/deep.mjs': 'deep, committed\n' })
    expect(Object.keys(stored)).toEqual(['.gitmodules', 'train.mjs', 'vendor/lib/.gitmodules', 'vendor/lib/deep/deep.mjs', 'vendor/lib/lib.mjs', 'vendor/lib/new.mjs'])
    expect(capture.git?.submodules).toEqual([
      { path: 'vendor/lib', commit: git(join(folder, 'vendor/lib'), 'rev-parse', 'HEAD'), isDirty: true },
      { path: 'vendor/lib/deep', commit: git(join(folder, 'vendor/lib/deep'), 'rev-parse', 'HEAD'), isDirty: true },
    ])
    expect(capture.git?.dirty).toEqual([{ path: 'vendor/lib', status: '.M' }])
    expect(capture.missing.filter((sentence) => /vendor|tree/.test(sentence))).toEqual([])
  })

  it('are clean if nothing was changed', async () => {
    const { folder } = nested()
    const { capture } = await captureOf(folder)
    expect(capture.git?.dirty).toEqual([])
    expect(capture.git?.submodules.map(({ path, isDirty }) => ({ path, isDirty }))).toEqual([{ path: 'vendor/lib', isDirty: false }, { path: 'vendor/lib/deep', isDirty: false }])
  })

  it('that are not checked out are empty folders, and are named', async () => {
    const { folder } = nested()
    const clone = join(made.folder(), 'clone')
    git(made.base, 'clone', '-q', folder, clone)
    const { capture, stored } = await captureOf(clone)
    expect(stored['vendor/lib']).toBe('/')
    expect(capture.missing).toContain('The submodule vendor/lib is not stored: it is not checked out')
    expect(capture.git?.submodules).toEqual([{ path: 'vendor/lib', commit: git(folder, 'rev-parse', 'HEAD:vendor/lib'), isDirty: false }])
  })

  it('that nobody declared are stored too, with and without a commit', async () => {
    const folder = made.make()
    for (const name of ['one', 'none']) {
      fs.mkdirSync(join(folder, name))
      git(join(folder, name), 'init', '-q', '-b', 'main')
      write(join(folder, name), { 'x.mjs': name })
    }
    commit(join(folder, 'one'))
    const before = fingerprint(folder)
    const { capture, stored } = await captureOf(folder)
    expect(fingerprint(folder)).toEqual(before)
    expect(stored).toEqual({ 'train.mjs': 'export {}\n', 'one/x.mjs': 'one', 'none/x.mjs': 'none' })
    expect(capture.git?.submodules).toEqual([{ path: 'none', commit: '', isDirty: true }, { path: 'one', commit: git(join(folder, 'one'), 'rev-parse', 'HEAD'), isDirty: true }])
  })
})
