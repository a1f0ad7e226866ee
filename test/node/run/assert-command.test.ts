import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { assertCommand, type CommandToRun } from '../../../src/node/run/assert-command.ts'
import { reproduceRun } from '../../../src/node/run/reproduce-run.ts'
import { rehearseRuns } from '../../../src/node/run/rehearse-runs.ts'
import { listRuns } from '../../../src/run/run-tree.ts'
import { gather } from '../../dataset/in-memory.ts'
import { Project } from './project.ts'

const FOLDER = resolve('/somewhere/project')
const check = (command: Partial<CommandToRun>): void => assertCommand({ command: ['train'], inputs: {}, outputs: {}, config: { values: { rate: 0.1, deep: { er: 'x' } } }, seed: '7', folder: FOLDER, repository: join(FOLDER, '.varve'), ...command })

describe('a command is refused', () => {
  it.each<[string, Partial<CommandToRun>, string]>([
    ['that is none', { command: [] }, 'There is no command to run'],
    ['for a placeholder that stands for nothing', { command: ['train', '{config.rat}'] }, 'placeholder {config.rat} that stands for nothing'],
    ['for a lone brace', { command: ['node', '-e', 'f() {'] }, 'has a lone {'],
    ['for an input that it does not have', { command: ['{inputs.train}'], inputs: { test: 'data' } }, '{inputs.train}'],
    ['for the whole working folder as an output', { outputs: { o: '.' } }, 'The output o cannot be .: the whole folder'],
    ['for an output of no path', { outputs: { o: '' } }, 'The output o cannot be nothing'],
    ['for a folder above as an output', { outputs: { o: '../..' } }, 'the whole folder'],
    ['for the working folder by its whole path', { outputs: { o: FOLDER } }, 'the whole folder'],
    ['for the repository as an output', { outputs: { o: '.varve' } }, 'the repository is in it'],
    ['for an output in the repository', { outputs: { o: '.varve/out' } }, 'the repository has it within'],
    ['for an output around a repository elsewhere', { outputs: { o: '/data' }, repository: resolve('/data/store/.varve') }, 'the repository is in it'],
  ])('%s', (_what, command, message) => {
    expect(() => check(command)).toThrow(message)
    expect(() => check(command)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error)
  })
})

it('a command is taken with outputs below, beside and elsewhere, and with placeholders that stand for something', () => {
  check({ command: ['train', '{inputs.train}', '{outputs.model}', '{config.rate}', '{config.deep.er}', '{seed}', '{{}}'], inputs: { train: 'data' }, outputs: { model: 'out', beside: '../project-2', far: '/data/out', dots: '..x/y' } })
})

it('what is refused of a command leaves no run behind', async () => {
  await using project = new Project()
  const repository = await project.open()
  for (const options of [{ command: [process.execPath, '{inputs.train}'] }, { outputs: { o: '.' } }, { outputs: { o: '.varve/x' } }]) await expect(project.supervise(repository, 'train.mjs', options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(await gather(listRuns(repository.blocks))).toEqual([])
}, 30_000)

it('a tolerance for a metric that a run does not have is refused before it is run again, and in a rehearsal if no run has it', async () => {
  await using project = new Project()
  const repository = await project.open()
  project.write('one.mjs', "import { appendFileSync } from 'node:fs'\nappendFileSync(process.env.VARVE_METRICS, JSON.stringify({ [process.argv[2]]: 1 }) + '\\n')\n")
  for (const metric of ['loss', 'accuracy']) await project.supervise(repository, '', { command: [process.execPath, 'one.mjs', metric], name: metric })
  const options = { environment: { PATH: process.env['PATH'] }, modules: project.folder }
  await expect(reproduceRun(repository, 'loss#1', { ...options, tolerances: { los: 1 } })).rejects.toThrow('There is no metric "los" of the run loss#1; did you mean "loss"?')
  await expect(rehearseRuns(repository, { ...options, sample: 2, tolerances: { acuracy: 1 } })).rejects.toThrow('did you mean "accuracy"?')
  expect((await gather(listRuns(repository.blocks))).length).toBe(2)
  expect(await rehearseRuns(repository, { ...options, sample: 2, tolerances: { loss: 1 } })).toMatchObject({ rate: 1, candidates: 2 })
}, 60_000)
