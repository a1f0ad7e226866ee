import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { fillWords } from '../../recipe/command-words.ts'
import { type Attendance, StopSwitch } from './attend.ts'
import { BoundedLog } from './bounded-log.ts'
import { checkJob } from './check-job.ts'
import { baseEnvironment, workVariables } from './environment.ts'
import { changesSince, type FolderFacts, type FolderKind, freezeFolder } from './folder-facts.ts'
import type { ExecutionJob, ExecutionOutcome } from './interface.ts'
import { killLeftovers } from './process-tree.ts'
import { runCommand, runCommandUnits } from './run-command.ts'
import { runOnce, runUnits } from './run-function.ts'
import type { Runner, RunnerOptions } from './runner.ts'
import { shownNames } from './shown-names.ts'
import { type TakenUnit, UnitQueue } from './unit-queue.ts'
import { type Verdict, verdictOfStop } from './verdict.ts'

/**
 * Runs a recipe in processes of its own and says how that ended. They have an environment with nothing of this process's but the search path, code and inputs that they may not write to, and the
 * limits of the job. When this settles they are all gone, with what they started; the scratch folder is there still, with the outputs and the log.
 *
 * A function runs in a Node process, a command below one that looks after it: if this process dies, even by SIGKILL, so do they, within a second. On Linux even what
 * has left its process group is found; elsewhere, and for what runs in a daemon's hands, such as a container, that is up to the command.
 *
 * Costs some 50 ms for the start of a process, one look at every file of the inputs and of the code before, and one after.
 *
 * @param startRunner starts what a function is run by, or what looks after a command
 * @throws InvalidArgumentError for a job that cannot be, or a placeholder that stands for nothing, before anything is started; what `onUnit` throws; what the system says if the
 * scratch folder cannot be used
 */
export async function execute(job: ExecutionJob, startRunner: (options: RunnerOptions) => Runner): Promise<ExecutionOutcome> {
  checkJob(job)
  const { scratch, action, params, seed, units } = job
  // Each unit has its own part of the first input.
  const shared = units === undefined ? job.inputs : job.inputs.slice(1)
  const folders: Folders = {
    inputs: Object.fromEntries(shared.map((name) => [name, scratch.input(name)])),
    outputs: Object.fromEntries(job.outputs.map((name) => [name, scratch.output(name)])),
  }
  // What is wrong with the words is told before anything is started.
  if (action.kind === 'command') wordsFor({ inputs: Object.fromEntries(job.inputs.map((name) => [name, scratch.input(name)])), outputs: folders.outputs })
  environmentOf(folders)
  for (const folder of Object.values(folders.outputs)) await mkdir(folder, { recursive: true })
  const frozen = await Promise.all([...shared.map((name) => freeze(`the input ${name}`, scratch.input(name), 'data')), freeze('the code', scratch.code, 'code')])

  function wordsFor(folders: Folders): readonly string[] {
    return action.kind === 'command' ? fillWords(action.words, { ...folders, params, seed }) : []
  }

  function environmentOf(folders: Folders): Record<string, string> {
    return { ...baseEnvironment(scratch), ...workVariables(action.kind, { ...folders, params, seed }) }
  }

  const runners: Runner[] = []
  const logs = { stdout: new BoundedLog(join(scratch.log, 'stdout.txt')), stderr: new BoundedLog(join(scratch.log, 'stderr.txt')) }
  const stop = new StopSwitch()
  const disobey = stop.obey(job.signal)
  const attendance: Attendance = { kind: action.kind, limits: job.limits ?? {}, stop, onProgress: job.onProgress ?? (() => {}) }

  function start(of: Folders = folders): Runner {
    const decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() }
    const heapBytes = action.kind === 'function' ? job.limits?.memoryBytes : undefined
    const runner = startRunner({
      folder: scratch.code, environment: environmentOf(of), ...(heapBytes === undefined ? {} : { heapBytes }),
      onOutput(stream, bytes) {
        logs[stream].write(bytes)
        job.onOutput?.(stream, decoders[stream].write(bytes))
      },
    })
    runners.push(runner)
    return runner
  }

  async function run(): Promise<Verdict> {
    if (stop.first !== undefined) return verdictOfStop(stop.first)
    if (action.kind === 'command') {
      if (units === undefined) return runCommand(start(), scratch.code, wordsFor(folders), attendance)
      const foldersOf = ({ unit, outputs }: TakenUnit): Folders => ({ inputs: { ...folders.inputs, [job.inputs[0] ?? '']: unit.input }, outputs })
      return runCommandUnits(new UnitQueue(job, units, stop), units, { folder: scratch.code, attendance, start: (taken) => start(foldersOf(taken)), words: (taken) => wordsFor(foldersOf(taken)) })
    }
    const { module, exportName } = action
    const functionRun = {
      job, outputs: folders.outputs, attendance, start,
      work: { type: 'function' as const, folder: scratch.code, module, exportName, name: job.name, inputs: folders.inputs, params, seed, packages: job.packages ?? [] },
    }
    return units === undefined ? runOnce(functionRun) : runUnits(functionRun, units)
  }

  let verdict: Verdict
  try {
    verdict = await run()
  } finally {
    disobey()
    await Promise.all(runners.map((runner) => runner.kill()))
    killLeftovers(scratch)
    await Promise.all(runners.map((runner) => runner.close()))
    for (const log of Object.values(logs)) log.close()
  }
  return { ...(await hermetic(verdict, frozen, units !== undefined)), stdout: logs.stdout.path, stderr: logs.stderr.path }
}

/** Absolute folders by name. */
interface Folders {
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
}

interface Frozen {
  readonly what: string
  readonly folder: string
  readonly kind: FolderKind
  readonly facts: FolderFacts
}

async function freeze(what: string, folder: string, kind: FolderKind): Promise<Frozen> {
  return { what, folder, kind, facts: await freezeFolder(folder, kind) }
}

/** The verdict, if nothing that was to stay as it is has changed. Of units, those that were done count even if another failed. */
async function hermetic(verdict: Verdict, frozen: readonly Frozen[], hasUnits: boolean): Promise<Verdict> {
  if (!hasUnits && verdict.status !== 'succeeded' && verdict.status !== 'not-hermetic') return verdict
  const reasons: string[] = []
  for (const { what, folder, kind, facts } of frozen) {
    const changes = await changesSince(facts, folder, kind)
    if (changes.length > 0) reasons.push(`${what} did not stay as it was: ${shownNames(changes)}`)
  }
  return reasons.length === 0 ? verdict : { ...verdict, status: 'not-hermetic', reason: [...(verdict.reason === null ? [] : [verdict.reason]), ...reasons].join('; ') }
}
