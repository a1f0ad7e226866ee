import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Readable } from 'node:stream'
import type { RunProcess } from '../../run/interface.ts'
import { isPromise, type MaybePromise } from '../../types.ts'
import { BoundedLog } from '../execution/bounded-log.ts'
import { signalTree } from '../execution/process-tree.ts'
import { hostId, startTicks } from '../maker.ts'
import { errorCode } from '../system-errors.ts'
import { MetricFollower } from './follow-metrics.ts'
import { METRICS_DESCRIPTOR, pipeMetrics } from './metric-pipe.ts'
import type { EndOptions, Run } from './run.ts'
import type { RunFiles } from './run-folder.ts'

export interface JobOptions {
  /** Asks the command to end. */
  readonly signal?: AbortSignal
  /** Asked then: what to send it. Null if what stopped this process reaches it by itself, as Ctrl-C on a terminal does. Default `SIGTERM`. */
  readonly stopWith?: () => NodeJS.Signals | null
  /** Ends the command at once. */
  readonly killSignal?: AbortSignal
  /** Whether the command leads a group of its own, all of which is stopped with it. Not where a terminal is to reach it. Default true. */
  readonly ownGroup?: boolean
  /** What the command writes, as it does, and the lines about the run before and after. The command waits for a promise with what it writes next. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => MaybePromise<void>
  /** Whether `onOutput` gets the lines about the run, before and after, too; the log that is stored has them in any case. Default true. */
  readonly describe?: boolean
}

/** How long a command that is told to end has for that; one that is interrupted, as by a person, has all the time that the person gives it. */
const GRACE_MS = 10_000
/** How long is waited for what a command has left in its pipes: something that it started may hold them open for ever. */
const PIPES_MS = 2000

/** The process of a command, with what it writes and logs. */
export class SupervisedJob {
  readonly #options: JobOptions
  readonly #files: RunFiles
  readonly #follower: MetricFollower
  readonly #logs: { readonly stdout: BoundedLog; readonly stderr: BoundedLog }
  readonly #ownGroup: boolean
  #isClosed = false
  /** What of the metrics could not be used. */
  troubles: ReturnType<MetricFollower['stop']> = { troubledLines: 0, problems: [] }

  constructor(run: Run, files: RunFiles, options: JobOptions) {
    this.#options = options
    this.#files = files
    this.#ownGroup = (options.ownGroup ?? true) && process.platform !== 'win32'
    this.#follower = new MetricFollower(files.metrics, (values, given) => run.log(values, given))
    this.#logs = { stdout: new BoundedLog(files.stdout), stderr: new BoundedLog(files.stderr) }
  }

  /** Lines of ours in the job's own log. */
  say(text: string): void {
    const bytes = Buffer.from(`${text.trimEnd()}\n`)
    if (this.#options.describe === false) this.#keep('stderr', bytes)
    else void this.#write('stderr', bytes)
  }

  /** Starts the command and waits for its end. */
  async run([program = '', ...words]: readonly string[], { cwd, environment }: { readonly cwd: string; readonly environment: Readonly<Record<string, string | undefined>> }): Promise<EndOptions> {
    const { signal } = this.#options
    signal?.throwIfAborted()
    const child = spawn(program, words, { cwd, env: { ...environment, VARVE_METRICS_FD: String(METRICS_DESCRIPTOR) }, stdio: ['inherit', 'pipe', 'pipe', 'pipe'], detached: this.#ownGroup })
    pipeMetrics(child.stdio[METRICS_DESCRIPTOR] as Readable, this.#files.metrics)
    for (const [name, from] of [['stdout', child.stdio[1] as Readable], ['stderr', child.stdio[2] as Readable]] as const) from.on('data', (bytes: Buffer) => this.#pass(from, this.#write(name, bytes)))
    this.#note(child)
    const forget = this.#forwardStops(child)
    try {
      const { exitCode, endSignal, trouble } = await endOf(child)
      if (trouble !== undefined) return { status: 'failed', reason: errorCode(trouble) === 'ENOENT' ? `there is no program ${program}, or not what its first line says to run it with` : `${program} could not be started: ${trouble.message}` }
      if (signal?.aborted === true) return { status: 'aborted', reason: 'it was stopped', exitCode, signal: endSignal }
      if (exitCode === 0) return { status: 'succeeded', exitCode, signal: null }
      return { status: 'failed', reason: endSignal === null ? `the command ended with exit code ${exitCode}` : `the command was ended by ${endSignal}`, exitCode, signal: endSignal }
    } finally {
      forget()
      this.troubles = this.#follower.stop()
    }
  }

  /** Closing twice is harmless. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#follower.stop()
    this.#logs.stdout.close()
    this.#logs.stderr.close()
  }

  /** For whoever finds the run when this process is gone: as long as the command lives, it needs its inputs. */
  #note({ pid }: ChildProcess): void {
    if (pid === undefined) return
    const noted: RunProcess = { host: hostname(), hostId: hostId(), id: pid, began: startTicks(pid) ?? null }
    writeFileSync(this.#files.command, JSON.stringify(noted))
  }

  #forwardStops(child: ChildProcess): () => void {
    const { signal, stopWith = () => 'SIGTERM', killSignal } = this.#options
    let timer: NodeJS.Timeout | undefined
    const kill = (): void => this.#send(child, 'SIGKILL')
    const stop = (): void => {
      const name = stopWith()
      if (name !== null) this.#send(child, name)
      if (name !== null && name !== 'SIGINT') timer = setTimeout(kill, GRACE_MS)
    }
    signal?.addEventListener('abort', stop, { once: true })
    killSignal?.addEventListener('abort', kill, { once: true })
    return () => {
      signal?.removeEventListener('abort', stop)
      killSignal?.removeEventListener('abort', kill)
      clearTimeout(timer)
    }
  }

  #send(child: ChildProcess, name: NodeJS.Signals): void {
    if (child.pid === undefined) return
    if (this.#ownGroup) signalTree(child.pid, name)
    else child.kill(name)
  }

  /** Whoever takes it slowly slows the command down, and fills no memory. */
  #pass(from: Readable, taken: MaybePromise<void> | undefined): void {
    if (!isPromise(taken)) return
    from.pause()
    void taken.catch(() => undefined).then(() => from.resume())
  }

  #write(stream: 'stdout' | 'stderr', bytes: Buffer): MaybePromise<void> | undefined {
    this.#keep(stream, bytes)
    return this.#options.onOutput?.(stream, bytes)
  }

  #keep(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    if (!this.#isClosed) this.#logs[stream].write(bytes)
  }
}

interface ChildEnd {
  readonly exitCode: number | null
  readonly endSignal: string | null
  /** Why it was not started. */
  readonly trouble?: Error
}

function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((settle) => {
    child.once('error', (trouble) => settle({ exitCode: null, endSignal: null, trouble }))
    child.once('exit', (exitCode, endSignal) => {
      const end = (): void => settle({ exitCode, endSignal })
      const timer = setTimeout(() => {
        for (const pipe of child.stdio) pipe?.destroy()
        end()
      }, PIPES_MS)
      // All that it wrote has come by then.
      child.once('close', () => {
        clearTimeout(timer)
        end()
      })
    })
  })
}
