import { Worker } from 'node:worker_threads'
import { toHex } from '../../src/bytes.ts'
import { VarveError } from '../../src/errors.ts'
import { mutate, type MutationOptions } from './mutate.ts'
import { Random } from './random.ts'

/** What is fuzzed, and what it promises. */
export interface FuzzTarget extends MutationOptions {
  /** Names the target in what a failure prints. */
  readonly name: string
  /** Sound input, made by the product itself. */
  readonly samples: readonly Uint8Array[]
  /** Reads the bytes, and throws if a promise is broken. A VarveError is a refusal, which is always allowed. */
  readonly read: (bytes: Uint8Array, random: Random) => unknown
  /** Makes checksums right again, so that what is behind them is reached; used for most cases. */
  readonly mend?: (bytes: Uint8Array) => Uint8Array
  /** Other errors that the contract allows. */
  readonly allows?: (error: unknown) => boolean
  /** Array buffers that one case may take, in bytes, those that are garbage by then included; 64 MiB by default. */
  readonly maxBuffers?: number
  /** Rounds in CI. */
  readonly rounds: number
}

/** Of the processor, which other work on the machine does not change. */
const TIME_LIMIT_MS = 2000
/** After so long a case counts as hanging: the process says which one it is, and ends. */
const HANG_LIMIT_MS = 60_000
const DEFAULT_MAX_BUFFERS_BYTES: number = 64 * 1024 * 1024
const MAX_HEAP_GROWTH_BYTES: number = 128 * 1024 * 1024
const SHOWN_BYTES = 4096

/** What was seen over all rounds: that inputs were refused as well as read shows that the fuzzing gets somewhere. */
export interface FuzzReport {
  rounds: number
  read: number
  refused: number
}

/**
 * Reads mutated samples, a case for each number from VARVE_FUZZ_SEED (default 1) on: `rounds` of them, or VARVE_FUZZ_ROUNDS, or, if only a seed is
 * given, that one. Fails with the number and the bytes of the case if it throws anything but a VarveError, takes over 2 s, or takes more memory than it may.
 */
export async function fuzz(target: FuzzTarget): Promise<FuzzReport> {
  const { VARVE_FUZZ_SEED: seed, VARVE_FUZZ_ROUNDS: rounds } = process.env
  const first = Number(seed ?? 1)
  const count = rounds === undefined ? (seed === undefined ? target.rounds : 1) : Number(rounds)
  const report: FuzzReport = { rounds: 0, read: 0, refused: 0 }
  const watch = new HangWatch(target.name, first)
  try {
    for (let number = first; number < first + count; number++) {
      const random = new Random(number)
      const mutated = mutate(random, target.samples, target)
      const bytes = target.mend !== undefined && random.chance(0.9) ? target.mend(mutated) : mutated
      watch.begin()
      report[await runCase(target, number, bytes, random)]++
      report.rounds++
    }
  } finally {
    await watch.end()
  }
  // Who asks for so many wants to know what they showed.
  if (rounds !== undefined) console.log(`${target.name}: ${report.rounds} rounds, ${report.read} read, ${report.refused} refused`)
  return report
}

async function runCase(target: FuzzTarget, number: number, bytes: Uint8Array, random: Random): Promise<'read' | 'refused'> {
  const before = process.memoryUsage()
  const startedAt = process.cpuUsage()
  let outcome: 'read' | 'refused' = 'read'
  try {
    const value = target.read(bytes, random)
    if (value instanceof Promise) await value
  } catch (error) {
    if (!(error instanceof VarveError) && target.allows?.(error) !== true) throw failure(target, number, bytes, String(error), error)
    outcome = 'refused'
  }
  const used = process.cpuUsage(startedAt)
  const elapsed = (used.user + used.system) / 1000
  if (elapsed > TIME_LIMIT_MS) throw failure(target, number, bytes, `it took ${Math.round(elapsed)} ms`)
  const after = process.memoryUsage()
  const buffers = after.arrayBuffers - before.arrayBuffers
  if (buffers > (target.maxBuffers ?? DEFAULT_MAX_BUFFERS_BYTES)) throw failure(target, number, bytes, `it took ${buffers} bytes of buffers`)
  if (after.heapUsed - before.heapUsed > MAX_HEAP_GROWTH_BYTES) throw failure(target, number, bytes, `it took ${after.heapUsed - before.heapUsed} bytes of the heap`)
  return outcome
}

function describe({ name }: FuzzTarget, number: number): string {
  return `${name}: VARVE_FUZZ_SEED=${number}`
}

function failure(target: FuzzTarget, number: number, bytes: Uint8Array, what: string, cause?: unknown): Error {
  const hex = `${toHex(bytes.subarray(0, SHOWN_BYTES))}${bytes.length > SHOWN_BYTES ? '…' : ''}`
  return new Error(`${describe(target, number)}: ${what}\n${bytes.length} bytes: ${hex}`, { cause })
}

/** Looks from another thread at what the main one does, since a thread that hangs cannot say so itself. */
class HangWatch {
  readonly #shared = new Int32Array(new SharedArrayBuffer(4))
  readonly #worker: Worker

  constructor(name: string, first: number) {
    this.#worker = new Worker(
      `const { workerData: { shared, limit, pid, name, first } } = require('node:worker_threads')
       let seen = -1, since = Date.now()
       setInterval(() => {
         const now = Atomics.load(shared, 0)
         if (now !== seen) { seen = now; since = Date.now() }
         else if (Date.now() - since > limit) {
           require('node:fs').writeSync(2, 'It hangs: ' + name + ': VARVE_FUZZ_SEED=' + (first + now - 1) + '\\n')
           process.kill(pid, 'SIGKILL')
         }
       }, 500)`,
      { eval: true, workerData: { shared: this.#shared, limit: HANG_LIMIT_MS, pid: process.pid, name, first } },
    )
    this.#worker.unref()
  }

  /** The next case begins. */
  begin(): void {
    Atomics.add(this.#shared, 0, 1)
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
