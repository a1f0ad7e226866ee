import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { Context } from '../../src/cli/context.ts'
import { createProgram } from '../../src/cli/program.ts'
import { describe as describeProgress } from '../../src/cli/progress.ts'
import { formatBytes, formatCount, formatDuration } from '../../src/cli/format.ts'
import { VERBS } from '../../src/cli/verbs.ts'
import { CLI_PATH, newFolder, runCli, runJson } from './run-cli.ts'
import { writeLarge, writeSample } from './sample-data.ts'

const version = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version

test('--version prints the version of the package', async () => {
  expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
  expect(await runCli(['log', '--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
})

test('help lists every command, and each command has examples', async () => {
  const { stdout, code } = await runCli(['--help'])
  expect(code).toBe(0)
  const commands = ['init', 'snapshot', 'hash', 'status', 'diff', 'log', 'show', 'refs', 'tag', 'reset', 'ls', 'cat', 'checkout', 'verify', 'prove', 'export', 'import', 'completion']
  for (const name of commands) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  const helps = await Promise.all(commands.map((name) => runCli([name, '--help'])))
  for (const [index, help] of helps.entries()) expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`^Usage: varve ${commands[index] ?? ''}[^]*Examples:\n  \\$ `)) as string })
  expect((await runCli(['help', 'diff'])).stdout).toBe(helps[4]?.stdout)
  expect(await runCli([])).toMatchObject({ code: 2, stdout: '', stderr })
})

const stderr: unknown = expect.stringContaining('Usage: varve')

test('in pipes nothing moves: no progress, no colours, no control characters', async () => {
  const cwd = newFolder()
  writeLarge(join(cwd, 'data'), 30)
  const run = await runCli(['snapshot', 'data'], { cwd })
  expect(run).toMatchObject({ code: 0, stderr: '' })
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(run.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  expect(run.stdout.split('\n').slice(0, 2).map((line) => line.split(' ')[0])).toEqual(['root', 'snapshot'])
})

test('--quiet prints results alone', async () => {
  const cwd = newFolder()
  writeSample(cwd)
  writeFileSync(join(cwd, 'data/.env'), 'x')
  const run = await runCli(['--quiet', 'snapshot', 'data'], { cwd })
  expect(run).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^root {6}\S+\nsnapshot {2}\S+\n$/) as string })
  expect((await runCli(['verify', '--quiet'], { cwd })).stdout).toBe('')
  expect(await runCli(['snapshot', '-q', 'data'], { cwd })).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^root {6}\S+\nsnapshot {2}\S+\n$/) as string })
  expect(await runCli(['snapshot', 'data', '-q'], { cwd })).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^root {6}\S+\nsnapshot {2}\S+\n$/) as string })
})

test('no verb has a meaning of its own for an option that all have', async () => {
  const shared = createProgram('0', () => new Context({})).options.flatMap(({ short, long }) => [short, long])
  expect(shared).toEqual(expect.arrayContaining(['-q', '--quiet', '--json', '--repo']))
  for (const { name, load } of VERBS) {
    const command = new Command(name)
    ;(await load()).verb.configure(command)
    for (const { short, long } of command.options) expect([name, shared.includes(short ?? ''), shared.includes(long ?? '')]).toEqual([name, false, false])
  }
})

test('what default rules left out is listed, ten at most, with a hint', async () => {
  const cwd = newFolder()
  mkdirSync(join(cwd, 'data'))
  for (let index = 0; index < 14; index++) writeFileSync(join(cwd, `data/.env.${index}`), 'x')
  const { stdout } = await runCli(['snapshot', 'data'], { cwd })
  expect(stdout).toMatch(/left out by default rules: (\.env\.\d+, ){9}\.env\.\d+ and 4 more \(--no-default-ignores/)
})

test('a warning goes to stderr, also with --json', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  execFileSync('mkfifo', [join(data, 'pipe')])
  const run = await runCli(['snapshot', 'data', '--json'], { cwd })
  expect(run.stderr).toMatch(/^varve: warning: pipe: .+\n$/)
  expect(JSON.parse(run.stdout)).toMatchObject({ skipped: [{ path: 'pipe', reason: 'special-file' }] })
})

test('names and messages that would move the cursor are shown escaped, and exact in JSON', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  writeFileSync(join(data, 'a\u001b[2Jb\nc'), '')
  await runJson(['snapshot', 'data', '-m', 'red \u001b[31m\rline'], { cwd })
  expect((await runCli(['ls', 'data'], { cwd })).stdout).toContain('a\\x1b[2Jb\\x0ac\n')
  expect((await runCli(['log'], { cwd })).stdout).toContain('    red \\x1b[31m\\x0dline\n')
  expect((await runJson<{ path: string }[]>(['ls', 'data'], { cwd })).map(({ path }) => path)).toContain('a\u001b[2Jb\nc')
})

test('names that are not UTF-8 are shown by their bytes, and survive in JSON as lone surrogates', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  writeFileSync(Buffer.concat([Buffer.from(`${data}/`), Buffer.from([0xff, 0x41])]), '')
  await runJson(['snapshot', 'data'], { cwd })
  expect((await runCli(['ls', 'data'], { cwd })).stdout).toContain('\\xffA\n')
  expect((await runCli(['ls', 'data', '--json'], { cwd })).stdout).toContain('"path":"\\udcffA"')
})

test('a reader that goes away ends a listing and a file quietly', () => {
  const cwd = newFolder()
  mkdirSync(join(cwd, 'data'))
  for (let index = 0; index < 3000; index++) writeFileSync(join(cwd, `data/${'n'.repeat(60)}${index}`), '')
  writeFileSync(join(cwd, 'data/large'), Buffer.alloc(3_000_000, 'x'))
  const script = `varve() { "${process.execPath}" "${CLI_PATH}" "$@"; }
    set -e; varve snapshot data >/dev/null; set +e
    varve ls data | head -n 1; echo "ls \${PIPESTATUS[0]}"
    varve cat data:large | head -c 5; echo " cat \${PIPESTATUS[0]}"
    varve export data --format tar -o - | head -c 5 >/dev/null; echo "export \${PIPESTATUS[0]}"`
  const run = spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8' })
  expect(run.stderr).toBe('')
  expect(run.stdout.split('\n').slice(1)).toEqual(['ls 0', 'xxxxx cat 0', 'export 0', ''])
})

test('options that every command takes work before and after it; the nearest .varve upward is used', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  await runJson(['snapshot', 'data'], { cwd })
  await runJson(['snapshot', 'data', '--repo', 'other', '--ref', 'elsewhere'], { cwd })
  const names = async (args: string[], options: Parameters<typeof runCli>[1]): Promise<string[]> => (JSON.parse((await runCli(args, options)).stdout) as { name: string }[]).map(({ name }) => name)
  expect(await names(['refs', '--json'], { cwd: join(data, 'train/deep') })).toEqual(['data'])
  expect(await names(['--json', '--repo', 'other', 'refs'], { cwd })).toEqual(['elsewhere'])
  expect(await names(['refs', '--repo', 'other', '--json'], { cwd })).toEqual(['elsewhere'])
  expect(await names(['refs', '--json'], { cwd, env: { VARVE_REPO: join(cwd, 'other') } })).toEqual(['elsewhere'])
  expect(await names(['refs', '--json', '--repo', '.varve'], { cwd, env: { VARVE_REPO: join(cwd, 'other') } })).toEqual(['data'])
})

describe('figures for people', () => {
  test.each([[0, '0 B'], [1023, '1023 B'], [1024, '1.0 KiB'], [1536, '1.5 KiB'], [10 * 1024, '10 KiB'], [1024 ** 2 - 1, '1.0 MiB'], [5.5 * 1024 ** 3, '5.5 GiB']])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  test.each([[0, '0'], [999, '999'], [1000, '1,000'], [1234567, '1,234,567']])('%d is %s', (count, text) => {
    expect(formatCount(count)).toBe(text)
  })

  test.each([[40, '0.0 s'], [1500, '1.5 s'], [9990, '10 s'], [65_000, '1 min 5 s'], [7_260_000, '2 h 1 min']])('%d ms are %s', (time, text) => {
    expect(formatDuration(time)).toBe(text)
  })

  test('progress shows files, bytes, rate and what is left', () => {
    const line = describeProgress({ type: 'store', files: 900, bytes: 512 * 1024 ** 2, newBytes: 0, totalFiles: 2000, totalBytes: 1024 ** 3 }, 2000)
    expect(line).toBe('storing ▕████████████            ▏  50 % · 900 / 2,000 files · 512 MiB / 1.0 GiB · 256 MiB/s · 2.0 s left')
    expect(describeProgress({ type: 'hash', files: 3, bytes: 2048 }, 1000)).toBe('hashing 3 files · 2.0 KiB · 2.0 KiB/s')
  })
})
