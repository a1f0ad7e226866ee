import type { BlockCode } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import type { LendingBody } from '../storage/interface.ts'
import { type ArenaPool, ArenaWriter, type Slice } from './arena.ts'
import type { PackableBlock } from './encode-block.ts'
import { BLOCK_HEADER_SIZE_BYTES, encodePackHeader, MAX_BLOCK_SIZE_BYTES, PACK_ID_SIZE_BYTES, type PackKind } from './pack-format.ts'
import { PackTrailer } from './pack-trailer.ts'
import { FILE_HEADER_SIZE_BYTES } from './tail.ts'

/** Where a block went in the pack that is being filled. */
export interface Placement {
  readonly offset: number
  readonly storedSize: number
  readonly codec: number
}

/** Memory of somebody else that may be read from `lend` until `giveBack`, which is called as often. */
export interface Loan {
  lend(): void
  giveBack(): void
}

/** A payload below this is copied rather than borrowed: to gather it costs less than to write it by itself. */
const BORROW_FROM_BYTES: number = 16 * 1024
/** More than this, in bytes, should not wait to be written; below the second number there is room again. */
const MOST_WAITING_BYTES: number = 8 * 1024 * 1024
const ROOM_BELOW_BYTES: number = 4 * 1024 * 1024

/**
 * A pack that is written while it fills: the body of one `put`, which waits for blocks to come. Memory: what was appended and is not written yet,
 * which `room` keeps to some 8 MiB, and 48 bytes a block.
 */
export class PackStream implements LendingBody {
  readonly id: Uint8Array
  readonly kind: PackKind
  readonly #hasher: Hasher
  readonly #fileHeader: Uint8Array
  readonly #trailer = new PackTrailer()
  readonly #arena: ArenaWriter
  #size = FILE_HEADER_SIZE_BYTES
  /** Slices in order; those before `#next` were handed out, those before `#unwritten` are written. */
  #slices: { slice: Slice; end: number }[] = []
  #next = 0
  #written = 0
  #queued = 0
  #isReported = false
  #state: 'open' | 'finished' | { readonly error: unknown } = 'open'
  #onPart: (() => void) | undefined
  #waiting: Deferred | undefined

  constructor(platform: Platform, hasher: Hasher, kind: PackKind, arenas: ArenaPool) {
    this.id = platform.randomBytes(PACK_ID_SIZE_BYTES)
    this.kind = kind
    this.#hasher = hasher
    this.#fileHeader = encodePackHeader(kind)
    this.#arena = new ArenaWriter(arenas)
    this.#copy(this.#fileHeader)
  }

  /** Bytes so far; with trailer and footer once it is finished. */
  get size(): number {
    return this.#size
  }

  /** Bytes that were appended and are not written yet. */
  get waitingBytes(): number {
    return this.#size - this.#written
  }

  /** Takes a block of `size` plain bytes. Its payload is copied, or borrowed if there is a loan and it is worth it. */
  append(code: BlockCode, digest: Uint8Array, size: number, { codec, payload, check }: PackableBlock, loan?: Loan): Placement {
    if (size > MAX_BLOCK_SIZE_BYTES) throw new RangeError(`A block has at most ${MAX_BLOCK_SIZE_BYTES} bytes, not ${size}`)
    const offset = this.#size
    this.#copy(this.#trailer.add({ codec, code, storedSize: payload.length, size, check, digest }))
    if (loan === undefined || payload.length < BORROW_FROM_BYTES) this.#copy(payload)
    else this.#borrow(payload, loan)
    this.#size = offset + BLOCK_HEADER_SIZE_BYTES + payload.length
    return { offset, storedSize: payload.length, codec }
  }

  /**
   * Takes blocks that stand one behind the other with their headers, as they will in the pack; borrowed if there is a loan, else copied, 2 MiB at most.
   * @param offsets of the headers in `run`
   * @returns where the run begins in the pack
   */
  appendRun(run: Uint8Array, offsets: Uint32Array, loan: Loan | undefined): number {
    const start = this.#size
    for (const offset of offsets) this.#trailer.addEncoded(run.subarray(offset, offset + BLOCK_HEADER_SIZE_BYTES))
    if (loan === undefined) this.#copy(run)
    else this.#borrow(run, loan)
    this.#size = start + run.length
    return start
  }

  /** Undefined if more may be appended at once; else a promise that there is room again, which fails if the pack cannot be stored. */
  room(): Promise<void> | undefined {
    if (typeof this.#state === 'object') return Promise.reject(this.#state.error)
    if (this.waitingBytes < MOST_WAITING_BYTES) return undefined
    this.#cut()
    return (this.#waiting ??= deferred()).promise
  }

  /** Adds trailer and footer. */
  finish(): void {
    for (const part of this.#trailer.finish(this.#hasher, this.#fileHeader)) {
      this.#cut()
      this.#queue({ bytes: part, done: () => undefined })
      this.#size += part.length
    }
    this.#arena.close()
    this.#state = 'finished'
    this.#onPart?.()
  }

  /** The pack is not to be, or cannot be stored. Ends the body with the error, and gives all memory back. */
  fail(reason: unknown): void {
    this.#state = { error: reason }
    this.#waiting?.reject(reason)
    this.#waiting = undefined
    this.#release(Infinity)
    this.#arena.close()
    this.#onPart?.()
  }

  written(bytes: number): void {
    this.#isReported = true
    this.#release(bytes)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      if (typeof this.#state === 'object') throw this.#state.error
      if (this.#next === this.#slices.length) this.#cut()
      const entry = this.#slices[this.#next]
      if (entry !== undefined) {
        this.#next++
        yield entry.slice.bytes
        if (!this.#isReported) this.#release(entry.end)
      } else if (this.#state === 'finished') return
      else await new Promise<void>((resolve) => (this.#onPart = resolve))
    }
  }

  #copy(bytes: Uint8Array): void {
    this.#arena.reserve(bytes.length, (slice) => this.#queue(slice)).set(bytes)
  }

  #borrow(bytes: Uint8Array, loan: Loan): void {
    this.#cut()
    loan.lend()
    this.#queue({ bytes, done: () => loan.giveBack() })
  }

  #cut(): void {
    const slice = this.#arena.take()
    if (slice !== undefined) this.#queue(slice)
  }

  #queue(slice: Slice): void {
    // Nobody will write it any more.
    if (typeof this.#state === 'object') return slice.done()
    this.#queued += slice.bytes.length
    this.#slices.push({ slice, end: this.#queued })
    this.#onPart?.()
  }

  /** Gives back what ends at or before `bytes`. */
  #release(bytes: number): void {
    // Of a slice that is written in part, only the rest waits: the storage may keep a small end of it until more comes.
    this.#written = Math.max(this.#written, Math.min(bytes, this.#queued))
    let count = 0
    for (let entry = this.#slices[0]; entry !== undefined && entry.end <= bytes; entry = this.#slices[++count]) entry.slice.done()
    this.#slices.splice(0, count)
    this.#next -= Math.min(count, this.#next)
    if (this.waitingBytes >= ROOM_BELOW_BYTES) return
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}

interface Deferred {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Promise.withResolvers, which Node has from 22 on. */
function deferred(): Deferred {
  let settle: Pick<Deferred, 'resolve' | 'reject'> | undefined
  const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  // Nobody may be waiting when it fails; who asks for room later is told.
  promise.catch(() => undefined)
  return { promise, ...(settle as unknown as Pick<Deferred, 'resolve' | 'reject'>) }
}
