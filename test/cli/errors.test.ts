import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, newFolder, runCli, runJson } from './run-cli.ts'
import { writeSample } from './sample-data.ts'

const TWO_LINES = /^varve: [^\n]+\n {2}[^\n]+\n$/

describe('an error is two lines on stderr, nothing on stdout, and an exit code that tells its kind', () => {
  let cwd = ''

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'varve-cli-'))
    writeSample(cwd)
    mkdirSync(join(cwd, 'other'))
    writeFileSync(join(cwd, 'other/mine.txt'), 'mine')
    await runJson(['snapshot', 'data'], { cwd })
    await runJson(['tag', 'v1', 'data'], { cwd })
  })

  afterAll(() => rmSync(cwd, { recursive: true, force: true }))

  test.each<[name: string, code: number, args: string[], what: string]>([
    ['an unknown command', 2, ['frobnicate'], "Unknown command 'frobnicate'"],
    ['an unknown option', 2, ['snapshot', 'data', '--frob'], "Unknown option '--frob'"],
    ['a missing argument', 2, ['checkout', 'data'], "Missing required argument 'dir'"],
    ['an argument too many', 2, ['hash', 'data', 'more'], 'Too many arguments'],
    ['a choice that is none', 2, ['export', 'data', '-o', 'x', '--format', 'zip'], 'Allowed choices are tar, car'],
    ['a ref that does not exist', 3, ['log', 'nope'], '"nope"'],
    ['an ancestor that does not exist', 3, ['show', 'data~7'], 'data'],
    ['a path that does not exist in a revision', 3, ['cat', 'data:nope.txt'], '"nope.txt"'],
    ['a folder that does not exist in a revision', 3, ['ls', 'data:nope'], '"nope"'],
    ['a proof of a path that does not exist', 3, ['prove', 'data:nope'], 'nope'],
    ['a glob that matches nothing', 3, ['checkout', 'data', 'out', '--path', '*.nope'], '*.nope'],
    ['a folder that does not exist', 3, ['snapshot', 'nofolder'], 'nofolder'],
    ['a file to import that does not exist', 3, ['import', 'no.tar', '--ref', 'x'], 'no.tar'],
    ['a snapshot of a file', 2, ['snapshot', 'data/a.txt'], 'a.txt is not a folder'],
    ['a snapshot of the repository itself', 2, ['snapshot', '.varve'], 'is part of the repository'],
    ['a folder as a file', 2, ['cat', 'data:train'], 'train'],
    ['cat without a path', 2, ['cat', 'data'], '"data" names no path'],
    ['a path where a whole revision is needed', 2, ['log', 'data:train'], '"data:train"'],
    ['two folders to compare', 2, ['diff', './data', './data'], 'Both are folders'],
    ['a name that is no ref', 2, ['tag', 'a b', 'data'], 'a b'],
    ['a tag without a ref', 2, ['refs', '--delete', '-x y'], '-x y'],
    ['metadata without =', 2, ['snapshot', 'data', '--meta', 'x'], '"x" is not of the form key=value'],
    ['a time that is none', 2, ['snapshot', 'data', '--retrieved-at', 'soon'], '"soon" is not a time'],
    ['a tag that exists', 5, ['tag', 'v1', 'data'], 'data@v1'],
    ['a checkout over other files', 5, ['checkout', 'data', 'other'], 'mine.txt'],
  ])('%s', async (_name, code, args, what) => {
    const run = await runCli(args, { cwd })
    expect(run).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(TWO_LINES) as string })
    expect(run.stderr).toContain(what)
  })
})

test.each(['ftp://example.org/x', 'ssh://example.org/x'])('a repository at %s is refused, by whatever way it is named, and no folder of that name is made', async (location) => {
  const cwd = newFolder()
  const refused = { code: 2, stdout: '', stderr: expect.stringMatching(TWO_LINES) as string }
  expect(await runCli(['init', '--repo', location], { cwd })).toMatchObject(refused)
  expect(await runCli(['snapshot', '.', '--repo', location], { cwd })).toMatchObject(refused)
  expect(await runCli(['init'], { cwd, env: { VARVE_REPO: location } })).toMatchObject(refused)
  expect(readdirSync(cwd)).toEqual([])
})

test('a mistyped command gets a suggestion', async () => {
  expect((await runCli(['snapshto'])).stderr).toContain('Did you mean snapshot?')
})

test('outside of any repository an error says how to make one', async () => {
  const cwd = newFolder()
  const run = await runCli(['log'], { cwd })
  expect(run).toMatchObject({ code: 3, stderr: expect.stringMatching(TWO_LINES) as string })
  expect(run.stderr).toContain('varve snapshot')
  expect(await runCli(['log', '--repo', 'nowhere'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringContaining('nowhere') as string })
})

test('a failed first snapshot leaves no repository behind', async () => {
  const cwd = newFolder()
  await runCli(['snapshot', 'nofolder'], { cwd })
  expect(readdirSync(cwd)).toEqual([])
})

test('a stack is shown with VARVE_DEBUG=1 alone', async () => {
  const cwd = newFolder()
  expect((await runCli(['log'], { cwd })).stderr).not.toContain('    at ')
  expect((await runCli(['log'], { cwd, env: { VARVE_DEBUG: '1' } })).stderr).toContain('    at ')
})

test('with --json an error is one document on stdout, for usage errors too, and still two lines on stderr', async () => {
  const cwd = newFolder()
  writeSample(cwd)
  await runJson(['snapshot', 'data'], { cwd })
  const missing = await runCli(['log', 'nope', '--json'], { cwd })
  expect(errorOf(missing)).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('nope') as string, hint: expect.any(String) as string, data: { revision: 'nope' } })
  expect(missing.stderr).toMatch(TWO_LINES)
  expect(errorOf(await runCli(['snapshot', '--json', '--frob'], { cwd })).code).toBe('INVALID_ARGUMENT')
})

test('an empty folder makes a snapshot, and so does one that holds the repository, which is left out', async () => {
  const cwd = newFolder()
  mkdirSync(join(cwd, 'nothing'))
  expect(await runJson(['snapshot', 'nothing'], { cwd })).toMatchObject({ created: true, files: 0, bytes: 0 })
  expect(await runJson(['ls', 'nothing'], { cwd })).toEqual([])
  writeFileSync(join(cwd, 'x.txt'), 'x')
  expect(await runJson(['snapshot', '.', '--ref', 'here'], { cwd })).toMatchObject({ files: 1 })
  expect(await runJson(['snapshot', '.', '--ref', 'all', '--no-default-ignores'], { cwd })).toMatchObject({ files: 1 })
  expect(await runJson(['ls', 'all'], { cwd })).toMatchObject([{ path: 'nothing' }, { path: 'x.txt' }])
})

test('the beginning of a CID names it from 8 characters on, not before', async () => {
  const cwd = newFolder()
  writeSample(cwd)
  const { root } = await runJson<{ root: string }>(['snapshot', 'data'], { cwd })
  expect(await runJson(['show', root.slice(0, 20)], { cwd })).toMatchObject([{ root }])
  expect((await runCli(['show', root.slice(0, 7)], { cwd })).code).toBe(3)
})

// Root reads everything; another user stands in for it.
const NOBODY = 65_534

test('no permission: on a file of the folder all unreadable paths are listed; on the repository the system is named', async (context) => {
  const cwd = newFolder()
  chmodSync(cwd, 0o777)
  const isRoot = process.getuid?.() === 0
  const user = isRoot ? { uid: NOBODY } : {}
  const runs = await runCli(['--version'], user).then(({ code }) => code === 0, () => false)
  if (!runs) context.skip('the binary cannot be run as another user here')
  const data = writeSample(cwd)
  chmodSync(join(data, 'a.txt'), 0)
  chmodSync(join(data, 'train/0.png'), 0)
  const refused = await runCli(['snapshot', 'data', '--json'], { cwd, ...user })
  expect(refused.code).toBe(6)
  expect(errorOf(refused)).toMatchObject({ code: 'UNREADABLE_FILES', data: { paths: ['a.txt', 'train/0.png'] } })
  const skipping = await runJson<{ files: number; skipped: { path: string; reason: string }[] }>(['snapshot', 'data', '--skip-unreadable'], { cwd, ...user })
  expect(skipping.files).toBe(2)
  expect(skipping.skipped.map(({ path, reason }) => `${path} ${reason}`)).toEqual(['a.txt unreadable', 'train/0.png unreadable'])
  rmSync(join(cwd, '.varve'), { recursive: true })
  chmodSync(cwd, 0o555)
  const locked = await runCli(['snapshot', 'data', '--skip-unreadable'], { cwd, ...user })
  expect(locked).toMatchObject({ code: 6, stderr: expect.stringMatching(TWO_LINES) as string })
  expect(locked.stderr).toContain('no permission')
  chmodSync(cwd, 0o755)
})
