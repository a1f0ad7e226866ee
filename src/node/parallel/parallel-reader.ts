import { stitch } from '../../chunker/segment.ts'
import { DIGEST_SIZE_BYTES } from '../../cid/cid.ts'
import type { Hasher } from '../../cid/interface.ts'
import { PLAIN_CODEC } from '../../codec/block-compression.ts'
import type { ChunkTaker, ContentStore } from '../../dataset/interface.ts'
import { STREAM_FROM_BYTES } from '../../repository/pack-store.ts'
import { BLOCK_HEADER_SIZE_BYTES, checkOf } from '../../repository/pack-format.ts'
import { isPromise } from '../../types.ts'
import { below, bytesOf, type ByteText } from '../byte-text.ts'
import type { MetFile, ReadContent } from '../file-reader.ts'
import { nodePlatform } from '../node-platform.ts'
import { packFacts } from './packed-facts.ts'
import { spansOf } from './read-task.ts'
import { SEGMENT_SIZE_BYTES, type Slab, SlabPool } from './slab.ts'
import type { HashedChunks, ReadFilesResult } from './tasks.ts'
import { type FilesUnit, type LargeFile, type SegmentUnit, runOf, type Unit, WantedChunks } from './unit.ts'
import { WorkerPool } from './worker-pool.ts'

/** A file is being read. `outcome` is there when it has been; undefined in it if it is gone or cannot be read. */
export interface PendingFile extends MetFile {
  /** Bytes of a large file that the store has seen. */
  seenBytes?: number
  outcome?: { readonly reading: ReadContent | undefined }
}

/** A message to a thread costs more than to copy a few chunks; from some size on, not to copy them is cheaper. */
const LAY_OUT_FROM_CHUNKS = 64
const LAY_OUT_BELOW_BYTES = 16 * 1024

/** What is to be read, and how. */
export interface ParallelWork {
  /** Absolute path of the folder that the files' paths are relative to. */
  readonly top: ByteText
  readonly store: ContentStore
  readonly chunks: ChunkTaker
  /** Reads a file on this thread, whatever has become of it: waits, tries again, and knows what to say. */
  readonly readHere: (file: MetFile) => Promise<ReadContent | undefined>
  /** Called now and then; a promise is waited for. Throws to stop. */
  readonly pause: () => Promise<void> | undefined
}

/** Small files are read together: enough of them that a message between threads does not show. */
const UNIT_SIZE_BYTES: number = 4 * 1024 * 1024
const UNIT_FILES = 512
/** Slabs beyond those that threads work on, for packs to borrow from. */
const SPARE_SLABS = 5
const SLABS_A_THREAD = 2
/**
 * Packs borrow from a slab only if they take that much, so that few chunks do not keep a slab for long: a pack begins to be written at this size
 * (`pack-store.ts`). Counted as it is stored: were all slabs lent to a pack that is still below it, nobody could go on.
 */
const LEND_FROM_BYTES: number = STREAM_FROM_BYTES

/**
 * Reads files by several threads, for a store that takes chunks. Threads read, cut and hash; this one asks the store, in the order of the files, what it wants;
 * threads encode that; this one hands it on. Nothing happens but within the calls, so that the store can be used for something else between them.
 *
 * Memory: the slabs, at most 9 MiB each.
 */
export class ParallelReader {
  readonly #top: ByteText
  readonly #store: ContentStore
  readonly #chunks: ChunkTaker
  readonly #readHere: ParallelWork['readHere']
  readonly #pause: ParallelWork['pause']
  readonly #hasher: Hasher
  readonly #threads: WorkerPool
  readonly #slabs: SlabPool
  readonly #load: number[]
  /** Units in the order of their files; the first `#taken` of them have been shown to the store. */
  readonly #units: Unit[] = []
  #taken = 0
  #partialBytes = 0
  #open: FilesUnit | undefined
  #wake: (() => void) | undefined

  /** The constructor's errors are those of the system that grants no threads, or no memory for them to share. */
  constructor(work: ParallelWork, threads: number) {
    const { top, store, chunks, readHere, pause } = work
    this.#top = top
    this.#store = store
    this.#chunks = chunks
    this.#readHere = readHere
    this.#pause = pause
    this.#hasher = nodePlatform.hasher(chunks.hash)
    this.#slabs = new SlabPool(threads * SLABS_A_THREAD + SPARE_SLABS, () => this.#wake?.())
    // Made here, so that what cannot be had is known before anything is begun: with fewer, packs that are not full might keep all of them, and nobody could go on.
    const least = Array.from({ length: SPARE_SLABS + 1 }, () => this.#slabs.take())
    if (least.includes(undefined)) throw new RangeError('There is no address space for the memory that threads share')
    for (const slab of least) slab?.giveBack()
    this.#threads = new WorkerPool(threads)
    this.#load = Array.from({ length: threads }, () => 0)
  }

  /** Bytes of large files which the store has seen, of those that were not forgotten. */
  get partialBytes(): number {
    return this.#partialBytes
  }

  /** A file is counted elsewhere from now on. */
  forget(file: PendingFile): void {
    this.#partialBytes -= file.seenBytes ?? 0
  }

  /** Begins to read a file, or gathers it with those to come. Must settle before the next call. */
  async add(file: PendingFile): Promise<void> {
    const size = Number(file.facts.size)
    if (size > SEGMENT_SIZE_BYTES) return this.#addLarge(file, size)
    if (this.#open !== undefined && this.#open.sizeBytes + size > SEGMENT_SIZE_BYTES) this.send()
    this.#open ??= { type: 'files', slab: await this.#slab(), files: [], sizeBytes: 0, wanted: new WantedChunks() }
    this.#open.files.push(file)
    this.#open.sizeBytes += size
    if (this.#open.sizeBytes >= UNIT_SIZE_BYTES || this.#open.files.length >= UNIT_FILES) this.send()
  }

  /** Goes on until something is done. False if there is nothing left to do. */
  async step(): Promise<boolean> {
    for (;;) {
      const next = this.#units[this.#taken]
      const first = this.#units[0]
      if (next !== undefined && (next.result !== undefined || next.failure !== undefined)) {
        await this.#take(next)
        this.#taken++
        return true
      }
      if (first !== undefined && this.#taken > 0 && (first.encoded !== undefined || first.failure !== undefined)) {
        await this.#put(first)
        this.#units.shift()
        this.#taken--
        return true
      }
      if (first === undefined) return false
      await this.#event()
    }
  }

  /** Gathers no longer: no more files are to come. */
  send(): void {
    if (this.#open === undefined) return
    this.#dispatch(this.#open)
    this.#open = undefined
  }

  close(): Promise<void> {
    return this.#threads.close()
  }

  async #addLarge(file: PendingFile, size: number): Promise<void> {
    this.send()
    const large: LargeFile = { file, position: 0, isSound: true }
    for (let start = 0; start < size; start += SEGMENT_SIZE_BYTES) {
      const slab = await this.#slab()
      const segment = { start, end: Math.min(size, start + SEGMENT_SIZE_BYTES), available: Math.min(size - start, slab.sizeBytes) }
      const unit: SegmentUnit = { type: 'segment', slab, large, segment, isLast: segment.end === size, sizeBytes: segment.end - start, wanted: new WantedChunks() }
      this.#dispatch(unit)
    }
  }

  #dispatch(unit: Unit): void {
    const thread = this.#load.indexOf(Math.min(...this.#load))
    unit.thread = thread
    this.#load[thread] = (this.#load[thread] as number) + unit.sizeBytes
    this.#units.push(unit)
    const { hash } = this.#chunks
    const reading = unit.type === 'files'
      ? this.#threads.runOn(unit.slab, thread, { type: 'read-files', top: this.#top, paths: unit.files.map(({ path }) => path), facts: packFacts(unit.files.map(({ facts }) => facts)), hash })
      : this.#threads.runOn(unit.slab, thread, { type: 'read-segment', path: below(this.#top, unit.large.file.path), facts: packFacts([unit.large.file.facts]), segment: unit.segment, hash })
    this.#settle(unit, reading, (result) => (unit.result = { value: result }))
  }

  /** Shows the chunks of a unit to the store, and has those encoded that it wants. */
  async #take(unit: Unit): Promise<void> {
    if (unit.failure !== undefined || unit.result === undefined) throw unit.failure?.error
    await (unit.type === 'files' ? this.#takeFiles(unit, unit.result.value as ReadFilesResult) : this.#takeSegment(unit, unit.result.value))
    const { hash, compression } = this.#chunks
    this.#planLayout(unit)
    if (unit.wanted.count === 0 || (compression === 'none' && unit.layoutAt === undefined)) {
      unit.encoded = { value: undefined }
      this.#unload(unit)
      return
    }
    const encoding = this.#threads.runOn(unit.slab, unit.thread ?? 0, {
      type: 'encode', spans: unit.wanted.spans(), digests: unit.wanted.digests(), hash, compression, layoutAt: unit.layoutAt,
    })
    this.#settle(unit, encoding, (value) => {
      unit.encoded = { value }
      this.#unload(unit)
    })
  }

  async #takeFiles(unit: FilesUnit, { counts, spans, digests }: ReadFilesResult): Promise<void> {
    let chunk = 0
    for (const [index, file] of unit.files.entries()) {
      const count = counts[index] as number
      if (count === 0) {
        file.outcome = { reading: await this.#readHere(file) }
        continue
      }
      this.#store.begin(bytesOf(file.path))
      for (const end = chunk + count; chunk < end; chunk++) {
        const taken = this.#takeChunk(unit, spans[chunk * 2] as number, spans[chunk * 2 + 1] as number, digestAt(digests, chunk))
        if (taken !== undefined) await taken
      }
      const content = this.#store.finish()
      file.outcome = { reading: { content: isPromise(content) ? await content : content, facts: file.facts } }
    }
  }

  /** Segments of a file come one after the other, with nothing between them. */
  async #takeSegment(unit: SegmentUnit, chunks: HashedChunks | undefined): Promise<void> {
    const { large, segment, slab, isLast } = unit
    const { file } = large
    if (segment.start === 0) this.#store.begin(bytesOf(file.path))
    if (chunks === undefined) large.isSound = false
    else if (large.isSound) {
      const own = spansOf(chunks, segment.start)
      const { bridge, shared } = stitch(slab.cutter, segment, own, large.position)
      for (const { offset, size } of bridge) await this.#takeChunk(unit, offset - segment.start, size, this.#hasher.digest(slab.bytes(offset - segment.start, size)))
      for (let index = shared; index < own.length; index++) {
        const { offset, size } = own[index] as { offset: number; size: number }
        const taken = this.#takeChunk(unit, offset - segment.start, size, digestAt(chunks.digests, index))
        if (taken !== undefined) await taken
      }
      const last = own.length > shared ? own.at(-1) : bridge.at(-1)
      if (last !== undefined) large.position = last.offset + last.size
    }
    this.#partialBytes += large.position - (file.seenBytes ?? 0)
    file.seenBytes = large.position
    if (!isLast) return
    file.outcome = { reading: large.isSound ? { content: await this.#store.finish(), facts: file.facts } : await this.#readHere(file) }
  }

  #takeChunk({ slab, wanted }: Unit, offset: number, size: number, digest: Uint8Array): Promise<void> | undefined {
    const isWanted = this.#chunks.take(digest, slab.bytes(offset, size))
    if (isPromise(isWanted)) return isWanted.then((answer) => (answer ? wanted.add(offset, size, digest) : undefined))
    if (isWanted) wanted.add(offset, size, digest)
    return undefined
  }

  /** Many small chunks are laid out by the thread, in the free part of the slab; larger ones are better left where they are. */
  #planLayout(unit: Unit): void {
    const { wanted, sizeBytes, slab } = unit
    const isSmall = unit.type === 'files' && wanted.count >= LAY_OUT_FROM_CHUNKS && wanted.sizeBytes < wanted.count * LAY_OUT_BELOW_BYTES
    if (isSmall && sizeBytes + wanted.sizeBytes + wanted.count * BLOCK_HEADER_SIZE_BYTES <= slab.sizeBytes) unit.layoutAt = sizeBytes
  }

  async #put(unit: Unit): Promise<void> {
    const { slab, wanted, sizeBytes, encoded, failure } = unit
    if (failure !== undefined) throw failure.error
    if (unit.layoutAt !== undefined && encoded?.value !== undefined) {
      const run = runOf(slab, wanted, encoded.value, unit.layoutAt)
      const full = this.#chunks.putRun(run, run.bytes.length >= LEND_FROM_BYTES ? slab : undefined)
      if (full !== undefined) await full
      return slab.giveBack()
    }
    const lends = wanted.storedBytes(encoded?.value) >= LEND_FROM_BYTES && wanted.sizeBytes >= sizeBytes / 2
    for (let index = 0; index < wanted.count; index++) {
      const { offset, size, digest } = wanted.at(index)
      const [codec, storedSize, check] = encoded?.value === undefined ? [PLAIN_CODEC, size, 0] : encoded.value.subarray(index * 3, index * 3 + 3) as unknown as [number, number, number]
      const block = { codec, payload: slab.bytes(offset, storedSize), check: encoded?.value === undefined ? checkOf(digest) : check }
      const full = this.#chunks.putEncoded(digest, size, block, lends ? slab : undefined)
      if (full !== undefined) await full
    }
    slab.giveBack()
  }

  async #slab(): Promise<Slab> {
    for (;;) {
      const pausing = this.#pause()
      if (pausing !== undefined) await pausing
      // One more is being put. The spare slabs are for packs to borrow from: units that only wait would fill them, and memory is slow when touched first.
      const slab = this.#units.length <= this.#threads.size * SLABS_A_THREAD ? this.#slabs.take() : undefined
      if (slab !== undefined) return slab
      // With no unit left all slabs are borrowed, and come back as they are written; one could do so while a step that finds nothing is waited for.
      if (this.#units.length > 0) await this.step()
      else await this.#event()
    }
  }

  #settle<T>(unit: Unit, work: Promise<T>, onResult: (value: T) => void): void {
    work.then(onResult, (error: unknown) => {
      unit.failure = { error }
    }).finally(() => this.#wake?.())
  }

  #unload({ thread = 0, sizeBytes }: Unit): void {
    this.#load[thread] = (this.#load[thread] as number) - sizeBytes
  }

  /** Resolves when a thread is done with something, or a slab is free. */
  #event(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }
}

function digestAt(digests: Uint8Array, index: number): Uint8Array {
  return digests.subarray(index * DIGEST_SIZE_BYTES, (index + 1) * DIGEST_SIZE_BYTES)
}
