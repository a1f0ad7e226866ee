import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { captureOf, commit, git, MadeRepositories, VARIABLES, write } from './made-repositories.ts'

const made = new MadeRepositories()
afterAll(() => made.remove())

function plainFolder(): string {
  const folder = made.folder()
  write(folder, { 'train.mjs': 'x', 'data/.varveignore': '*.bin\n', 'data/a.bin': 'no', 'data/a.txt': 'yes', 'node_modules/p/index.js': 'no', '.varve/config.json': 'no', 'lib/.env': 'no' })
  return folder
}

const STORED = ['data/.varveignore', 'data/a.txt', 'lib', 'train.mjs']

describe('code outside of git', () => {
  it('is the folder, by the rules of snapshots', async () => {
    const { capture, code, stored } = await captureOf(plainFolder())
    expect(Object.keys(stored)).toEqual(STORED)
    expect(capture.git).toBeNull()
    expect(code).toMatchObject({ files: 3, folder: '' })
    expect(capture.missing[0]).toBe('The state of git is not known: there is no git repository here')
    expect(capture.missing).toContain('Left out of the stored code by the default ignores: .varve, lib/.env, node_modules')
  })

  it('is refused if it is too large', async () => {
    const folder = plainFolder()
    write(folder, { 'data/large.txt': 'x'.repeat(2000) })
    const { capture, code } = await captureOf(folder, { maxBytes: 1000 })
    expect(code).toBeNull()
    expect(capture.missing).toContain(`The code was not stored: ${folder} holds more than 1000 bytes`)
  })

  it('is not the repository that it goes into', async () => {
    const folder = plainFolder()
    write(folder, { 'store/config.json': 'own' })
    expect(Object.keys((await captureOf(folder, { repositoryFolder: join(folder, 'store') })).stored)).toEqual(STORED)
  })

  it('is no folder at all, and then there is none', async () => {
    const { capture, code } = await captureOf(join(made.base, 'nowhere'))
    expect(code).toBeNull()
    expect(capture.git).toBeNull()
    expect(capture.missing[0]).toBe(`Neither the state of git nor the code was recorded: there is no folder ${join(made.base, 'nowhere')}`)
  })
})

describe('git that cannot be asked', () => {
  it('is not installed', async () => {
    const { capture, stored } = await captureOf(plainFolder(), { variables: { ...VARIABLES, PATH: made.folder() } })
    expect(Object.keys(stored)).toEqual(STORED)
    expect(capture.missing[0]).toBe('The state of git is not known: git is not installed, or not in PATH')
  })

  it('has a repository without a working tree', async () => {
    const folder = made.folder()
    git(folder, 'init', '-q', '--bare')
    for (const place of [folder, join(made.make(), '.git')]) {
      const { capture, code } = await captureOf(place)
      expect(code).toBeNull()
      expect(capture.git).toBeNull()
      expect(capture.missing[0]).toBe(`Neither the state of git nor the code was recorded: ${place} belongs to a repository of git, and to no working tree`)
    }
  })

  it.each([
    ['HEAD is gone', (folder: string) => fs.rmSync(join(folder, '.git/HEAD'))],
    ['the index is garbage', (folder: string) => fs.writeFileSync(join(folder, '.git/index'), 'garbage that is longer than a header of an index')],
    ['the configuration is garbage', (folder: string) => fs.writeFileSync(join(folder, '.git/config'), '[core\ngarbage')],
    ['it is a newer format', (folder: string) => fs.writeFileSync(join(folder, '.git/config'), '[core]\n\trepositoryformatversion = 99\n')],
    ['the objects are gone', (folder: string) => fs.rmSync(join(folder, '.git/objects'), { recursive: true })],
    ['it is a file that leads nowhere', (folder: string) => {
      fs.rmSync(join(folder, '.git'), { recursive: true })
      fs.writeFileSync(join(folder, '.git'), 'gitdir: /nonexistent/place\n')
    }],
  ])('has a broken repository: %s', async (_what, destroy) => {
    const folder = made.make({ 'train.mjs': 'x' })
    write(folder, { 'new.mjs': 'y' })
    destroy(folder)
    const { capture, stored } = await captureOf(folder)
    expect(stored).toEqual({ 'train.mjs': 'x', 'new.mjs': 'y' })
    expect(capture.git).toBeNull()
    expect(capture.missing[0]).toMatch(/^The state of git is not known: ./)
  })

  it('has lost objects of the commit, and the code is stored all the same', async () => {
    const folder = made.make({ 'train.mjs': 'x', 'other.mjs': 'o' })
    const blob = git(folder, 'rev-parse', 'HEAD:train.mjs')
    fs.rmSync(join(folder, '.git/objects', blob.slice(0, 2), blob.slice(2)))
    write(folder, { 'other.mjs': 'changed' })
    const { stored, capture } = await captureOf(folder)
    expect(stored).toEqual({ 'train.mjs': 'x', 'other.mjs': 'changed' })
    expect(capture.git?.dirty).toEqual([{ path: 'other.mjs', status: '.M' }])
  })

  it('has no room for its temporary files', async () => {
    const folder = made.make({ 'train.mjs': 'x' })
    const { capture, stored } = await captureOf(folder, { scratchFolder: join(folder, 'train.mjs', 'tmp') })
    expect(stored).toEqual({ 'train.mjs': 'x' })
    expect(capture.git).toBeNull()
    expect(capture.missing[0]).toMatch(/^The state of git is not known: temporary files: ENOTDIR/)
  })

  it('takes too long', async () => {
    const folder = made.make({ 'train.mjs': 'x' })
    const bin = made.folder()
    fs.writeFileSync(join(bin, 'git'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 })
    const started = performance.now()
    const { capture, stored } = await captureOf(folder, { gitTimeoutMs: 100, variables: { ...VARIABLES, PATH: `${bin}:${VARIABLES['PATH'] ?? ''}` } })
    expect(performance.now() - started).toBeLessThan(5000)
    expect(stored).toEqual({ 'train.mjs': 'x' })
    expect(capture.missing[0]).toBe('The state of git is not known: git took longer than 100 ms')
  })
})

describe('a repository that runs programs', () => {
  it('runs none of them: hooks, monitor, filters, pager, and variables of a hook do not count', async () => {
    const folder = made.make({ '.gitattributes': '*.dat filter=own\n', 'a.dat': 'one\n' })
    const marker = join(made.folder(), 'ran')
    const program = join(made.folder(), 'program')
    fs.writeFileSync(program, `#!/bin/sh\necho "$0 $@" >> ${marker}\ncat\n`, { mode: 0o755 })
    for (const setting of ['core.fsmonitor', 'core.pager', 'filter.own.clean', 'filter.own.smudge', 'filter.own.process', 'core.sshCommand', 'core.askPass', 'diff.external']) git(folder, 'config', setting, program)
    git(folder, 'config', 'filter.own.required', 'true')
    fs.mkdirSync(join(folder, '.git/hooks'), { recursive: true })
    for (const hook of ['post-index-change', 'pre-commit', 'reference-transaction']) fs.copyFileSync(program, join(folder, '.git/hooks', hook))
    write(folder, { 'a.dat': 'two\n', 'new.mjs': 'x' })
    const before = fingerprintOf(folder)
    const { capture, stored } = await captureOf(folder, { variables: { ...VARIABLES, GIT_DIR: '/nonexistent', GIT_INDEX_FILE: join(folder, 'nowhere'), GIT_WORK_TREE: '/nonexistent' } })
    expect(fs.existsSync(marker)).toBe(false)
    expect(fingerprintOf(folder)).toEqual(before)
    expect(stored).toMatchObject({ 'a.dat': 'two\n', 'new.mjs': 'x' })
    expect(capture.git?.tree).toMatch(/^[0-9a-f]{40}$/)
    // The same settings do run the program if nothing forbids it.
    try {
      git(folder, 'status')
    } catch {
      // The program speaks no protocol.
    }
    expect(fs.existsSync(marker)).toBe(true)
  })

  it('is the same after a commit of the user', async () => {
    const folder = made.make()
    write(folder, { 'new.mjs': 'x' })
    const { capture } = await captureOf(folder)
    commit(folder)
    expect(capture.git?.tree).toBe(git(folder, 'rev-parse', 'HEAD^{tree}'))
  })
})

function fingerprintOf(folder: string): readonly string[] {
  return (fs.readdirSync(join(folder, '.git'), { recursive: true, encoding: 'utf8' })).sort().map((name) => {
    const path = join(folder, '.git', name)
    return `${name} ${fs.statSync(path).isFile() ? fs.readFileSync(path).toString('hex') : ''}`
  })
}
