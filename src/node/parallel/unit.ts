import { concatBytes } from '../../bytes.ts'
import type { Segment } from '../../chunker/segment.ts'
import { BLOCK_HEADER_SIZE_BYTES } from '../../repository/pack-format.ts'
import type { BlockRun } from '../../repository/block-run.ts'
import type { PendingFile } from './parallel-reader.ts'
import type { Slab } from './slab.ts'
import type { EncodeResult, ReadFilesResult, ReadSegmentResult } from './tasks.ts'

interface AnyUnit {
  readonly slab: Slab
  /** What the store wants of it. */
  readonly wanted: WantedChunks
  /** Where in the slab what is wanted is laid out as in a pack, if it is. */
  layoutAt?: number
  sizeBytes: number
  /** The thread that has read it, and will encode it. */
  thread?: number
  result?: { readonly value: ReadFilesResult | ReadSegmentResult }
  /** Without a value if nothing is to be encoded. */
  encoded?: { readonly value: EncodeResult | undefined }
  failure?: { readonly error: unknown }
}

/** Files that are read together. */
export interface FilesUnit extends AnyUnit {
  readonly type: 'files'
  readonly files: PendingFile[]
}

/** A part of a large file. */
export interface SegmentUnit extends AnyUnit {
  readonly type: 'segment'
  readonly large: LargeFile
  readonly segment: Segment
  readonly isLast: boolean
}

/** What goes to a thread at a time, and fills one slab. */
export type Unit = FilesUnit | SegmentUnit

/** A file whose segments are read at the same time. */
export interface LargeFile {
  readonly file: PendingFile
  /** Where its last chunk so far ends. */
  position: number
  /** False once a segment was found to be of another state of the file. */
  isSound: boolean
}

/** The chunks of a unit that are to be stored. */
export class WantedChunks {
  readonly #spans: number[] = []
  readonly #digests: Uint8Array[] = []
  #sizeBytes = 0

  get count(): number {
    return this.#digests.length
  }

  /** Plain bytes of all. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** What all take in a pack, without headers. */
  storedBytes(encoded: EncodeResult | undefined): number {
    if (encoded === undefined) return this.#sizeBytes
    let sum = 0
    for (let index = 0; index < this.count; index++) sum += encoded[index * 3 + 1] as number
    return sum
  }

  add(offset: number, size: number, digest: Uint8Array): void {
    this.#spans.push(offset, size)
    this.#digests.push(digest)
    this.#sizeBytes += size
  }

  at(index: number): { readonly offset: number; readonly size: number; readonly digest: Uint8Array } {
    return { offset: this.#spans[index * 2] as number, size: this.#spans[index * 2 + 1] as number, digest: this.#digests[index] as Uint8Array }
  }

  /** Offset and size of each. */
  spans(): Uint32Array {
    return Uint32Array.from(this.#spans)
  }

  /** The digests, one behind the other. */
  digests(): Uint8Array {
    return concatBytes(this.#digests)
  }
}

/** Blocks that a thread has laid out. */
export function runOf(slab: Slab, wanted: WantedChunks, encoded: Uint32Array, start: number): BlockRun {
  let end = 0
  const blocks = Array.from({ length: wanted.count }, (_, index) => {
    const { digest, size } = wanted.at(index)
    const [offset, codec, storedSize] = [end, encoded[index * 3] as number, encoded[index * 3 + 1] as number]
    end += BLOCK_HEADER_SIZE_BYTES + storedSize
    return { digest, offset, codec, storedSize, size }
  })
  return { bytes: slab.bytes(start, end), blocks }
}
