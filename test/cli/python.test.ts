import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newFolder, runCli, runJson } from './run-cli.ts'

/** Answers as an interpreter of Python does, and otherwise runs a script of the shell. */
const ANSWER = 'varve-python:["CPython","3.12.4","/opt/python3",null,[["numpy","2.0.0",null],["six","1.16.0",null]]]'
const PYTHON = `#!/bin/sh\nif [ "$1" = -c ]; then echo '${ANSWER}'; else exec sh "$@"; fi\n`

test.runIf(process.platform !== 'win32')('a run in Python shows its interpreter, what was installed against its lock file, and what counts as no code', async () => {
  const cwd = newFolder()
  mkdirSync(join(cwd, 'bin'))
  writeFileSync(join(cwd, 'bin/python3'), PYTHON)
  chmodSync(join(cwd, 'bin/python3'), 0o755)
  writeFileSync(join(cwd, 'train.py'), 'echo weights > model.bin\n')
  writeFileSync(join(cwd, 'requirements.txt'), 'numpy==1.26.4\n')
  const run = ['run', '--output', 'model=model.bin', '--', 'bin/python3', 'train.py']
  expect(await runCli(run, { cwd })).toMatchObject({ code: 0 })
  writeFileSync(join(cwd, 'train.py'), 'echo others > model.bin\n')
  expect(await runCli(run, { cwd })).toMatchObject({ code: 0 })
  const { stdout } = await runCli(['show', 'train#2'], { cwd })
  expect(stdout).toContain('\npython    CPython 3.12.4, /opt/python3\n')
  expect(stdout).toMatch(/^packages {2}2 installed; requirements\.txt, SHA-256 [0-9a-f]{64}$/m)
  expect(stdout).toContain('\ndiffers   numpy: locked 1.26.4, installed 2.0.0\ndiffers   six: installed 1.16.0, not locked\n')
  expect(stdout).toContain('\nleft out  .varve, model.bin: no code, but what the run writes, the repository, or an environment of Python\n')
  expect(await runJson(['show', 'train#2'], { cwd })).toMatchObject([{ capture: { python: { version: '3.12.4', command: ['bin/python3'] }, packages: { lockFile: { path: 'requirements.txt' } }, leftOut: ['.varve', 'model.bin'] } }])
  const checked = await runCli(['check', 'train#2', '--level', 'reproducible'], { cwd })
  expect(checked.stdout).toContain('requirements.txt is not what is installed for Python 3.12.4: numpy: locked 1.26.4, installed 2.0.0, six: installed 1.16.0, not locked')
}, 60_000)
