import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { errorOf, newFolder, runCli, runJson } from './run-cli.ts'

let cwd = ''

beforeEach(async () => {
  cwd = newFolder()
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/first.bin'), randomBytes(50_000))
  writeFileSync(join(cwd, 'data/second.bin'), randomBytes(40_000))
  await runJson(['snapshot', 'data'], { cwd })
})

function objects(folder: string): string[] {
  const top = join(cwd, '.varve', folder)
  return readdirSync(top, { recursive: true, encoding: 'utf8' }).map((name) => join(top, name)).filter((path) => statSync(path).isFile())
}

function largest(folder: string): string {
  const [path] = objects(folder).sort((a, b) => statSync(b).size - statSync(a).size)
  if (path === undefined) throw new Error(`There is nothing in ${folder}`)
  return path
}

function flipBit(path: string, offset: number): void {
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
  writeFileSync(path, bytes)
}

test('one flipped bit in a pack: verify names the file, reading it fails, the other file is still there', async () => {
  flipBit(largest('packs'), 1000)
  const run = await runCli(['verify', '--json'], { cwd })
  expect(run.code).toBe(1)
  const result = JSON.parse(run.stdout) as { ok: boolean; damaged: { cid: string; paths: string[] }[] }
  expect(result).toMatchObject({ ok: false, damaged: [{ paths: ['data:first.bin'] }] })
  expect((await runCli(['verify'], { cwd })).stdout).toMatch(/^damaged baf\S+: .*\n {4}data:first\.bin\nnot sound: 1 damaged block/)
  expect((await runCli(['verify', 'data'], { cwd })).code).toBe(1)
  const read = await runCli(['cat', 'data:first.bin', '--json'], { cwd })
  expect(read.code).toBe(4)
  expect(errorOf(read).code).toBe('CORRUPT_BLOCK')
  const checkout = await runCli(['checkout', 'data', 'out'], { cwd })
  expect(checkout).toMatchObject({ code: 4, stderr: expect.stringContaining('first.bin') as string })
  expect(existsSync(join(cwd, 'out'))).toBe(false)
  expect((await runCli(['cat', 'data:second.bin'], { cwd })).bytes).toEqual(readFileSync(join(cwd, 'data/second.bin')))
})

test('a truncated pack: verify says so and what it reaches, reading fails', async () => {
  const pack = largest('packs')
  truncateSync(pack, 70_000)
  const run = await runCli(['verify', '--json'], { cwd })
  expect(run.code).toBe(1)
  expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, damaged: [{ paths: ['data:second.bin'] }], problems: [{ key: expect.stringMatching(/^packs\//) as string }] })
  expect((await runCli(['cat', 'data:second.bin'], { cwd })).code).toBe(4)
})

describe.each([['index'], ['log']])('a damaged object in %s/', (folder) => {
  test.each([
    ['with a flipped bit', (path: string) => flipBit(path, 40)],
    ['that is truncated', (path: string) => truncateSync(path, statSync(path).size - 10)],
  ])('%s is found by verify, and never read as if it were sound', async (_name, harm) => {
    harm(largest(folder))
    const run = await runCli(['verify', '--json'], { cwd })
    expect(run.code).toBe(1)
    const { ok, problems } = JSON.parse(run.stdout) as { ok: boolean; problems: { key: string }[] }
    expect(ok).toBe(false)
    expect(problems[0]?.key).toMatch(new RegExp(`^${folder}/`))
    const read = await runCli(['cat', 'data:first.bin'], { cwd })
    if (read.code === 0) expect(read.bytes).toEqual(readFileSync(join(cwd, 'data/first.bin')))
    else expect(read).toMatchObject({ code: 4, stdout: '', stderr: expect.stringMatching(/^varve: .*\n {2}.*\n$/) as string })
  })
})

test('a log of which nothing is left is damage, and repair, which verify names, finds what it led to', async () => {
  await runJson(['snapshot', 'data', '-m', 'again'], { cwd })
  for (const path of objects('log')) rmSync(path)
  const run = await runCli(['verify'], { cwd })
  expect(run).toMatchObject({ code: 1, stdout: expect.stringMatching(/^problem log\/: it is empty, .*`varve repair`[^]*\nnot sound: 0 damaged blocks, 1 other problem/) as string })
  expect(await runJson(['refs'], { cwd })).toEqual([])
  expect((await runCli(['repair', '--give-up'], { cwd })).stdout).toMatch(/^recovered recovered\/1 → /m)
  expect((await runCli(['verify'], { cwd })).code).toBe(0)
})

test('a new repository, in which nothing was stored yet, is sound', async () => {
  const { code } = await runCli(['init', 'new'], { cwd })
  expect(code).toBe(0)
  expect((await runCli(['verify', '--repo', existsSync(join(cwd, 'new/.varve')) ? 'new/.varve' : 'new'], { cwd })).code).toBe(0)
})

test('a repository of a newer format is left alone by every command', async () => {
  const path = join(cwd, '.varve/config.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace('"format": 1', '"format": 2'))
  const before = objects('.').sort()
  for (const args of [['log'], ['snapshot', 'data'], ['verify'], ['init']]) {
    expect(await runCli(args, { cwd })).toMatchObject({ code: 5, stderr: expect.stringMatching(/format 2.*\n {2}Install a newer version/) as string })
  }
  expect(objects('.').sort()).toEqual(before)
})

test('a config that is damaged is no newer format and no missing repository', async () => {
  writeFileSync(join(cwd, '.varve/config.json'), '{"format"')
  const run = await runCli(['log', '--json'], { cwd })
  expect(run.code).toBe(4)
  expect(errorOf(run).code).toBe('CORRUPT_OBJECT')
})

/** A file system of a few MiB that goes when the test ends, or undefined where none can be mounted. */
function smallDisk(): string | undefined {
  const folder = newFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', [folder]))
  return folder
}

test('a full disk while a pack is written: an error of the system, what was committed is intact, and it works once there is room', async (context) => {
  const disk = smallDisk()
  if (disk === undefined) return context.skip('no small file system can be mounted here')
  const repo = ['--repo', join(disk, 'repo')]
  await runJson(['snapshot', 'data', ...repo], { cwd })
  mkdirSync(join(cwd, 'large'))
  writeFileSync(join(cwd, 'large/x.bin'), randomBytes(6_000_000))
  const full = await runCli(['snapshot', 'large', ...repo, '--json'], { cwd })
  expect(full.code).toBe(6)
  expect(errorOf(full)).toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringContaining('disk full') as string, data: { reason: 'ENOSPC' } })
  expect(await runJson(['verify', ...repo], { cwd })).toMatchObject({ ok: true })
  expect(await runJson(['refs', ...repo], { cwd })).toMatchObject([{ name: 'data' }])
  execFileSync('mount', ['-o', 'remount,size=40m', disk])
  expect(await runJson(['snapshot', 'large', ...repo], { cwd })).toMatchObject({ created: true, files: 1 })
})

test('a full disk while a file is exported leaves no part of it', async (context) => {
  const disk = smallDisk()
  if (disk === undefined) return context.skip('no small file system can be mounted here')
  writeFileSync(join(disk, 'filler'), randomBytes(4 * 1024 * 1024 - 40_000))
  expect(await runCli(['export', 'data', '-o', join(disk, 'data.tar')], { cwd })).toMatchObject({ code: 6, stderr: expect.stringContaining('disk full') as string })
  expect(readdirSync(disk)).toEqual(['filler'])
})
