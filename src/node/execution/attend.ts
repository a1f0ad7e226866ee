import type { RunStatus } from '../../recipe/interface.ts'
import type { Limits } from './interface.ts'
import { residentBytes } from './process-tree.ts'
import type { FromRunner } from './protocol.ts'
import type { Death, Runner } from './runner.ts'

/** Why a run, with all its processes, ends before they are done. */
export interface Stop {
  readonly type: 'stop'
  readonly status: RunStatus
  readonly reason: string
}

export type Answer = Exclude<FromRunner, { type: 'progress' }> | Death | Stop

/** How long a process that is told to stop has for that. A container that is asked to end takes some time. */
const GRACE_MS = { function: 500, command: 2000 } as const
const MEMORY_INTERVAL_MS = 200

/** Stops everything, once: what comes later is no longer the reason. */
export class StopSwitch {
  readonly stopped: Promise<Stop>
  #resolve: (stop: Stop) => void = () => {}
  #first: Stop | undefined

  constructor() {
    this.stopped = new Promise((resolve) => (this.#resolve = resolve))
  }

  /** Undefined until it is pulled. */
  get first(): Stop | undefined {
    return this.#first
  }

  pull(status: RunStatus, reason: string): void {
    this.#first ??= { type: 'stop', status, reason }
    this.#resolve(this.#first)
  }

  /** Pulls when the signal is aborted. Returns what ends this. */
  obey(signal: AbortSignal | undefined): () => void {
    const pull = () => this.pull('aborted', 'it was stopped')
    if (signal?.aborted === true) pull()
    signal?.addEventListener('abort', pull, { once: true })
    return () => signal?.removeEventListener('abort', pull)
  }
}

export interface Attendance {
  readonly kind: 'function' | 'command'
  readonly limits: Limits
  readonly stop: StopSwitch
  readonly onProgress: (done: number, total?: number) => void
}

/**
 * Waits for a process's answer to what it was sent, its death, or until everything is stopped; beyond a limit it stops everything. When this returns a stop, the process has had the
 * time to end its work, and is to be killed.
 * @param about begins reasons: `a.csv: `, or nothing
 */
export async function attend(runner: Runner, { kind, limits, stop, onProgress }: Attendance, about = ''): Promise<Answer> {
  const { timeMs, memoryBytes } = limits
  const timer = timeMs === undefined ? undefined : setTimeout(() => stop.pull('failed', `${about}it took longer than the time limit of ${timeMs / 1000} s`), timeMs)
  const watch = memoryBytes === undefined ? undefined : setInterval(() => checkMemory(runner, kind, memoryBytes, stop), MEMORY_INTERVAL_MS)
  try {
    let next = runner.next()
    for (;;) {
      const answer = await Promise.race([next, stop.stopped])
      if (answer.type === 'stop') {
        await askToStop(runner, kind, answer, next)
        return answer
      }
      if (answer.type !== 'progress') return answer
      onProgress(answer.done, answer.total)
      next = runner.next()
    }
  } finally {
    clearTimeout(timer)
    clearInterval(watch)
  }
}

function checkMemory(runner: Runner, kind: Attendance['kind'], limit: number, stop: StopSwitch): void {
  // The process that looks after a command does not count.
  const used = runner.id === undefined ? undefined : residentBytes(runner.id, kind === 'command' ? runner.id : undefined)
  if (used !== undefined && used > limit) stop.pull('failed', `it took more memory than the limit of ${inMebibytes(limit)}: ${inMebibytes(used)}`)
}

export function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}

async function askToStop(runner: Runner, kind: Attendance['kind'], { reason }: Stop, first: Promise<FromRunner | Death>): Promise<void> {
  runner.send({ type: 'stop', reason })
  if (kind === 'command') runner.terminateGroup()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), GRACE_MS[kind])))
  for (let next = first; ; next = runner.next()) {
    const said = await Promise.race([next, late])
    if (said === 'late' || said.type !== 'progress') break
  }
  clearTimeout(timer)
}
