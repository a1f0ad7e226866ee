import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { attend, type Answer, type Attendance, inMebibytes } from './attend.ts'
import type { ExecutionJob } from './interface.ts'
import type { FunctionWork } from './protocol.ts'
import type { Death, RunnerProcess } from './runner-process.ts'
import { removeFolder } from './scratch.ts'
import { type Verdict, verdictOfStop } from './verdict.ts'

interface SentUnit {
  readonly file: string
  readonly folder: string
  readonly outputs: Readonly<Record<string, string>>
}

export interface FunctionRun {
  readonly job: ExecutionJob
  readonly work: FunctionWork
  /** Of outputs by name. */
  readonly outputs: Readonly<Record<string, string>>
  readonly attendance: Attendance
  /** Starts a process that whoever runs this ends. */
  readonly start: () => RunnerProcess
}

/** Calls a function once, in one process. */
export async function runOnce({ job, work, outputs, attendance, start }: FunctionRun): Promise<Verdict> {
  const runner = start()
  runner.send(work)
  runner.send({ type: 'unit', file: null, outputs })
  return verdictOf(await attend(runner, attendance), job)
}

/** Units that take less than this are sent several at a time, so that processes do not wait for each other; of longer ones each process should take the next when it is free. */
const SHORT_UNIT_MS = 20
const MOST_AHEAD = 8

/** Calls a function for each file, in several processes, until one call fails. */
export async function runUnits(run: FunctionRun, units: NonNullable<ExecutionJob['units']>): Promise<Verdict> {
  const { job, attendance, work } = run
  const { stop } = attendance
  const quiet: Attendance = { ...attendance, onProgress: () => {} }
  const queue = units.files.entries()
  let mathRandomCalls = 0
  let done = 0
  let failure: Verdict | undefined

  async function workThrough(): Promise<void> {
    const runner = run.start()
    runner.send(work)
    let handedOver: Promise<void> = Promise.resolve()
    const sent: SentUnit[] = []
    for (let ahead = 1; stop.first === undefined; ) {
      for (let next = sent.length < ahead ? queue.next() : undefined; next?.done === false; next = sent.length < ahead ? queue.next() : undefined) sent.push(send(runner, ...next.value))
      const unit = sent.shift()
      if (unit === undefined) break
      const started = performance.now()
      const answer = await attend(runner, quiet, `${unit.file}: `)
      ahead = performance.now() - started < SHORT_UNIT_MS ? MOST_AHEAD : 1
      await handedOver
      const verdict = verdictOf(answer, job)
      if (verdict.status !== 'succeeded') {
        if (answer.type !== 'stop') failure ??= { ...verdict, reason: `${unit.file}: ${verdict.reason}` }
        stop.pull(verdict.status, verdict.reason ?? '')
        return
      }
      mathRandomCalls += verdict.mathRandomCalls ?? 0
      handedOver = handOver(unit, verdict.mathRandomCalls ?? 0)
      // It is waited for after the next call; that it has failed is no surprise until then.
      handedOver.catch(() => stop.pull('failed', 'what it gave could not be taken over'))
    }
    await handedOver
  }

  function send(runner: RunnerProcess, index: number, file: string): SentUnit {
    const folder = join(job.scratch.units, String(index))
    const outputs = Object.fromEntries(job.outputs.map((name) => [name, join(folder, name)]))
    runner.send({ type: 'unit', file, outputs })
    return { file, folder, outputs }
  }

  async function handOver({ file, folder, outputs }: SentUnit, calls: number): Promise<void> {
    await units.onUnit({ file, outputs, mathRandomCalls: calls })
    await removeUnit(folder)
    attendance.onProgress(++done, units.files.length)
  }

  const workers = Array.from({ length: Math.min(units.processes ?? 1, units.files.length) }, workThrough)
  const results = await Promise.allSettled(workers)
  const broken = results.find((result) => result.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  if (failure !== undefined) return failure
  if (stop.first !== undefined) return verdictOfStop(stop.first)
  return { status: 'succeeded', reason: null, exitCode: 0, signal: null, mathRandomCalls }
}

async function removeUnit(folder: string): Promise<void> {
  try {
    // A few files as a rule: ten times as cheap as in the background.
    rmSync(folder, { recursive: true, force: true })
  } catch {
    await removeFolder(folder)
  }
}

function verdictOf(answer: Answer, job: ExecutionJob): Verdict {
  if (answer.type === 'stop') return verdictOfStop(answer)
  if (answer.type === 'death') return { status: 'failed', reason: reasonOfDeath(answer, job), exitCode: answer.exitCode, signal: answer.signal, mathRandomCalls: null }
  if (answer.type === 'failed') return { status: 'failed', reason: answer.message, exitCode: 1, signal: null, mathRandomCalls: answer.mathRandomCalls }
  if (answer.type !== 'done') throw new Error(`A function's process said ${answer.type}`)
  const { mathRandomCalls, foreign } = answer
  const ended = { exitCode: 0, signal: null, mathRandomCalls }
  if (foreign.length === 0) return { status: 'succeeded', reason: null, ...ended }
  return { status: 'not-hermetic', reason: `it loaded modules that belong neither to its code nor to its packages: ${shown(foreign)}`, ...ended }
}

const MOST_SHOWN = 10

/** The first of many, for messages. */
export function shown(names: readonly string[]): string {
  const more = names.length - MOST_SHOWN
  return `${names.slice(0, MOST_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function reasonOfDeath({ exitCode, signal, trouble }: Death, { limits }: ExecutionJob): string {
  if (trouble !== null) return `no process could be started: ${trouble}`
  // V8 says in the log that its heap is full, and aborts.
  if (limits?.memoryBytes !== undefined && (signal === 'SIGABRT' || exitCode === 134)) return `it took more memory than the limit of ${inMebibytes(limits.memoryBytes)}, and its process ended`
  if (signal !== null) return `its process was ended by ${signal} before run() was done`
  return `its process ended with exit code ${exitCode} before run() was done`
}
