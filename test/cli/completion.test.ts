import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { CLI_PATH, newFolder, runCli, runJson } from './run-cli.ts'
import { writeSample } from './sample-data.ts'

async function complete(words: string[], cwd?: string): Promise<string[]> {
  const { stdout, stderr, code } = await runCli(['complete', '--', ...words], cwd === undefined ? {} : { cwd })
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  return stdout.trimEnd().split('\n').map((line) => line.split('\t')[0] ?? '')
}

test.each([['bash', ['-n']], ['zsh', ['-n']], ['fish', ['--no-execute']]])('the script for %s is one that the shell can parse', async (shell, args) => {
  const { stdout, code } = await runCli(['completion', shell])
  expect(code).toBe(0)
  expect(stdout).toContain('varve')
  const file = join(newFolder(), 'script')
  writeFileSync(file, stdout)
  const parsed = spawnSync(shell, [...args, file], { encoding: 'utf8' })
  // A shell that is not installed cannot be asked.
  if (parsed.error === undefined) expect(parsed).toMatchObject({ status: 0, stderr: '' })
})

test('an unknown shell is refused', async () => {
  expect(await runCli(['completion', 'tcsh'])).toMatchObject({ code: 2, stderr: expect.stringContaining('bash, zsh, fish') as string })
})

test('commands, options, choices and refs are offered where they fit', async () => {
  const cwd = newFolder()
  writeSample(cwd)
  await runJson(['snapshot', 'data'], { cwd })
  await runJson(['snapshot', 'data', '--ref', 'mnist/raw'], { cwd })
  expect(await complete(['sn'])).toEqual(['snapshot', ':4'])
  expect(await complete(['diff', '--st'])).toEqual(['--stat', ':4'])
  expect(await complete(['export', 'data', '--format', ''])).toEqual(['tar', 'car', ':4'])
  expect(await complete(['snapshot', ''])).toEqual([':16'])
  expect(await complete(['import', ''])).toEqual([':0'])
  expect(await complete(['log', ''], cwd)).toEqual(['data', 'mnist/raw', ':4'])
  expect(await complete(['snapshot', 'data', '--ref', 'm'], cwd)).toEqual(['mnist/raw', ':4'])
  expect(await complete(['--json', 'checkout', 'mn'], cwd)).toEqual(['mnist/raw', ':4'])
  expect(await complete(['log', ''], newFolder())).toEqual([':0'])
})

test('bash completes a ref whose name has a character at which it breaks words', async () => {
  const cwd = newFolder()
  writeSample(cwd)
  mkdirSync(join(cwd, 'bin'))
  symlinkSync(CLI_PATH, join(cwd, 'bin/varve'))
  await runJson(['snapshot', 'data'], { cwd })
  await runJson(['tag', 'v1', 'data'], { cwd })
  const script = `source <("${process.execPath}" "${CLI_PATH}" completion bash)
    compopt() { :; }
    COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'; COMP_LINE='varve log data@'; COMP_POINT=\${#COMP_LINE}
    _varve; echo "\${COMPREPLY[@]}"`
  const run = spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8', env: { ...process.env, PATH: `${join(cwd, 'bin')}${delimiter}${process.env.PATH ?? ''}` } })
  expect(run).toMatchObject({ stdout: 'v1\n', stderr: '' })
})
