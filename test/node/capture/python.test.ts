import { spawnSync } from 'node:child_process'
import { chmodSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { pythonOf } from '../../../src/node/capture/python-command.ts'
import { captureOf, fakeProgram, MadeRepositories, VARIABLES, write } from './made-repositories.ts'

const made = new MadeRepositories()
afterAll(() => made.remove())

const isPosix = process.platform !== 'win32'
const hasPython = isPosix && spawnSync('python3', ['-c', 'import importlib.metadata']).status === 0

type Found = readonly (readonly [name: string, version: string, origin?: string])[]

/** Variables with an interpreter in their path that answers so. */
function answering(installed: Found, { name = 'python3', environment = null as string | null, executable = '/usr/bin/python3' } = {}): Readonly<Record<string, string>> {
  const answer = JSON.stringify(['CPython', '3.12.4', executable, environment, installed.map(([name, version, origin]) => [name, version, origin ?? null])])
  return { ...VARIABLES, PATH: fakeProgram(join(made.folder(), 'bin'), name, `cat <<'END'\nnoise\nvarve-python:${answer}\nEND`) }
}

/** A project of Python with these files, captured as a command of `python3 train.py`. */
async function capturedWith(files: Readonly<Record<string, string>>, installed: Found) {
  const folder = made.folder()
  write(folder, { 'train.py': 'pass', ...files })
  const { capture } = await captureOf(folder, { command: ['python3', 'train.py'], variables: answering(installed) })
  return capture
}

const NUMPY = `numpy==1.26.4 --hash=sha256:${'a'.repeat(64)}`

describe.runIf(isPosix)('the packages of a command that starts Python', () => {
  it('are what its interpreter says; those of npm are nothing to it', async () => {
    const capture = await capturedWith({ 'requirements.txt': `${NUMPY}\n`, 'package-lock.json': '{"packages":{}}' }, [['pip', '24.0'], ['numpy', '1.26.4'], ['numpy', '1.0']])
    expect(capture.python).toEqual({ command: ['python3'], implementation: 'CPython', version: '3.12.4', executable: '/usr/bin/python3', environment: null, isHashed: true })
    expect(capture.packages).toMatchObject({ lockFile: { path: 'requirements.txt' }, installed: [{ name: 'numpy', version: '1.26.4', integrity: null }, { name: 'pip', version: '24.0', integrity: null }], differences: [] })
    expect(capture.missing.filter((sentence) => /installed|lock file|Python/.test(sentence))).toEqual([])
  })

  it('differ from requirements in versions, in what is absent, and in what is there besides', async () => {
    const files = {
      'requirements.txt': '# what we use\n-r base.txt\n-c pins.txt\n--index-url https://example.org/simple\nScikit_Learn [plot] == 1.5.0 ; python_version > "3"\ntorch==2.1.0\npandas>=2 # any\nonly-windows==1.0; sys_platform == "win32"\ngone==1.0 \\\n  --hash=sha256:00\n-e ./own\n',
      'base.txt': 'Requests==2.0\n-r requirements.txt\n', 'pins.txt': 'urllib3==2.2\nnever-used==1.0\n',
    }
    const { packages, python } = await capturedWith(files, [['scikit-learn', '1.5.1'], ['torch', '2.1.0+cu121'], ['pandas', '2.2.0'], ['requests', '2.0.0'], ['urllib3', '2.2'], ['setuptools', '69.0'], ['six', '1.16.0'], ['vcs', '0.1', '{"url":"https://u:p@example.org/vcs","vcs_info":{"vcs":"git","commit_id":"abc"}}']])
    expect(packages?.differences).toEqual([
      'gone: locked 1.0, not installed', 'pandas: installed 2.2.0, locked to no version', 'scikit-learn: locked 1.5.0, installed 1.5.1', 'six: installed 1.16.0, not locked', 'vcs: installed 0.1 from git+https://example.org/vcs@abc, not locked',
    ])
    expect(python?.isHashed).toBe(false)
  })

  it.each([
    ['1.0', '1.0.0'], ['1.0.0', '1'], ['1.0.0-RC.1', '1.0rc1'], ['2.0c1', '2.0rc1'], ['1.0alpha2', '1.0a2'], ['1.0-post1', '1.0.post1'], ['v1.2', '1.2'], ['1.2', '1.2+cpu'], ['1.2+CPU-1', '1.2+cpu.1'], ['10.0', '10'],
  ])('at version %s are those at %s', async (locked, installed) => {
    expect((await capturedWith({ 'requirements.txt': `p==${locked}` }, [['p', installed]])).packages?.differences).toEqual([])
  })

  it.each([['1.0', '1.0.1'], ['1.2+cpu', '1.2'], ['1.2+cpu', '1.2+cu121'], ['10', '1'], ['1.0rc1', '1.0']])('at version %s are not those at %s', async (locked, installed) => {
    expect((await capturedWith({ 'requirements.txt': `p==${locked}` }, [['p', installed]])).packages?.differences).toEqual([`p: locked ${locked}, installed ${installed}`])
  })

  const UV = 'version = 1\n\n[[package]]\nname = "own"\nversion = "0.1"\nsource = { virtual = "." }\n\n[package.metadata]\nname = "x"\n\n[[package]]\nname = "numpy"\nversion = "1.26.4"\nwheels = [\n    { url = "https://example.org/n.whl", hash = "sha256:aa" },\n]\n\n[package.optional-dependencies]\nversion = "9"\n\n[[package]]\nname = "numpy"\nversion = "2.0.0"\nwheels = [{ hash = "sha256:bb" }]\n'

  it.each([
    ['uv.lock', UV, 'numpy: locked 1.26.4 or 2.0.0, installed 1.25.0'],
    ['poetry.lock', '[[package]]\nname = "numpy"\nversion = "1.26.4"\nfiles = [\n    {file = "n.whl", hash = "sha256:aa"},\n]\n\n[package.extras]\nname = "y"\n', 'numpy: locked 1.26.4, installed 1.25.0'],
    ['Pipfile.lock', '{"default":{"numpy":{"version":"==1.26.4","hashes":["sha256:aa"]}},"develop":{"pytest":{"version":"==8.0"},"odd":null}}', 'numpy: locked 1.26.4, installed 1.25.0'],
  ])('are compared with %s', async (name, text, difference) => {
    const same = await capturedWith({ [name]: text, 'requirements.txt': 'six==1' }, [['numpy', '1.26.4']])
    expect(same).toMatchObject({ packages: { lockFile: { path: name }, differences: [] }, python: { isHashed: true } })
    const [absent] = (await capturedWith({ [name]: text }, [['pip', '24.0']])).packages?.differences ?? []
    expect(absent).toBe(name === 'Pipfile.lock' ? 'numpy: locked 1.26.4, not installed' : 'of 1 that are locked none is installed')
    expect((await capturedWith({ [name]: text }, [['numpy', '1.25.0'], ['six', '1.0']])).packages?.differences).toEqual([difference, 'six: installed 1.0, not locked'])
  })

  it('without a lock file, or with one that cannot be compared, are said to be so', async () => {
    const none = await capturedWith({}, [['numpy', '1.26.4']])
    expect(none.packages).toEqual({ lockFile: null, installed: [{ name: 'numpy', version: '1.26.4', integrity: null }], differences: [] })
    expect(none.missing).toContain('What of Python should be installed is not known: there is no lock file (requirements.txt, uv.lock, poetry.lock, Pipfile.lock)')
    for (const [name, text] of [['environment.yml', 'dependencies: [numpy=1.26]'], ['Pipfile.lock', 'not json']] as const) {
      const other = await capturedWith({ [name]: text }, [['numpy', '1.26.4']])
      expect(other.packages).toMatchObject({ lockFile: { path: name }, differences: [] })
      expect(other.missing).toContain(`Whether what is installed is what is locked is not known: ${name} cannot be compared with what Python says`)
      expect(other.python?.isHashed).toBe(false)
    }
  })

  it('leave out the project itself, and tell paths of the code from its top', async () => {
    const folder = made.make({ 'sub/train.py': 'pass', 'requirements.txt': '' })
    const python = join(folder, '.venv/bin/python')
    const variables = answering([['own', '0.1', JSON.stringify({ url: `file://${folder}/sub`, dir_info: { editable: true } })], ['other', '0.2', '{"url":"file:///elsewhere"}']], { executable: python, environment: join(folder, '.venv') })
    write(folder, { '.venv/bin/python': `#!/bin/sh\nexec python3 "$@"\n` })
    chmodSync(python, 0o755)
    const { capture } = await captureOf(join(folder, 'sub'), { command: [python, 'train.py'], variables })
    expect(capture.python).toMatchObject({ command: ['../.venv/bin/python'], executable: '.venv/bin/python', environment: '.venv' })
    expect(capture.packages).toMatchObject({ installed: [{ name: 'other' }], differences: ['other: installed 0.2 from file:///elsewhere, not locked'] })
  })

  it('are said not to be known if the interpreter is absent, fails, is slow, or says something else', async () => {
    const folder = made.folder()
    write(folder, { 'requirements.txt': NUMPY })
    const asked = async (script: string | undefined, pythonTimeoutMs = 20_000) => (await captureOf(folder, { command: ['python3', 'x.py'], variables: { ...VARIABLES, PATH: script === undefined ? made.folder() : fakeProgram(join(made.folder(), 'bin'), 'python3', script) }, pythonTimeoutMs })).capture
    const absent = await asked(undefined)
    expect(absent).toMatchObject({ python: null, packages: { lockFile: { path: 'requirements.txt' }, installed: [], differences: [] } })
    expect(absent.missing).toContain('What is installed for Python is not known: python3 is not there')
    expect((await asked('echo "no module" >&2; exit 3')).missing).toContain('What is installed for Python is not known: python3 failed: no module')
    expect((await asked('exit 3')).missing).toContain('What is installed for Python is not known: python3 failed: exit code 3')
    expect((await asked('exec sleep 60', 400)).missing).toContain('What is installed for Python is not known: python3 took longer than 400 ms to say it')
    for (const answer of ['hello', 'varve-python:', 'varve-python:[1]', 'varve-python:["CPython","3","/p",null,[7]]', 'varve-python:["CPython","3","/p",null,[["a","1","{"]]]']) {
      expect((await asked(`echo '${answer}'`)).missing, answer).toContain('What is installed for Python is not known: python3 did not answer in the way that was expected')
    }
  })

  it('are asked before the code is read where that may install them', async () => {
    const folder = made.make({ 'train.py': 'pass', 'uv.lock': '[[package]]\nname = "own"\nversion = "1"\nsource = { editable = "." }\n' })
    const answer = JSON.stringify(['CPython', '3.12.4', join(folder, '.venv/bin/python'), join(folder, '.venv'), []])
    const PATH = fakeProgram(join(made.folder(), 'bin'), 'uv', `sleep 1; mkdir -p .venv/bin; touch .venv/pyvenv.cfg .venv/bin/python; echo 'varve-python:${answer}'`)
    const { capture, stored } = await captureOf(folder, { command: ['uv', 'run', 'train.py'], variables: { ...VARIABLES, PATH } })
    expect(Object.keys(stored).sort()).toEqual(['train.py', 'uv.lock'])
    expect(capture).toMatchObject({ leftOut: ['.venv'], git: { dirty: [] }, python: { command: ['uv', 'run', 'python'], environment: '.venv', isHashed: true }, packages: { installed: [], differences: [] } })
  })

  it('are not waited for when the capture is stopped', async () => {
    const folder = made.folder()
    write(folder, { 'train.py': 'pass' })
    const PATH = fakeProgram(join(made.folder(), 'bin'), 'python3', 'exec sleep 60')
    await expect(captureOf(folder, { command: ['python3', 'train.py'], variables: { ...VARIABLES, PATH }, signal: AbortSignal.timeout(700) })).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it.runIf(hasPython)('are asked of a real one, which runs nothing of the project', async () => {
    const folder = made.folder()
    const site = made.folder()
    write(folder, { 'json.py': 'raise SystemExit("ran")', 'platform.py': 'raise SystemExit("ran")', 'requirements.txt': 'made-up==1.2' })
    write(site, { 'made_up-1.2.dist-info/METADATA': 'Metadata-Version: 2.1\nName: made-up\nVersion: 1.2\n', 'broken-1.dist-info/METADATA': '' })
    const { capture } = await captureOf(folder, { command: ['python3', 'train.py'], variables: { ...VARIABLES, HOME: process.env['HOME'] ?? '/nonexistent', PYTHONPATH: site } })
    expect(capture.missing.filter((sentence) => sentence.includes('Python'))).toEqual([])
    expect(capture.python?.version).toMatch(/^3\.\d+\.\d+/)
    expect(capture.packages?.installed).toContainEqual({ name: 'made-up', version: '1.2', integrity: null })
    expect(capture.packages?.differences.filter((sentence) => sentence.startsWith('made-up'))).toEqual([])
    const hidden = await captureOf(folder, { command: ['python3', '-I', 'train.py'], variables: { ...VARIABLES, HOME: process.env['HOME'] ?? '/nonexistent', PYTHONPATH: site } })
    expect(hidden.capture.packages?.differences).toContain('made-up: locked 1.2, not installed')
  })
})

describe.runIf(isPosix)('the interpreter that a command starts', () => {
  const of = (...command: readonly string[]) => pythonOf(command, { folder: made.base, variables: VARIABLES })

  it.each([
    ['uv run --no-sync python x.py', 'uv run --no-sync python', ''], ['python3 train.py', 'python3', ''], ['/opt/venv/bin/python3.12 -u -s -m train', '/opt/venv/bin/python3.12', '-s'], ['pypy3 -EsI x', 'pypy3', '-EsI'], ['python -c -I', 'python', ''],
    ['uv run python train.py', 'uv run python', ''], ['uv run --with numpy -p 3.12 train.py', 'uv run --with numpy -p 3.12 python', ''], ['uv --project x run python3 -I y.py', 'uv --project x run python3', '-I'],
    ['poetry run python x.py', 'poetry run python', ''], ['conda run -n ml python x.py', 'conda run -n ml python', ''], ['env -u X A=1 python3 x.py', 'env -u X A=1 python3', ''], ['nice -n 5 python x.py', 'nice -n 5 python', ''],
  ])('by %s is asked by %s', (command, words, options) => {
    expect(of(...command.split(' '))).toEqual({ words: words.split(' '), options: options === '' ? [] : [options], mayInstall: command.startsWith('uv') && !command.includes('--no-sync') })
  })

  it.each(['node train.mjs', 'node python', 'env node python', 'env -i node python', 'uv pip install python', 'uv run ruff python.py', 'python-config --x', './missing', 'poetry install python', ''])('is none in %s', (command) => {
    expect(of(...command.split(' '))).toBeUndefined()
  })

  it('is the one that a script names in its first line', () => {
    const folder = realpathSync(made.folder())
    write(folder, { torchrun: '#!/opt/venv/bin/python3.12 -s\nimport torch', 'train.py': '#!/usr/bin/env -S python3 -I\n', run: '#!/usr/bin/env bash\n', plain: 'x', empty: '' })
    const script = (name: string) => pythonOf([name], { folder, variables: { PATH: folder } })
    expect(script('torchrun')).toEqual({ words: ['/opt/venv/bin/python3.12'], options: ['-s'], mayInstall: false })
    expect(script('./train.py')).toEqual({ words: ['python3'], options: ['-I'], mayInstall: false })
    for (const name of ['run', 'plain', 'empty', '.', 'gone']) expect(script(name), name).toBeUndefined()
  })
})
