import { copyBytes } from './copy-bytes.ts'
import type { FileCalls } from './file-calls.ts'
import { errorCode } from './system-errors.ts'

/** Direct writes begin at multiples of this, in the file and in memory, and are multiples of it long: what disks and file systems ask for at most. */
const DIRECT_UNIT_BYTES = 4096
/** Two of these on their way fill a disk's queue; of half the size they took 1.5 times as long. */
const STAGE_SIZE_BYTES: number = 1024 * 1024
const STAGES_A_WRITER = 2
/** One fills, the one before it may still be written, and one is spare. */
const MOST_WRITERS = 3
const WASM_PAGE_SIZE_BYTES: number = 64 * 1024

interface Stage {
  readonly memory: Uint8Array
  writing: Promise<void>
}

/** Made once, as it is slow to touch for the first time, and used by whoever writes. */
let free: Stage[][] | undefined

/**
 * Writes a file past the system's cache. What goes through it is copied into pages that nobody has asked for yet: of all that storing a pack costs that is the most, and more again
 * where pages must be had from a host or be taken from other programs, which have more use for them than a pack that is not read soon. Pieces are gathered in memory that is
 * aligned as direct writes need it; the last of them, which fills no unit, goes through the cache.
 */
export class StagedWriter {
  readonly #calls: FileCalls
  readonly #file: number
  readonly #direct: number
  readonly #stages: Stage[]
  #isRefused = false
  #current = 0
  #filled = 0
  /** Where in the file the current stage begins. */
  #position = 0

  private constructor(calls: FileCalls, file: number, direct: number, stages: Stage[]) {
    this.#calls = calls
    this.#file = file
    this.#direct = direct
    this.#stages = stages
  }

  /** @param file open for writing at `path`, and empty. Undefined where there are no direct writes, or enough of them under way */
  static begin(calls: FileCalls, path: string, file: number): StagedWriter | undefined {
    const stages = (free ??= madeStages()).pop()
    if (stages === undefined) return undefined
    let direct: number | undefined
    try {
      direct = calls.openDirect(path)
    } catch {
      // A file system that has none says so in one of several ways; whatever it is, writing in the ordinary way finds out.
    }
    if (direct !== undefined) return new StagedWriter(calls, file, direct, stages)
    free.push(stages)
    return undefined
  }

  /** Copies `bytes` at once; a promise is to be waited for before the next call. Fails as the system does, also for what was added before. */
  async add(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length; ) {
      const { memory } = this.#stage
      const piece = bytes.subarray(taken, taken + memory.length - this.#filled)
      copyBytes(piece, memory, this.#filled)
      taken += piece.length
      this.#filled += piece.length
      if (this.#filled === memory.length) await this.#send(memory.length)
    }
  }

  /** Writes what is left; what fills no stage goes through the cache as a whole. */
  async finish(): Promise<void> {
    const whole = this.#position === 0 ? 0 : this.#filled - (this.#filled % DIRECT_UNIT_BYTES)
    const rest = this.#stage.memory.subarray(whole, this.#filled)
    const position = this.#position + whole
    if (whole > 0) await this.#send(whole)
    await Promise.all(this.#stages.map(({ writing }) => writing))
    await this.#writeAll(this.#file, rest, position)
  }

  /** To be called once, whatever has happened. Nothing is under way when it resolves. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#stages.map(({ writing }) => writing))
    free?.push(madeFree(this.#stages))
    this.#calls.close(this.#direct)
  }

  get #stage(): Stage {
    return this.#stages[this.#current] as Stage
  }

  /** Begins to write the current stage, and waits for the next. */
  async #send(size: number): Promise<void> {
    const stage = this.#stage
    stage.writing = this.#writeDirect(stage.memory.subarray(0, size), this.#position)
    // It is waited for later, or never if another fails first.
    stage.writing.catch(() => undefined)
    this.#position += size
    this.#filled = 0
    this.#current = (this.#current + 1) % this.#stages.length
    await this.#stage.writing
  }

  async #writeDirect(bytes: Uint8Array, position: number): Promise<void> {
    let written = 0
    try {
      if (!this.#isRefused) written = await this.#calls.write(this.#direct, [bytes], position)
    } catch (error) {
      // Some file systems open a file for it and then refuse, or ask for larger units.
      if (errorCode(error) !== 'EINVAL') throw error
      this.#isRefused = true
    }
    await this.#writeAll(this.#file, bytes.subarray(written), position + written)
  }

  async #writeAll(file: number, bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const written = await this.#calls.write(file, [bytes.subarray(done)], position + done)
      if (written === 0) throw new Error('the system accepts no more bytes')
      done += written
    }
  }
}

/** None where there is no memory that is known to begin at a unit. */
function madeStages(): Stage[][] {
  try {
    const pages = (MOST_WRITERS * STAGES_A_WRITER * STAGE_SIZE_BYTES) / WASM_PAGE_SIZE_BYTES
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const stage = (index: number): Stage => ({ memory: new Uint8Array(buffer, index * STAGE_SIZE_BYTES, STAGE_SIZE_BYTES), writing: Promise.resolve() })
    return Array.from({ length: MOST_WRITERS }, (_, writer) => Array.from({ length: STAGES_A_WRITER }, (_, index) => stage(writer * STAGES_A_WRITER + index)))
  } catch {
    return []
  }
}

function madeFree(stages: readonly Stage[]): Stage[] {
  return stages.map(({ memory }) => ({ memory, writing: Promise.resolve() }))
}
