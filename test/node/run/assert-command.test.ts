import { chmodSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { assertCommand, type CommandToRun } from '../../../src/node/run/assert-command.ts'
import { assertProgram } from '../../../src/node/run/assert-program.ts'
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

describe.skipIf(process.platform === 'win32')('a program', () => {
  it('is found as the system finds it: by the search path, by its path from the folder, and by its absolute path', async () => {
    await using project = new Project()
    chmodSync(project.write('bin/tool', '#!/bin/sh\n'), 0o755)
    const environment = { PATH: `/no/such/folder:${join(project.folder, 'bin')}` }
    for (const word of ['tool', 'bin/tool', './bin/tool', join(project.folder, 'bin/tool')]) assertProgram(word, { folder: project.folder, environment })
    assertProgram('tool', { folder: join(project.folder, 'bin'), environment: { PATH: ':/bin' } })
    // Where the system looks then is the system's affair.
    assertProgram('tool', { folder: project.folder, environment: {} })
  })

  it.each<[string, string, string, RegExp, RegExp]>([
    ['misspelt', 'tol', 'NOT_FOUND', /^There is no program "tol" in the folders of PATH$/, /^Did you mean tool\?$/],
    ['near to nothing', 'zebra-crossing', 'NOT_FOUND', /^There is no program "zebra-crossing"/, /whether it is installed/],
    ['a whole line', 'tool --rate 1', 'NOT_FOUND', /^There is no program "tool --rate 1"/, /word by word, without quotes/],
    ['a script of the folder without its path', 'train.py', 'NOT_FOUND', /^There is no program "train.py"/, /There is a file train\.py here: .*python3 train\.py, or write \.\/train\.py/],
    ['a path to nothing', './tran.py', 'NOT_FOUND', /^There is no program "\.\/tran\.py" in \//, /counts from the folder/],
    ['a folder', './bin', 'NOT_FOUND', /^There is no program "\.\/bin"/, /counts from the folder/],
    ['below a file', './train.py/x', 'NOT_FOUND', /^There is no program/, /counts from the folder/],
    ['not executable', './train.py', 'INVALID_ARGUMENT', /train\.py is not executable$/, /chmod \+x \.\/train\.py/],
  ])('that is %s is refused, with what to do', async (_what, word, code, message, hint) => {
    await using project = new Project()
    chmodSync(project.write('bin/tool', '#!/bin/sh\n'), 0o755)
    chmodSync(project.write('train.py', ''), 0o644)
    const check = (): void => assertProgram(word, { folder: project.folder, environment: { PATH: join(project.folder, 'bin') } })
    expect(check).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string, hint: expect.stringMatching(hint) as string }) as Error)
  })
})

it('what is refused of a command leaves no run behind', async () => {
  await using project = new Project()
  const repository = await project.open()
  for (const options of [{ command: [process.execPath, '{inputs.train}'] }, { outputs: { o: '.' } }, { outputs: { o: '.varve/x' } }]) await expect(project.supervise(repository, 'train.mjs', options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(project.supervise(repository, '', { command: ['no-such-program-here', '1'] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
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
