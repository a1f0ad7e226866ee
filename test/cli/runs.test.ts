import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openRepository } from '../../src/node/open-repository.ts'
import { pretendRun } from '../registry/made-up-runs.ts'
import { CLI_PATH, newFolder, runCli, runJson, startCli } from './run-cli.ts'

const TRAIN = `import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
const { VARVE_CONFIG, VARVE_METRICS, VARVE_OUTPUT_MODEL, VARVE_INPUT_TRAIN } = process.env
const { rate } = JSON.parse(readFileSync(VARVE_CONFIG, 'utf8'))
for (let step = 0; step < 3; step++) appendFileSync(VARVE_METRICS, JSON.stringify({ step, loss: rate / (step + 1) }) + '\\n')
writeFileSync(VARVE_OUTPUT_MODEL, readFileSync(VARVE_INPUT_TRAIN + '/a.txt', 'utf8') + rate)
console.log('trained')
`

async function project(): Promise<string> {
  const cwd = newFolder()
  writeFileSync(join(cwd, 'train.mjs'), TRAIN)
  writeFileSync(join(cwd, 'config.yaml'), 'rate: 0.5\nname: base\n')
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/a.txt'), 'some data ')
  await runJson(['snapshot', 'data'], { cwd })
  return cwd
}

const RUN = ['run', '--input', 'train=data', '--output', 'model=model.txt', '--config', 'config.yaml', '--seed', '7']
const COMMAND = ['--', process.execPath, 'train.mjs']

test('a training script is recorded, compared, explained, fetched and run again from its label', async () => {
  const cwd = await project()
  const first = await runCli([...RUN, '-m', 'a baseline', ...COMMAND], { cwd })
  expect(first).toMatchObject({ code: 0, stdout: 'trained\n' })
  expect(first.stderr).toMatch(/varve: run train#1 begins\n[\s\S]*varve: run train#1 succeeded/)
  const second = await runCli(['--json', ...RUN, '--set', 'rate=0.25', '--tag', 'smaller', ...COMMAND], { cwd })
  // What the script writes is not in the way of the one document.
  expect(JSON.parse(second.stdout)).toMatchObject({ run: 'train#2', status: 'succeeded', exitCode: 0 })
  expect(second.stderr).toContain('trained\n')
  expect((await runCli(['runs'], { cwd })).stdout).toMatch(/^train#2 {2}succeeded .*\[smaller\]\ntrain#1 {2}succeeded /)
  expect(await runJson(['show', 'train#1'], { cwd })).toMatchObject([{ label: 'train#1', why: 'a baseline', config: { rate: 0.5, name: 'base' }, artifacts: [{ name: 'model' }] }])
  const shown = (await runCli(['show', 'train#2'], { cwd })).stdout
  expect(shown.match(/ rate = 0\.25 {3}from --set$/gm)).toHaveLength(1)
  expect(shown.match(/^ {2}(run|started|config|seed|ended) +/gm)?.map((line) => line.trim())).toEqual(['run', 'started', 'config', 'seed', 'ended'])
  expect(shown).toMatch(/^train#2 {2}succeeded .*\n {2}run {9}bafy\w+ {3}succeeded\n[^]*\n {2}final {7}loss = 0\.08[^]*\ncommand {3}\S+ train\.mjs\nartifact {2}model {2}bafy/)
  expect((await runCli(['config', 'explain', 'train#2', 'rate'], { cwd })).stdout).toBe('rate = 0.25   from --set\n  instead of 0.5 from config.yaml:1\n')
  const compared = await runCli(['runs', 'compare', 'train#1', 'train#2', '--plot', 'loss.svg', '--metric', 'loss'], { cwd })
  expect(compared).toMatchObject({ code: 0, stdout: expect.stringMatching(/rate.*0\.5.*0\.25/) as string })
  expect(compared.stdout).toMatch(/^artifacts\n {2}model {2}.*… 1 file, \d+ B.*\n {4}model: train#1 → train#2: 0 added, 0 removed, 1 changed\n {6}~ model\.txt$/m)
  expect(await runJson(['runs', 'compare', 'train#1', 'train#2'], { cwd })).toMatchObject({ artifacts: [{ name: 'model' }], artifactFiles: [{ name: 'model', changed: 1 }] })
  expect(existsSync(join(cwd, 'loss.svg'))).toBe(true)
  expect((await runJson<readonly { kind: string }[]>(['artifacts', '--run', 'train#1'], { cwd })).map(({ kind }) => kind)).toEqual(['artifact', 'metrics', 'log'])
  expect(await runCli(['fetch-run', 'train#1', 'back'], { cwd })).toMatchObject({ code: 0 })
  expect(readdirSync(join(cwd, 'back')).sort()).toEqual(['REPRODUCE.md', 'code', 'config.json', 'inputs', 'run.json', 'run.sh'])
  writeFileSync(join(cwd, 'data/a.txt'), 'other data ')
  expect(await runCli(['reproduce', 'train#1'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringContaining('train#1 and train#3: identical') as string })
  await runJson(['snapshot', 'data'], { cwd })
  const kept = await runCli(['gc', '--keep-last', '1', '--dry-run'], { cwd })
  expect(kept.stdout).toMatch(/^would let go of baf\w+ .*: its data stays, kept by run train#3, which read it$/m)
  expect(kept.stdout).not.toContain('--forget')
  expect(await runJson(['gc', '--keep-last', '1', '--dry-run'], { cwd })).toMatchObject({ evicted: [{ keptBy: { run: 'train#3', as: 'input' } }] })
  expect(await runCli(['reproduce', 'train#1', '--tolerance', 'los=1'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "loss"?') as string })
  expect((await runCli(['reproduce', 'train#1'], { cwd, env: { OMP_NUM_THREADS: '3' } })).stdout).toMatch(/^machine {2}\$OMP_NUM_THREADS {2}none → 3$/m)
  const rehearsed = await runCli(['rehearse', '--sample', '1', '--since', '1d', '--seed', '3'], { cwd })
  expect([rehearsed.code, rehearsed.stdout]).toEqual([0, '1 of 1 run gave the same; there were 2 to choose from\n'])
  expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
}, 120_000)

test('a quiet run prints what its command does and nothing else, and its log has the lines about it all the same', async () => {
  const cwd = await project()
  expect(await runCli([...RUN, '-q', ...COMMAND], { cwd })).toMatchObject({ code: 0, stdout: 'trained\n', stderr: '' })
  const [run] = await runJson<readonly { log: string }[]>(['show', 'train#1'], { cwd })
  expect((await runCli(['cat', `${run?.log ?? ''}:stderr.txt`], { cwd })).stdout).toMatch(/^varve: run train#1 begins\n[^]*\nvarve: run train#1 succeeded\n/)
  expect(await runCli(['--quiet', 'reproduce', 'train#1'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  // Nobody else would say it.
  expect(await runCli(['run', '-q', '--name', 'none', '--output', 'model=none.txt', '--', process.execPath, '-e', '0'], { cwd })).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^varve: none#1 failed: the command did not write its output model.*\n$/) as string })
}, 60_000)

test('a key that no file of configuration has is refused, unless it is said to be new; one from a variable is warned of, and refused if the run is strict', async () => {
  const cwd = await project()
  const quick = ['--', process.execPath, '-e', 'process.exit()']
  const refused = await runCli(['run', '--config', 'config.yaml', '--set', 'rat=0.25', ...quick], { cwd })
  expect(refused).toMatchObject({ code: 2, stderr: 'varve: The configuration has no key "rat" that could be set; did you mean "rate"?\n  Correct it; or, if a new key is meant, write --set +rat=…\n' })
  const env = { VARVE_CONFIG__naem: 'x' }
  expect(await runCli(['run', '--strict', '--config', 'config.yaml', ...quick], { cwd, env })).toMatchObject({ code: 2, stderr: expect.stringMatching(/^varve: VARVE_CONFIG__naem sets "naem", a key that no file of configuration has; did you mean "name"\?\n.*unset VARVE_CONFIG__naem/) as string })
  expect((await runCli(['check', '--preflight', '--config', 'config.yaml', '--set', 'rat=1', ...quick], { cwd })).stdout).toContain('did you mean "rate"?')
  expect((await runCli(['runs'], { cwd })).stdout).toBe('')
  expect(await runCli(['run', '--name', 'new', '--config', 'config.yaml', '--set', '+rat=1', '--set', 'rat=2', '--set', 'rate=3', ...quick], { cwd, env })).toMatchObject({ code: 0, stderr: expect.stringMatching(/^varve: warning: VARVE_CONFIG__naem sets "naem"/) as string })
  expect(await runJson(['show', 'new'], { cwd })).toMatchObject([{ config: { rate: 3, name: 'base', rat: 2, naem: 'x' } }])
  // Where nothing is declared, everything is new.
  expect(await runCli(['run', '--name', 'free', '--set', 'rat=1', ...quick], { cwd, env })).toMatchObject({ code: 0, stderr: expect.not.stringContaining('warning') as string })
}, 60_000)

test('a run has the exit code of its command, and mistakes are told before anything is begun', async () => {
  const cwd = await project()
  expect(await runCli(['run', '--', process.execPath, '-e', 'process.exit(7)'], { cwd })).toMatchObject({ code: 7 })
  expect(await runCli(['run', '--', process.execPath, '-e', "process.kill(process.pid, 'SIGKILL')"], { cwd })).toMatchObject({ code: 137 })
  expect(await runCli(['run', '--input', 'train=none', ...COMMAND], { cwd })).toMatchObject({ code: 3, stderr: expect.stringContaining('none') as string })
  expect(await runCli(['run', process.execPath, 'train.mjs', '--rate', '1'], { cwd })).toMatchObject({ code: 2 })
  const begun = (await runCli(['runs'], { cwd })).stdout
  expect(await runCli(['run', '--input', 'train=./data', ...COMMAND], { cwd })).toMatchObject({ code: 2, stderr: 'varve: "./data" is a folder, and the input train is a dataset of the repository\n  Take `varve snapshot ./data` and write data: the ref that it then has.\n' })
  expect((await runCli(['run', process.execPath, 'train.mjs', '--rate', '1'], { cwd })).stderr).toMatch(/^varve: Unknown option '--rate'\n {2}.*The command comes last, after --: varve run --input train=data -- python3 train\.py --rate 0\.1\n$/)
  expect((await runCli(['run', '--ouput', 'o=x', 'node'], { cwd })).stderr).toContain('Did you mean --output?')
  expect((await runCli(['runs'], { cwd })).stdout).toBe(begun)
  expect(await runCli(['run', '--output', 'o=.', ...COMMAND], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('The output o cannot be .') as string })
  expect(await runCli(['run', ...COMMAND, '{inputs.train}'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('{inputs.train} that stands for nothing') as string })
  if (process.platform !== 'win32') expect(await runCli(['run', '--', 'nodde', 'train.mjs'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringMatching(/^varve: There is no program "nodde".*\n/) as string })
  expect((await runCli(['runs'], { cwd })).stdout).toBe(begun)
  expect(await runCli(['show', 'train#9'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringContaining('There is no run "train#9"') as string })
  expect(await runCli(['runs', 'compare', 'train'], { cwd })).toMatchObject({ code: 2 })
}, 60_000)

test('after kill -9 a run is lost, with the metrics of all but the last second', async () => {
  const cwd = await project()
  writeFileSync(join(cwd, 'slow.mjs'), "import { appendFileSync } from 'node:fs'\nlet step = 0\nsetInterval(() => appendFileSync(process.env.VARVE_METRICS, JSON.stringify({ step: step++, time: Date.now() }) + '\\n'), 10)\nconsole.log('ready')\n")
  const { child, ended } = startCli(['run', '--', process.execPath, 'slow.mjs'], { cwd })
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()))
  await sleep(2500)
  const killed = Date.now()
  child.kill('SIGKILL')
  await ended
  // The command goes on, and as long as it does the run is not lost.
  expect((await runCli(['runs'], { cwd })).stdout).toMatch(/^slow#1 {2}running /)
  expect(await runCli(['runs', 'close', 'slow#1', '--why', 'I killed it'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringMatching(/slow#1 is not lost: its command lives on this machine, as number \d+\n.*kill \d+\. .*`varve runs`/) as string })
  const [noted] = readdirSync(join(cwd, '.varve/cache/runs')).map((run) => JSON.parse(readFileSync(join(cwd, '.varve/cache/runs', run, 'command.json'), 'utf8')) as { id: number })
  process.kill(noted?.id ?? 0, 'SIGKILL')
  await sleep(200)
  const listed = await runCli(['runs'], { cwd })
  expect(listed.stderr).toContain('slow#1 is lost')
  expect(listed.stdout).toMatch(/^slow#1 {2}lost /)
  const [run] = await runJson<readonly { status: string; final: { time: number } }[]>(['show', 'slow#1'], { cwd })
  expect(run?.status).toBe('lost')
  expect(killed - (run?.final.time ?? 0)).toBeLessThan(1000)
  expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
}, 60_000)

test('a signal is passed on as it came, and the run is recorded as given up', async () => {
  const cwd = await project()
  writeFileSync(join(cwd, 'asked.mjs'), "process.on('SIGINT', () => { console.log('saved'); process.exit(0) })\nconsole.log('ready')\nsetInterval(() => {}, 1000)\n")
  for (const [signal, code] of [['SIGINT', 130], ['SIGHUP', 129]] as const) {
    const { child, ended } = startCli(['run', '--', process.execPath, 'asked.mjs'], { cwd })
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()))
    child.kill(signal)
    const done = await ended
    expect(done.code).toBe(code)
    if (signal === 'SIGINT') expect(done.stdout).toBe('ready\nsaved\n')
  }
  expect((await runCli(['runs'], { cwd })).stdout.match(/^asked#\d {2}aborted /gm)).toHaveLength(2)
}, 60_000)

test('a run of a machine that is no more is closed with a why, and one that lives is not', async () => {
  const cwd = await project()
  const repository = await openRepository(join(cwd, '.varve'))
  await pretendRun(repository, { name: 'train', status: 'running' })
  await repository.close()
  writeFileSync(join(cwd, 'wait.mjs'), "console.log('ready')\nsetInterval(() => {}, 1000)\n")
  expect((await runCli(['runs'], { cwd })).stdout).toMatch(/^train#1 {2}running /)
  for (const wrong of [['train#1'], ['train#1', 'train#2', '--why', 'x'], ['--why', 'x'], ['train#1', '--why', 'x', '--by', 'data']]) expect(await runCli(['runs', 'close', ...wrong], { cwd })).toMatchObject({ code: 2 })
  expect(await runCli(['runs', 'close', 'train#1', '--why', 'the node was taken down'], { cwd, env: { VARVE_AUTHOR: 'Ada' } })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^train#1 {2}lost /) as string })
  expect(await runJson(['show', 'train#1'], { cwd })).toMatchObject([{ status: 'lost', reason: 'declared lost by Ada: the node was taken down' }])
  expect(await runCli(['--json', 'runs', 'close', 'train#1', '--why', 'again'], { cwd })).toMatchObject({ code: 5, stdout: expect.stringContaining('SEALED') as string })
  const { child, ended } = startCli(['run', '--', process.execPath, 'wait.mjs'], { cwd })
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()))
  expect(await runCli(['runs', 'close', 'wait', '--why', 'I think so'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('lives on this machine') as string })
  child.kill('SIGTERM')
  await ended
}, 60_000)

test.skipIf(process.platform === 'win32')('a run goes on to its end when nobody reads its output any more', async () => {
  const cwd = await project()
  writeFileSync(join(cwd, 'slow.mjs'), "import { writeFileSync } from 'node:fs'\nfor (let line = 0; line < 20; line++) {\n  console.log('line', line)\n  console.error('line', line)\n  await new Promise((resolve) => setTimeout(resolve, 30))\n}\nwriteFileSync(process.env.VARVE_OUTPUT_DONE, 'to the end')\n")
  for (const [number, pipe] of ['| head -1', '2>&1 | head -3', '2>&1 >/dev/null | head -1'].entries()) {
    const words = [process.execPath, CLI_PATH, 'run', '--name', 'piped', '--output', `done=done-${number}.txt`, '--', process.execPath, 'slow.mjs'].map((word) => `'${word}'`)
    await promisify(execFile)('/bin/sh', ['-c', `${words.join(' ')} ${pipe}`], { cwd })
    for (let waited = 0; waited < 200 && !existsSync(join(cwd, `done-${number}.txt`)); waited++) await sleep(50)
    await expect.poll(async () => (await runJson<readonly { name: string; number: number; status: string }[]>(['runs', 'list', 'piped'], { cwd }))[0], { timeout: 20_000 }).toMatchObject({ number: number + 1, status: 'succeeded' })
  }
}, 120_000)
