import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCid } from '../../../src/cid/cid.ts'
import type { Repository } from '../../../src/dataset/repository.ts'
import { fetchRun } from '../../../src/node/run/fetch-run.ts'
import { reproduceStep } from '../../../src/node/run/reproduce-step.ts'
import { rehearseRuns } from '../../../src/node/run/rehearse-runs.ts'
import { reproduceRun } from '../../../src/node/run/reproduce-run.ts'
import { findRun } from '../../../src/run/find-run.ts'
import { evictDerived } from '../derive/project.ts'
import { derive } from '../../../src/node/derive/derive.ts'
import { capitals } from '../derive/project.ts'
import { Project } from './project.ts'

/** Trains: says what it was given, logs metrics, and writes a model that depends on data, configuration and seed. */
const SCRIPT = `import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { factor } from './lib/factor.mjs'
const { VARVE_INPUT_TRAIN, VARVE_OUTPUT_MODEL, VARVE_CONFIG, VARVE_METRICS, VARVE_SEED, VARVE_RUN } = process.env
const text = readFileSync(join(VARVE_INPUT_TRAIN, 'a.txt'), 'utf8')
const { rate } = JSON.parse(readFileSync(VARVE_CONFIG, 'utf8'))
for (let step = 0; step < 5; step++) appendFileSync(VARVE_METRICS, JSON.stringify({ step, loss: rate / (step + 1) }) + '\\n')
appendFileSync(VARVE_METRICS, 'no JSON\\n')
writeFileSync(VARVE_OUTPUT_MODEL, [text, rate * factor, VARVE_SEED].join(' '))
console.log('trained', VARVE_RUN.slice(0, 4))
console.error('a warning')
`

async function started(project: Project): Promise<Repository> {
  const repository = await project.open()
  await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'data' })
  project.write('train.mjs', SCRIPT)
  project.write('lib/factor.mjs', 'export const factor = 2\n')
  return repository
}

const OPTIONS = { inputs: { train: 'data' }, outputs: { model: 'model.txt' }, config: { rate: 0.5 }, seed: 7 } as const

describe('a command', () => {
  it('may write its metrics to a pipe, and to the file besides', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('pipe.mjs', `import { appendFileSync, writeSync } from 'node:fs'
const pipe = Number(process.env.VARVE_METRICS_FD)
for (let step = 0; step < 1000; step++) writeSync(pipe, JSON.stringify({ step, loss: 1 / (step + 1) }) + '\\n')
appendFileSync(process.env.VARVE_METRICS, '{"accuracy":0.75}\\n')
writeSync(pipe, '{"step":1000,')
writeSync(pipe, '"loss":0.5}')
`)
    const { run, status, badMetricLines } = await project.supervise(repository, 'pipe.mjs', {})
    expect({ status, badMetricLines }).toEqual({ status: 'succeeded', badMetricLines: 0 })
    expect((await findRun(repository.blocks, run.id)).ended?.final).toEqual({ accuracy: 0.75, loss: 0.5 })
  }, 30_000)

  it('is run as a run: it finds its data, configuration and seed, and its metrics, output and log are kept', async () => {
    await using project = new Project()
    const repository = await started(project)
    const { run, status, exitCode, badMetricLines, stdout, stderr } = await project.supervise(repository, 'train.mjs', OPTIONS)
    expect({ status, exitCode, badMetricLines }).toEqual({ status: 'succeeded', exitCode: 0, badMetricLines: 1 })
    expect(stdout).toBe('trained bafy\n')
    expect(stderr).toMatch(/^varve: run train#1 begins\n[\s\S]*a warning\n[\s\S]*varve: run train#1 succeeded\n[\s\S]*loss = 0.1/)
    const { started: start, ended } = await findRun(repository.blocks, run.id)
    expect(start).toMatchObject({ command: [process.execPath, 'train.mjs'], cwd: '', outputs: [{ name: 'model', path: 'model.txt' }] })
    expect(ended).toMatchObject({ status: 'succeeded', exitCode: 0, signal: null, final: { loss: 0.1 }, artifacts: [{ name: 'model', files: 1 }] })
    const read = async (root: unknown, path: string): Promise<string> => new TextDecoder().decode(await repository.read(String(root), path))
    expect(await read(ended?.artifacts[0]?.root, 'model.txt')).toBe('first 1 7')
    expect(await read(ended?.log, 'stdout.txt')).toBe(stdout)
    // The job's own log says how it began and how it ended.
    expect(await read(ended?.log, 'stderr.txt')).toBe(stderr)
    expect(await read(start.code, 'lib/factor.mjs')).toBe('export const factor = 2\n')
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 30_000)

  it.each<[string, string, object]>([
    ['exits with a code', 'process.exit(3)', { status: 'failed', exitCode: 3, signal: null, reason: 'the command ended with exit code 3' }],
    ['is ended by a signal', "process.kill(process.pid, 'SIGKILL')", { status: 'failed', exitCode: null, signal: 'SIGKILL', reason: 'the command was ended by SIGKILL' }],
    ['does not write what it should', "console.log('done')", { status: 'failed', exitCode: 0, reason: expect.stringMatching(/^the command did not write its output model/) as string }],
  ])('that %s has failed, and its log says so', async (_what, script, expected) => {
    await using project = new Project()
    const repository = await started(project)
    project.write('other.mjs', script)
    const result = await project.supervise(repository, 'other.mjs', OPTIONS)
    expect(result).toMatchObject(expected)
    expect(result.stderr).toContain('varve: run train#1 failed')
    expect(await findRun(repository.blocks, 'train')).toMatchObject({ isOver: true, ended: { status: 'failed' } })
  }, 30_000)

  it('that leaves an output as another run had left it has not written it', async () => {
    await using project = new Project()
    const repository = await started(project)
    await project.supervise(repository, 'train.mjs', OPTIONS)
    project.write('nothing.mjs', '')
    expect(await project.supervise(repository, 'nothing.mjs', OPTIONS)).toMatchObject({ status: 'failed', exitCode: 0, reason: expect.stringMatching(/did not write its output model: .* is as it was before/) as string })
    expect((await findRun(repository.blocks, 'train#2')).ended?.artifacts).toEqual([])
    // The same bytes, written again, are its own.
    expect(await project.supervise(repository, 'train.mjs', OPTIONS)).toMatchObject({ status: 'succeeded' })
    utimesSync(join(project.folder, 'model.txt'), 0, 0)
  }, 30_000)

  it('whose inputs or outputs have names that come to one is refused before anything is begun', async () => {
    await using project = new Project()
    const repository = await started(project)
    await expect(project.supervise(repository, 'train.mjs', { inputs: { 'a-b': 'data', a_b: 'data' } })).rejects.toThrow('differ by case or by - and _ alone')
    await expect(project.supervise(repository, 'train.mjs', { outputs: { model: 'a', Model: 'b' } })).rejects.toThrow('differ by case or by - and _ alone')
    await expect(findRun(repository.blocks, 'train')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  }, 30_000)

  it('is done when it has ended, whatever it started and left behind; and stopped with all of that', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('leaves.mjs', "import { spawn } from 'node:child_process'\nspawn('sleep', ['60'], { stdio: 'inherit' }).unref()\nconsole.log('left')\n")
    const before = performance.now()
    expect(await project.supervise(repository, 'leaves.mjs')).toMatchObject({ status: 'succeeded', stdout: 'left\n' })
    const stop = new AbortController()
    const stopped = await project.supervise(repository, '', { command: ['sh', '-c', 'echo ready; sleep 61; true'], signal: stop.signal, onOutput: (stream) => void (stream === 'stdout' && stop.abort()) })
    expect(stopped).toMatchObject({ status: 'aborted', signal: 'SIGTERM' })
    expect(performance.now() - before).toBeLessThan(30_000)
    if (existsSync('/proc/self/cmdline')) expect(spawnSync('pgrep', ['-f', '^sleep 61$']).status).toBe(1)
  }, 60_000)

  it('is sent the signal that this process was, and killed only if that is asked for', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('deaf.mjs', "process.on('SIGINT', () => console.log('interrupted'))\nconsole.log('ready')\nsetInterval(() => {}, 1000)\n")
    const [stop, kill] = [new AbortController(), new AbortController()]
    let stdout = ''
    const { status, signal } = await project.supervise(repository, 'deaf.mjs', {
      signal: stop.signal, killSignal: kill.signal, stopWith: () => 'SIGINT', onOutput: (stream, bytes) => {
        if (stream === 'stdout') stdout += Buffer.from(bytes).toString()
        if (stdout.includes('ready')) stop.abort()
        if (stdout.includes('interrupted')) kill.abort()
      },
    })
    expect([status, signal, stdout]).toEqual(['aborted', 'SIGKILL', 'ready\ninterrupted\n'])
  }, 30_000)

  it.skipIf(process.platform === 'win32')('that cannot be started leaves a run that has failed, and one with a placeholder for nothing leaves none', async () => {
    await using project = new Project()
    const repository = await started(project)
    chmodSync(project.write('script', '#!/no/such/interpreter\n'), 0o755)
    expect(await project.supervise(repository, '', { ...OPTIONS, command: ['./script'] })).toMatchObject({ status: 'failed', exitCode: null, reason: expect.stringMatching(/^there is no program \.\/script, or not what its first line/) as string })
    await expect(project.supervise(repository, '', { ...OPTIONS, command: ['node', '{inputs.test}'] })).rejects.toThrow('{inputs.test} that stands for nothing')
    await expect(project.supervise(repository, '', { command: [] })).rejects.toThrow('There is no command to run')
    await expect(findRun(repository.blocks, 'train#2')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  }, 30_000)

  it('that is stopped is asked to end, and has been given up with what it had logged', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('slow.mjs', "import { appendFileSync } from 'node:fs'\nappendFileSync(process.env.VARVE_METRICS, '{\"loss\":1}\\n')\nprocess.on('SIGTERM', () => { console.log('told'); process.exit(1) })\nconsole.log('ready')\nsetInterval(() => {}, 1000)\n")
    const stop = new AbortController()
    let stdout = ''
    const { run, status } = await project.supervise(repository, 'slow.mjs', {
      signal: stop.signal, onOutput: (stream, bytes) => {
        if (stream === 'stdout') stdout += Buffer.from(bytes).toString()
        if (stdout.includes('ready')) stop.abort()
      },
    })
    expect([status, stdout]).toEqual(['aborted', 'ready\ntold\n'])
    expect(await findRun(repository.blocks, run.id)).toMatchObject({ isOver: true, ended: { status: 'aborted', final: { loss: 1 } } })
  }, 30_000)
})

describe('a run of a command', () => {
  it('comes back with code, data, configuration and what a person has to do', async () => {
    await using project = new Project()
    const repository = await started(project)
    await project.supervise(repository, 'train.mjs', OPTIONS)
    const folder = join(project.folder, 'back')
    expect(await fetchRun(repository, 'train', folder, { container: `node@sha256:${'0'.repeat(64)}`, artifacts: true })).toMatchObject({ run: 'train#1', folder })
    const text = (path: string): string => readFileSync(join(folder, path), 'utf8')
    expect(text('code/train.mjs')).toBe(SCRIPT)
    expect(text('inputs/train/a.txt')).toBe('first')
    expect(JSON.parse(text('config.json'))).toEqual({ rate: 0.5 })
    expect(text('artifacts/model/model.txt')).toBe('first 1 7')
    expect(JSON.parse(text('run.json'))).toMatchObject({ label: 'train#1', seed: '7', status: 'succeeded' })
    expect(text('REPRODUCE.md')).toMatch(/sh run\.sh[\s\S]*VARVE_SEED[\s\S]*train\.mjs[\s\S]*model: root bafy/)
    // What it says is what a person does.
    const done = spawnSync('sh', ['run.sh'], { cwd: folder, encoding: 'utf8' })
    expect({ status: done.status, stdout: done.stdout }).toEqual({ status: 0, stdout: 'trained bafy\n' })
    expect(text('outputs/model/model.txt')).toBe('first 1 7')
    expect(text('metrics.jsonl')).toContain('"loss":0.1')
    expect(text('Dockerfile')).toMatch(/^ENV VARVE_INPUT_TRAIN="\/run\/inputs\/train"$[\s\S]*^ENV VARVE_OUTPUT_MODEL="\/run\/outputs\/model\/model\.txt"$[\s\S]*^CMD \[.*"train\.mjs"\]$/m)
    expect(text('Dockerfile')).toContain(`FROM node@sha256:${'0'.repeat(64)}`)
    await expect(fetchRun(repository, 'train', folder)).rejects.toMatchObject({ code: 'WOULD_OVERWRITE' })
    await expect(fetchRun(repository, 'train', join(project.folder, 'x'), { container: 'node:24' })).rejects.toThrow('does not name an image by its digest')
    await expect(fetchRun(repository, 'train', join(project.folder, 'x'), { container: true })).rejects.toThrow('recorded no container image')
  }, 30_000)

  it('gives the same when it is run again elsewhere, whatever became of the project; otherwise says what differs first', async () => {
    await using project = new Project()
    const repository = await started(project)
    const { run } = await project.supervise(repository, 'train.mjs', OPTIONS)
    project.write('lib/factor.mjs', 'export const factor = 3\n')
    await repository.snapshot([{ path: 'a.txt', content: 'other' }], { ref: 'data' })
    const options = { environment: { PATH: process.env['PATH'] }, modules: project.folder }
    const result = await reproduceRun(repository, 'train#1', options)
    expect(result).toMatchObject({ verdict: 'identical', run: 'train#1', again: 'train#2', firstDifference: null, artifacts: [{ name: 'model', isSame: true }], metrics: [{ name: 'loss', verdict: 'identical' }], environment: [] })
    expect((await findRun(repository.blocks, 'train#2')).started.reproduces?.toString()).toBe(run.id)

    project.write('train.mjs', SCRIPT.replace('rate * factor', 'Date.now()').replace('loss: rate', 'loss: 0.01 + rate'))
    await project.supervise(repository, 'train.mjs', OPTIONS)
    expect(await reproduceRun(repository, 'train#3', options)).toMatchObject({ verdict: 'differs', firstDifference: 'model: model.txt', artifacts: [{ isSame: false, differences: ['model.txt'] }] })
    expect(await reproduceRun(repository, 'train#3', { ...options, tolerances: { loss: 0.1 } })).toMatchObject({ verdict: 'within tolerance' })
    // What may be the reason is told beside.
    expect(await reproduceRun(repository, 'train#3', { ...options, environment: { ...options.environment, OMP_NUM_THREADS: '3' } })).toMatchObject({ verdict: 'differs', environment: [{ name: '$OMP_NUM_THREADS', first: null, again: '3' }] })
  }, 60_000)

  it('is run again with its own code and writes nothing over, whatever paths its command has; a run that ends otherwise differs, and nothing is not the same', async () => {
    await using project = new Project()
    const repository = await started(project)
    const outside = new Project()
    try {
      const output = join(outside.folder, 'model.txt')
      const script = join(project.folder, 'copy.mjs')
      project.write('copy.mjs', "import { writeFileSync } from 'node:fs'\nwriteFileSync(process.argv[2], 'weights')\n")
      await project.supervise(repository, '', { command: [process.execPath, script, output], outputs: { model: output } })
      expect((await findRun(repository.blocks, 'train')).started.command).toEqual([process.execPath, 'copy.mjs', '{outputs.model}'])
      project.write('copy.mjs', 'process.exit(9)\n')
      outside.write('model.txt', 'mine')
      const options = { environment: { PATH: process.env['PATH'] }, modules: project.folder }
      expect(await reproduceRun(repository, 'train#1', options)).toMatchObject({ verdict: 'identical', statuses: ['succeeded', 'succeeded'] })
      expect(readFileSync(output, 'utf8')).toBe('mine')

      // A reproduction does not take the place of the newest run.
      expect((await findRun(repository.blocks, 'train')).label).toBe('train#1')
      project.write('once.mjs', `import { existsSync, writeFileSync } from 'node:fs'\nif (existsSync(${JSON.stringify(join(outside.folder, 'again'))})) process.exit(3)\nwriteFileSync(${JSON.stringify(join(outside.folder, 'again'))}, '')\n`)
      await project.supervise(repository, 'once.mjs', { name: 'once' })
      expect(await reproduceRun(repository, 'once', options)).toMatchObject({ verdict: 'differs', firstDifference: 'it failed', statuses: ['succeeded', 'failed'] })
      project.write('nothing.mjs', '')
      await project.supervise(repository, 'nothing.mjs', { name: 'nothing' })
      expect(await reproduceRun(repository, 'nothing', options)).toMatchObject({ verdict: 'nothing to compare' })
      await project.supervise(repository, '', { name: 'secret', command: [process.execPath, 'nothing.mjs', '--api-key', 'hunter2hunter2'] })
      await expect(reproduceRun(repository, 'secret', options)).rejects.toThrow('had a secret in it, which was not recorded')
    } finally {
      await outside[Symbol.asyncDispose]()
    }
  }, 60_000)

  it('whose data was derived and then dropped is run again all the same', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('loud.mjs', capitals({ name: 'loud' }))
    await derive(repository, join(project.folder, 'loud.mjs'), { inputs: { raw: 'data' }, ref: 'loud' })
    await project.supervise(repository, 'train.mjs', { ...OPTIONS, inputs: { train: 'loud' } })
    await repository.deleteRef('loud')
    expect(await evictDerived(repository)).toHaveLength(1)
    expect(await repository.blocks.isEvicted(parseCid(String((await findRun(repository.blocks, 'train')).started.inputs[0]?.root)))).toBe(true)
    expect(await reproduceRun(repository, 'train', { environment: { PATH: process.env['PATH'] }, modules: project.folder })).toMatchObject({ verdict: 'identical' })
    // One step of what it was derived by, without training.
    expect(await reproduceStep(repository, 'train', 'loud', { modules: project.folder })).toMatchObject({ ok: true, steps: [{ recipe: 'loud', status: 'same' }] })
    await expect(reproduceStep(repository, 'train', 'quiet')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'There is loud.' })
  }, 60_000)
})

describe('a rehearsal', () => {
  it('runs a sample again that the seed decides, and says how many gave the same', async () => {
    await using project = new Project()
    const repository = await started(project)
    for (const seed of [1, 2, 3]) await project.supervise(repository, 'train.mjs', { ...OPTIONS, seed })
    project.write('clock.mjs', "import { writeFileSync } from 'node:fs'\nwriteFileSync(process.env.VARVE_OUTPUT_MODEL, String(process.hrtime.bigint()))\n")
    await project.supervise(repository, 'clock.mjs', { ...OPTIONS, name: 'clock' })
    const options = { environment: { PATH: process.env['PATH'] }, modules: project.folder }
    const all = await rehearseRuns(repository, { ...options, sample: 10 })
    expect(all).toMatchObject({ candidates: 4, rate: 0.75 })
    expect(all.rehearsed.find(({ run }) => run === 'clock#1')).toMatchObject({ verdict: 'differs', why: 'model: model.txt' })
    const chosen = async (seed: number): Promise<readonly string[]> => (await rehearseRuns(repository, { ...options, sample: 2, seed })).rehearsed.map(({ run }) => run)
    // Reproductions are no candidates, so the same are chosen from.
    expect(await chosen(5)).toEqual(await chosen(5))
    expect(await rehearseRuns(repository, { ...options, sample: 1, since: Date.now() + 1000 })).toEqual({ candidates: 0, rehearsed: [], rate: null })
    await expect(rehearseRuns(repository, { ...options, sample: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }, 120_000)
})

it('what a run writes is no part of the code of the next', async () => {
  await using project = new Project()
  const repository = await started(project)
  const codes = []
  for (let count = 0; count < 2; count++) codes.push(String((await findRun(repository.blocks, (await project.supervise(repository, 'train.mjs', OPTIONS)).run.id)).started.code))
  expect(codes[0]).toBe(codes[1])
}, 60_000)
