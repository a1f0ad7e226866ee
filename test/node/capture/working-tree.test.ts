import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { captureRun } from '../../../src/node/capture/capture-run.ts'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { BlockRepository } from '../../../src/repository/repository.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { captureOf, commit, fingerprint, git, MadeRepositories, VARIABLES, write } from './made-repositories.ts'

const made = new MadeRepositories()
afterAll(() => made.remove())

/** What git itself makes of the working tree, in a copy. */
function treeOf(folder: string): string {
  const copy = join(made.folder(), 'copy')
  // Node's own copy cannot take names that are not UTF-8.
  execFileSync('cp', ['-a', folder, copy])
  git(copy, 'add', '-A')
  return git(copy, 'write-tree')
}

/** A working tree with something of everything in it. */
function mixedRepository(): string {
  const folder = made.make({ 'same.mjs': 'same\n', 'staged.mjs': 'a\n', 'edited.mjs': 'b\n', 'both.mjs': 'c\n', 'gone.mjs': 'd\n', 'old-name.mjs': 'a text that is long enough to be found again\n', 'run.sh': '#!/bin/sh\n', '.gitignore': 'ignored/\n*.log\n' })
  write(folder, { 'staged.mjs': 'a, staged\n', 'both.mjs': 'c, staged\n', 'ignored/big.bin': 'no code', 'out.log': 'no code' })
  git(folder, 'add', 'staged.mjs', 'both.mjs')
  git(folder, 'mv', 'old-name.mjs', 'new-name.mjs')
  write(folder, { 'edited.mjs': 'b, edited\n', 'both.mjs': 'c, edited too\n', 'lib/new.mjs': 'untracked\n', 'weights.bin': Uint8Array.from({ length: 300_000 }, (_, index) => (index * index) % 251), 'empty': '' })
  fs.rmSync(join(folder, 'gone.mjs'))
  fs.chmodSync(join(folder, 'run.sh'), 0o755)
  fs.symlinkSync('lib/new.mjs', join(folder, 'link'))
  return folder
}

describe('the working tree', () => {
  it('is stored with all uncommitted work, and .git stays as it is', async () => {
    const folder = mixedRepository()
    const before = fingerprint(folder)
    const { capture, code, stored } = await captureOf(folder)
    expect(fingerprint(folder)).toEqual(before)
    expect(Object.keys(stored)).toEqual(['.gitignore', 'both.mjs', 'edited.mjs', 'empty', 'lib/new.mjs', 'link', 'new-name.mjs', 'run.sh', 'same.mjs', 'staged.mjs', 'weights.bin'])
    expect(stored).toMatchObject({ 'both.mjs': 'c, edited too\n', 'edited.mjs': 'b, edited\n', 'staged.mjs': 'a, staged\n', 'lib/new.mjs': 'untracked\n', link: '-> lib/new.mjs', 'run.sh': '*#!/bin/sh\n', empty: '' })
    expect(stored['weights.bin']).toBe(fs.readFileSync(join(folder, 'weights.bin')).toString('latin1'))
    expect(code).toMatchObject({ files: 10, folder: '' })
    expect(capture.git?.tree).toBe(treeOf(folder))
    expect(capture.git?.commit).toBe(git(folder, 'rev-parse', 'HEAD'))
    expect(capture.git).toMatchObject({ branch: 'main', remotes: {}, isPushed: false, submodules: [] })
    expect([...(capture.git?.dirty ?? [])].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: 'both.mjs', status: 'MM' }, { path: 'edited.mjs', status: '.M' }, { path: 'empty', status: '??' }, { path: 'gone.mjs', status: '.D' }, { path: 'lib/new.mjs', status: '??' }, { path: 'link', status: '??' },
      { path: 'new-name.mjs', status: 'R.' }, { path: 'old-name.mjs', status: 'D.' }, { path: 'run.sh', status: '.M' }, { path: 'staged.mjs', status: 'M.' }, { path: 'weights.bin', status: '??' },
    ])
    expect(capture.missing.filter((sentence) => !/packages|container/.test(sentence))).toEqual([])
  })

  it('leaves nothing in the folder for temporary files', async () => {
    const scratchFolder = made.folder()
    await captureOf(mixedRepository(), { scratchFolder })
    expect(fs.readdirSync(scratchFolder)).toEqual([])
  })

  it('is clean after a commit, and its tree is that of the commit', async () => {
    const folder = made.make()
    const { capture, stored } = await captureOf(folder)
    expect(capture.git).toMatchObject({ dirty: [], tree: git(folder, 'rev-parse', 'HEAD^{tree}') })
    expect(stored).toEqual({ 'train.mjs': 'export {}\n' })
  })

  it.runIf(process.platform === 'linux')('keeps names of any bytes', async () => {
    const folder = made.make()
    const names = ['a b', ' lead', 'tab\there', 'line\nbreak', 'quo"te', "apo'strophe", 'back\\slash', 'ünïcode', '*star', '[x]', '#hash', '!bang', '-dash', 'trail ']
    write(folder, Object.fromEntries(names.map((name) => [name, name])))
    fs.writeFileSync(Buffer.from(`${folder}/bytes\xff\xfe`, 'latin1'), 'x')
    const { capture, stored } = await captureOf(folder)
    expect(Object.keys(stored).sort()).toEqual([...names, 'bytes\udcff\udcfe', 'train.mjs'].sort())
    for (const name of names) expect(stored[name], name).toBe(Buffer.from(name).toString('latin1'))
    expect(capture.git?.tree).toBe(treeOf(folder))
    expect(capture.git?.dirty.map(({ path }) => path).sort()).toEqual([...names, 'bytes\udcff\udcfe'].sort())
  })

  it('is the whole one if the run starts in a folder of it', async () => {
    const folder = made.make({ 'package.json': '{}', 'jobs/deep/train.mjs': 'x' })
    const { code, stored } = await captureOf(join(folder, 'jobs/deep'))
    expect(code?.folder).toBe('jobs/deep')
    expect(Object.keys(stored)).toEqual(['jobs/deep/train.mjs', 'package.json'])
  })

  it('is stored before the first commit', async () => {
    const folder = made.make({})
    write(folder, { 'train.mjs': 'x' })
    const before = fingerprint(folder)
    const { capture, stored } = await captureOf(folder)
    expect(fingerprint(folder)).toEqual(before)
    expect(capture.git).toMatchObject({ commit: null, branch: 'main', isPushed: false, dirty: [{ path: 'train.mjs', status: '??' }], tree: treeOf(folder) })
    expect(stored).toEqual({ 'train.mjs': 'x' })
  })

  it('is stored in an empty repository too', async () => {
    const { capture, code } = await captureOf(made.make({}))
    expect(capture.git).toMatchObject({ commit: null, dirty: [] })
    expect(code).toMatchObject({ files: 0, bytes: 0 })
  })

  it('is stored in the middle of a conflict', async () => {
    const folder = made.make({ 'train.mjs': 'a\n' })
    git(folder, 'checkout', '-q', '-b', 'other')
    write(folder, { 'train.mjs': 'b\n' })
    commit(folder)
    git(folder, 'checkout', '-q', 'main')
    write(folder, { 'train.mjs': 'c\n' })
    commit(folder)
    expect(() => git(folder, 'merge', 'other')).toThrow()
    const before = fingerprint(folder)
    const { capture, stored } = await captureOf(folder)
    expect(fingerprint(folder)).toEqual(before)
    expect(capture.git?.dirty).toEqual([{ path: 'train.mjs', status: 'UU' }])
    expect(stored['train.mjs']).toContain('<<<<<<<')
    expect(capture.git?.tree).toBe(treeOf(folder))
  })

  it('is that of a linked worktree, with a detached HEAD', async () => {
    const folder = made.make()
    const linked = join(made.folder(), 'linked')
    git(folder, 'worktree', 'add', '-q', '--detach', linked)
    write(linked, { 'train.mjs': 'here\n' })
    const before = [fingerprint(folder), fingerprint(linked)]
    const { capture, stored } = await captureOf(linked)
    expect([fingerprint(folder), fingerprint(linked)]).toEqual(before)
    expect(capture.git).toMatchObject({ branch: null, commit: git(folder, 'rev-parse', 'HEAD'), dirty: [{ path: 'train.mjs', status: '.M' }] })
    expect(stored).toEqual({ 'train.mjs': 'here\n' })
  })

  it('is read anew where the index cannot tell, though size and times are the same', async () => {
    const folder = made.make({ 'train.mjs': 'lr = 0.1\n' })
    for (const [name, value] of [['core.trustctime', 'false'], ['core.checkStat', 'minimal']] as const) git(folder, 'config', name, value)
    const past = new Date('2026-01-02T03:04:05.000Z')
    const [file, index] = [join(folder, 'train.mjs'), join(folder, '.git/index')]
    fs.utimesSync(file, past, past)
    git(folder, 'update-index', '--refresh')
    // A file that is as old as the index may have been written to after it.
    fs.utimesSync(index, past, past)
    write(folder, { 'train.mjs': 'lr = 0.2\n', 'new.mjs': '' })
    fs.utimesSync(file, past, past)
    const { capture, stored } = await captureOf(folder)
    expect(stored['train.mjs']).toBe('lr = 0.2\n')
    expect(capture.git?.dirty).toContainEqual({ path: 'train.mjs', status: '.M' })
    expect(capture.missing.filter((sentence) => sentence.includes('train.mjs'))).toEqual([])
  })

  it('is kept as it is where git converts line ends', async () => {
    const folder = made.make({ '.gitattributes': '*.txt text eol=crlf\n', 'a.txt': 'one\ntwo\n' })
    write(folder, { 'a.txt': 'one\r\ntwo\r\nthree\r\n' })
    const { capture, stored } = await captureOf(folder)
    expect(stored['a.txt']).toBe('one\r\ntwo\r\nthree\r\n')
    expect(capture.git?.tree).toBe(treeOf(folder))
    expect(capture.missing.filter((sentence) => sentence.includes('a.txt'))).toEqual([])
  })

  it('is stored with an index that is split, and with files that git was told to take as unchanged', async () => {
    const folder = made.make({ 'a.mjs': 'a', 'b.mjs': 'b' })
    git(folder, 'config', 'core.splitIndex', 'true')
    git(folder, 'config', 'splitIndex.maxPercentChange', '0')
    git(folder, 'update-index', '--split-index')
    git(folder, 'update-index', '--assume-unchanged', 'b.mjs')
    write(folder, { 'a.mjs': 'A!', 'b.mjs': 'B!' })
    const before = fingerprint(folder)
    const { capture, stored } = await captureOf(folder)
    expect(fingerprint(folder)).toEqual(before)
    expect(stored).toEqual({ 'a.mjs': 'A!', 'b.mjs': 'B!' })
    // Git does not know, and what is stored is right.
    expect(capture.missing.filter((sentence) => sentence.includes('b.mjs'))).toEqual(['Stored as it is in the folder, which is not what git has of it (a filter, or a change meanwhile): b.mjs'])
  })

  it('says what a sparse checkout leaves out', async () => {
    const folder = made.make({ 'a/train.mjs': 'a', 'b/data.mjs': 'b' })
    git(folder, 'sparse-checkout', 'set', 'a')
    const before = fingerprint(folder)
    const { capture, stored } = await captureOf(folder)
    expect(fingerprint(folder)).toEqual(before)
    expect(stored).toEqual({ 'a/train.mjs': 'a' })
    expect(capture.git).toMatchObject({ dirty: [], tree: git(folder, 'rev-parse', 'HEAD^{tree}') })
    expect(capture.missing).toContain('Not in the working tree, and so not stored (a sparse checkout): b/data.mjs')
  })

  it('is not that of a repository which ignores the folder, unless the command line names a file of it', async () => {
    const folder = made.make({ '.gitignore': 'projects/\n', 'train.mjs': 'settings' })
    write(folder, { 'projects/mine/train.mjs': 'mine' })
    const ignored = await captureOf(join(folder, 'projects/mine'), { argv: ['node', 'train.mjs'] })
    expect(ignored.stored).toEqual({ 'train.mjs': 'mine' })
    expect(ignored.capture.git).toBeNull()
    expect(ignored.capture.missing[0]).toBe(`The state of git is not known: the repository in ${folder} ignores projects/mine`)
    const named = await captureOf(join(folder, 'projects/mine'), { argv: ['node', '../../train.mjs'] })
    expect(named.code?.folder).toBe('projects/mine')
    expect(Object.keys(named.stored)).toEqual(['.gitignore', 'train.mjs'])
  })

  it('has no file that is read through a link which took the place of a folder', async () => {
    const folder = made.make({ 'lib/a.mjs': 'a', 'train.mjs': 't' })
    const elsewhere = made.folder()
    write(elsewhere, { 'a.mjs': 'from elsewhere' })
    fs.rmSync(join(folder, 'lib'), { recursive: true })
    fs.symlinkSync(elsewhere, join(folder, 'lib'))
    const { stored, capture } = await captureOf(folder)
    expect(stored).toEqual({ lib: `-> ${elsewhere}`, 'train.mjs': 't' })
    expect(capture.git?.tree).toBe(treeOf(folder))
    // It counts as deleted.
    expect(capture.missing.filter((sentence) => sentence.includes('lib'))).toEqual([])
  })

  it('is stored from a repository whose ids are SHA-256', async () => {
    const folder = made.folder()
    git(folder, 'init', '-q', '-b', 'main', '--object-format=sha256')
    write(folder, { 'train.mjs': 'a' })
    const unborn = await captureOf(folder)
    commit(folder)
    write(folder, { 'train.mjs': 'b', 'new.mjs': 'n' })
    const { capture, stored } = await captureOf(folder)
    expect(stored).toEqual({ 'new.mjs': 'n', 'train.mjs': 'b' })
    expect(capture.git?.tree).toBe(treeOf(folder))
    expect(capture.git?.tree).toHaveLength(64)
    expect([...capture.missing, ...unborn.capture.missing].filter((sentence) => sentence.includes('.mjs'))).toEqual([])
  })

  it('is not stored twice: what is there already is neither written nor read back', async () => {
    const folder = mixedRepository()
    const repository = await BlockRepository.create(new MemoryStorage(), { platform: nodePlatform })
    const capture = () => repository.withSession(async (session) => {
      const options = { session, chunker: repository.config.chunker, argv: [], variables: VARIABLES }
      const { code } = await captureRun(folder, options)
      const added = session.added.blocks
      await session.checkpoint()
      return { root: code?.root.toString(), added }
    })
    const first = await capture()
    expect(first.added).toBeGreaterThan(8)
    expect(await capture()).toEqual({ root: first.root, added: 0 })
    write(folder, { 'same.mjs': 'not the same\n' })
    const third = await capture()
    expect(third.root).not.toBe(first.root)
    // The file, one tree node and the manifest.
    expect(third.added).toBe(3)
  })

  it('is left alone when the capture is stopped, and so is the folder for temporary files', async () => {
    const folder = mixedRepository()
    const scratchFolder = made.folder()
    for (const delay of [0, 5, 15, 30, 60]) {
      const controller = new AbortController()
      setTimeout(() => controller.abort(new Error('stopped')), delay)
      const before = fingerprint(folder)
      const outcome = await captureOf(folder, { scratchFolder, signal: controller.signal }).then(() => 'done', (error: Error) => error.message)
      expect(['done', 'stopped']).toContain(outcome)
      expect(fingerprint(folder)).toEqual(before)
    }
    const aborted = captureOf(folder, { scratchFolder, signal: AbortSignal.abort(new Error('before')) })
    await expect(aborted).rejects.toThrow('before')
    await vi.waitFor(() => expect(fs.readdirSync(scratchFolder)).toEqual([]))
  })

  it('leaves out .varve, node_modules and what the user ignores everywhere, and none of them makes the tree dirty', async () => {
    const folder = made.make()
    const home = made.folder()
    write(home, { '.config/git/ignore': '*.swp\n' })
    write(folder, { '.varve/config.json': '{}', 'node_modules/a/index.js': 'x', 'sub/node_modules/b/index.js': 'y', 'x.swp': 'z', 'kept.mjs': 'k', 'store/config.json': 'own' })
    const { capture, stored } = await captureOf(folder, { variables: { ...VARIABLES, HOME: home, GIT_CONFIG_GLOBAL: undefined }, repositoryFolder: join(folder, 'store') })
    expect(stored).toEqual({ 'train.mjs': 'export {}\n', 'kept.mjs': 'k' })
    expect(capture.git?.dirty).toEqual([{ path: 'kept.mjs', status: '??' }])
  })

  it('leaves out untracked files that are too large, and says so; tracked ones that are too large are not stored at all', async () => {
    const folder = made.make({ 'train.mjs': 'x'.repeat(100) })
    write(folder, { 'data[1].bin': 'd'.repeat(5000), 'small.mjs': 's' })
    const { capture, stored } = await captureOf(folder, { maxBytes: 1000 })
    expect(Object.keys(stored)).toEqual(['small.mjs', 'train.mjs'])
    expect(capture.git?.tree).toBeNull()
    expect(capture.missing).toContain('Untracked files were left out, since all take more than 1000 bytes: data[1].bin')
    const small = await captureOf(folder, { maxBytes: 50 })
    expect(small.code).toBeNull()
    expect(small.capture.missing).toContain('The code was not stored: its tracked files take 100 bytes, and 50 are allowed')
    expect(small.capture.git?.dirty).toHaveLength(2)
  })

  it.runIf(process.getuid !== undefined && process.getuid() !== 0)('says which files could not be read', async () => {
    const folder = made.make({ 'a.mjs': 'a', 'b.mjs': 'b' })
    write(folder, { 'locked.mjs': 'x' })
    fs.chmodSync(join(folder, 'locked.mjs'), 0)
    const { capture, stored } = await captureOf(folder)
    expect(Object.keys(stored)).toEqual(['a.mjs', 'b.mjs'])
    expect(capture.missing.filter((sentence) => sentence.includes('locked.mjs')).length).toBeGreaterThan(0)
    expect(capture.git?.tree).toBeNull()
  })
})

describe('a branch', () => {
  it('is pushed if a remote branch that is known here has the commit', async () => {
    const folder = made.make()
    const remote = made.folder()
    git(remote, 'init', '-q', '--bare')
    git(folder, 'remote', 'add', 'origin', remote)
    expect((await captureOf(folder)).capture.git).toMatchObject({ isPushed: false, remotes: { origin: remote } })
    git(folder, 'push', '-q', 'origin', 'main')
    expect((await captureOf(folder)).capture.git?.isPushed).toBe(true)
    write(folder, { 'train.mjs': 'later\n' })
    commit(folder)
    expect((await captureOf(folder)).capture.git?.isPushed).toBe(false)
    git(folder, 'checkout', '-q', '--detach', 'HEAD~1')
    expect((await captureOf(folder)).capture.git).toMatchObject({ isPushed: true, branch: null })
  })
})
