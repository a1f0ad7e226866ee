import { DEFAULT_PROFILE, WasmCutter } from '../../chunker/index.ts'
import { sharedWindow } from '../../chunker/fastcdc-wasm.ts'
import type { Cutter } from '../../chunker/interface.ts'
import type { SlabName } from './tasks.ts'

/** Content that is read at a time: some 32 chunks, so that little is cut twice where segments meet, and little memory is needed. */
export const SEGMENT_SIZE_BYTES: number = 8 * 1024 * 1024
/** A segment, and the rest of the chunk that ends it. */
export const SLAB_SIZE_BYTES: number = SEGMENT_SIZE_BYTES + DEFAULT_PROFILE.maxSizeBytes

/** The slabs that a thread has met, each with a cutter over it. */
export class KnownSlabs {
  readonly #cutters = new Map<number, Cutter>()

  cutter({ slab, memory }: SlabName): Cutter {
    let cutter = this.#cutters.get(slab)
    if (cutter === undefined) {
      if (memory === undefined) throw new Error(`Slab ${slab} was never introduced`)
      cutter = new WasmCutter(DEFAULT_PROFILE, { memory, sizeBytes: SLAB_SIZE_BYTES })
      this.#cutters.set(slab, cutter)
    }
    return cutter
  }
}

/** Memory for one piece of work at a time. Free when nobody uses it, and no pack borrows from it. */
export class Slab {
  readonly number: number
  readonly memory: WebAssembly.Memory
  readonly cutter: Cutter
  readonly sizeBytes: number
  /** Threads that know it, by number. */
  readonly known: Set<number> = new Set()
  readonly #onFree: (slab: Slab) => void
  #users = 0

  constructor(number: number, onFree: (slab: Slab) => void) {
    const { memory, sizeBytes } = sharedWindow(SLAB_SIZE_BYTES)
    this.number = number
    this.memory = memory
    this.sizeBytes = sizeBytes
    this.cutter = new WasmCutter(DEFAULT_PROFILE, { memory, sizeBytes })
    this.#onFree = onFree
  }

  /** The bytes of a chunk; a view. */
  bytes(offset: number, size: number): Uint8Array {
    return this.cutter.memory.subarray(offset, offset + size)
  }

  lend(): void {
    this.#users++
  }

  giveBack(): void {
    if (--this.#users === 0) this.#onFree(this)
  }
}

/** A bounded number of slabs, made as they are needed. */
export class SlabPool {
  #most: number
  readonly #free: Slab[] = []
  readonly #onFree: () => void
  #made = 0

  /** @param onFree called when a slab is given back */
  constructor(most: number, onFree: () => void) {
    this.#most = most
    this.#onFree = onFree
  }

  /** A slab that is in use from now on, or undefined if there is none. */
  take(): Slab | undefined {
    const slab = this.#free.pop() ?? (this.#made < this.#most ? this.#make() : undefined)
    slab?.lend()
    return slab
  }

  /** Where address space is short, those that there are must do. @throws RangeError if there is none at all */
  #make(): Slab | undefined {
    try {
      return new Slab(this.#made++, (freed) => this.#add(freed))
    } catch (error) {
      if (--this.#made === 0) throw error
      this.#most = this.#made
      return undefined
    }
  }

  #add(slab: Slab): void {
    this.#free.push(slab)
    this.#onFree()
  }
}
