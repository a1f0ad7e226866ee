import { attend, type Answer, type Attendance, inMebibytes } from './attend.ts'
import type { ExecutionJob, Units } from './interface.ts'
import type { FunctionWork, UnitWork } from './protocol.ts'
import type { Death, Runner } from './runner.ts'
import { shownNames } from './shown-names.ts'
import { type TakenUnit, UnitQueue } from './unit-queue.ts'
import { type Verdict, verdictOfStop } from './verdict.ts'

export interface FunctionRun {
  readonly job: ExecutionJob
  readonly work: FunctionWork
  /** Of outputs by name. */
  readonly outputs: Readonly<Record<string, string>>
  readonly attendance: Attendance
  /** Starts what the function is run by; whoever runs this ends it. */
  readonly start: () => Runner
}

/** Calls a function once. */
export async function runOnce({ job, work, outputs, attendance, start }: FunctionRun): Promise<Verdict> {
  const runner = start()
  runner.send(work)
  runner.send({ type: 'unit', part: null, outputs })
  return verdictOf(await attend(runner, attendance), job)
}

/** Units that take less than this are sent several at a time, so that processes do not wait for each other; of longer ones each process should take the next when it is free. */
const SHORT_UNIT_MS = 20
const MOST_AHEAD = 8

/** Calls a function for each unit, in several processes, until one call fails. */
export async function runUnits(run: FunctionRun, units: Units): Promise<Verdict> {
  const { job, attendance, work } = run
  const { stop } = attendance
  const quiet: Attendance = { ...attendance, onProgress: () => {} }
  const queue = new UnitQueue(job, units, stop)

  async function workThrough(): Promise<void> {
    let runner: Runner | undefined
    let handedOver: Promise<void> | undefined
    const sent: TakenUnit[] = []
    for (let ahead = 1; stop.first === undefined; ) {
      while (sent.length < ahead) {
        const taken = await queue.take()
        if (taken === undefined) break
        runner ??= begin()
        runner.send(unitWork(job, taken))
        sent.push(taken)
      }
      const unit = sent.shift()
      if (unit === undefined || runner === undefined) break
      const started = performance.now()
      const answer = await attend(runner, quiet, `${unit.unit.name}: `)
      ahead = performance.now() - started < SHORT_UNIT_MS ? MOST_AHEAD : 1
      await handedOver
      const verdict = verdictOf(answer, job)
      if (!(await queue.judge(unit, verdict, answer.type === 'stop'))) return
      handedOver = queue.handOver(unit, verdict)
    }
    await handedOver
  }

  function begin(): Runner {
    const runner = run.start()
    runner.send(work)
    return runner
  }

  return shareUnits(queue, units, workThrough)
}

/** Has several take from the queue, until it is empty or everything stops. */
export async function shareUnits(queue: UnitQueue, { processes = 1, count }: Units, workThrough: () => Promise<void>): Promise<Verdict> {
  const results = await Promise.allSettled(Array.from({ length: Math.min(processes, count) }, workThrough))
  await queue.close()
  const broken = results.find((result) => result.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  return queue.verdict
}

function unitWork({ inputs }: ExecutionJob, { unit, outputs }: TakenUnit): UnitWork {
  const { name, file, shard, input } = unit
  return { type: 'unit', part: { name, file, shard, input: { name: inputs[0] ?? '', folder: input } }, outputs }
}

function verdictOf(answer: Answer, job: ExecutionJob): Verdict {
  if (answer.type === 'stop') return verdictOfStop(answer)
  if (answer.type === 'death') return { status: 'failed', reason: reasonOfDeath(answer, job), exitCode: answer.exitCode, signal: answer.signal, mathRandomCalls: null }
  if (answer.type === 'failed') return { status: 'failed', reason: answer.message, exitCode: 1, signal: null, mathRandomCalls: answer.mathRandomCalls }
  if (answer.type !== 'done') throw new Error(`A function's process said ${answer.type}`)
  const { mathRandomCalls, foreign } = answer
  const ended = { exitCode: 0, signal: null, mathRandomCalls }
  if (foreign.length === 0) return { status: 'succeeded', reason: null, ...ended }
  return { status: 'not-hermetic', reason: `it loaded modules that belong neither to its code nor to its packages: ${shownNames(foreign)}`, ...ended }
}

function reasonOfDeath({ exitCode, signal, trouble }: Death, { limits }: ExecutionJob): string {
  if (trouble !== null) return `no process could be started: ${trouble}`
  // V8 says in the log that its heap is full, and aborts.
  if (limits?.memoryBytes !== undefined && (signal === 'SIGABRT' || exitCode === 134)) return `it took more memory than the limit of ${inMebibytes(limits.memoryBytes)}, and its process ended`
  if (signal !== null) return `its process was ended by ${signal} before run() was done`
  return `its process ended with exit code ${exitCode} before run() was done`
}
