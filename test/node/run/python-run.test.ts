import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkRun } from '../../../src/registry/check/check-run.ts'
import { fetchRun } from '../../../src/node/run/fetch-run.ts'
import { preflightRun } from '../../../src/node/run/preflight-run.ts'
import { reproduceRun } from '../../../src/node/run/reproduce-run.ts'
import { compareRunsByName } from '../../../src/run/runs.ts'
import { Project } from './project.ts'

const HASH = `--hash=sha256:${'a'.repeat(64)}`

/** A project whose virtual environment has a program that answers as Python does, and otherwise runs a script of the shell. */
function withPython(project: Project, version: string, numpy: string): void {
  const environment = join(project.folder, '.venv')
  const answer = JSON.stringify(['CPython', version, join(environment, 'bin/python'), environment, [['numpy', numpy, null]]])
  project.write('.venv/pyvenv.cfg', '')
  chmodSync(project.write('.venv/bin/python', `#!/bin/sh\nif [ "$1" = -c ]; then echo 'varve-python:${answer}'; else exec sh "$@"; fi\n`), 0o755)
  project.write('train.py', 'echo weights > "$VARVE_OUTPUT_MODEL"\n')
  project.write('requirements.txt', `numpy==1.26.4 ${HASH}\n`)
}

const RUN = { command: ['.venv/bin/python', 'train.py'], outputs: { model: 'model.bin' } } as const

describe.runIf(process.platform !== 'win32')('a run of a command that starts Python', () => {
  it('says which it was and what was installed, to who looks, checks, compares and brings it back; and runs again with the same environment', async () => {
    await using project = new Project()
    const repository = await project.open()
    withPython(project, '3.12.4', '1.26.4')
    const { status, stderr } = await project.supervise(repository, 'train.py', RUN)
    expect(status).toBe('succeeded')
    expect(stderr).toMatch(/^ {2}environment [0-9a-f]{16} {3}node [\d.]+, CPython 3\.12\.4, /m)
    const packages = async () => (await checkRun(repository, 'train', { level: 'reproducible' })).items.find(({ id }) => id === 'packages')
    expect(await packages()).toMatchObject({ status: 'declared', evidence: expect.stringMatching(/^1 package at the versions of requirements\.txt .* Python 3\.12\.4 says$/) as string })

    const folder = join(project.folder, 'back')
    await fetchRun(repository, 'train', folder, { container: `python@sha256:${'0'.repeat(64)}` })
    expect(readFileSync(join(folder, 'python-packages.txt'), 'utf8')).toBe('numpy==1.26.4\n')
    expect(readFileSync(join(folder, 'REPRODUCE.md'), 'utf8')).toMatch(/CPython 3\.12\.4 \(`\.venv\/bin\/python`\)[\s\S]*pip install -r requirements\.txt[\s\S]*`python3 -m venv code\/\.venv` and `code\/\.venv\/bin\/python -m pip install -r python-packages\.txt`/)
    expect(readFileSync(join(folder, 'Dockerfile'), 'utf8')).toContain('RUN python3 -m venv ".venv" && ".venv/bin/python" -m pip install --no-cache-dir -r /run/python-packages.txt')

    expect(await reproduceRun(repository, 'train', { environment: { PATH: process.env['PATH'] }, modules: project.folder })).toMatchObject({ verdict: 'identical', again: 'train#2' })

    withPython(project, '3.13.0', '2.0.0')
    const ready = await preflightRun(repository, { name: 'train', ...RUN, folder: project.folder, variables: { PATH: process.env['PATH'] } })
    expect(ready.items.find(({ id }) => id === 'packages')).toMatchObject({ status: 'missing', evidence: 'requirements.txt is not what is installed for Python 3.13.0: numpy: locked 1.26.4, installed 2.0.0' })
    project.write('train.py', 'echo others > "$VARVE_OUTPUT_MODEL"\n')
    await project.supervise(repository, 'train.py', RUN)
    const { packages: differing, runtime } = await compareRunsByName(repository, ['train#1', 'train#3'])
    expect(differing).toEqual([{ name: 'numpy', values: ['1.26.4', '2.0.0'] }])
    expect(runtime).toContainEqual({ name: 'python', values: ['CPython 3.12.4', 'CPython 3.13.0'] })
  }, 60_000)
})
