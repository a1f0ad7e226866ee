import type { HashName } from '../../cid/interface.ts'
import type { CompressionMode } from '../../codec/block-compression.ts'
import type { Segment } from '../../chunker/segment.ts'
import type { IndexedPack } from '../../repository/index-format.ts'
import type { ByteText } from '../byte-text.ts'
import type { EntryFacts } from '../folder-calls.ts'
import type { IgnoreOptions } from '../ignore-rules.ts'
import type { WalkBatch } from './walk-batch.ts'

/** Memory that threads share, by its number; `memory` itself comes along the first time a thread hears of it. */
export interface SlabName {
  readonly slab: number
  readonly memory?: WebAssembly.Memory
}

/** Read whole files into a slab, one behind the other, and cut and hash them. */
export interface ReadFilesTask extends SlabName {
  readonly type: 'read-files'
  /** Absolute path of the folder that `paths` are relative to. */
  readonly top: ByteText
  readonly paths: readonly ByteText[]
  /** What is known of each file (see `packFacts`); one that is not like that any more is not read. */
  readonly facts: BigInt64Array
  readonly hash: HashName
}

/** Read a part of one file to the beginning of a slab, and cut and hash the chunks that begin in it. */
export interface ReadSegmentTask extends SlabName {
  readonly type: 'read-segment'
  readonly path: ByteText
  readonly facts: BigInt64Array
  readonly segment: Segment
  readonly hash: HashName
}

/** Encode chunks of a slab. */
export interface EncodeTask extends SlabName {
  readonly type: 'encode'
  /** Offset in the slab and size of each. */
  readonly spans: Uint32Array
  /** Digests of them, one behind the other. */
  readonly digests: Uint8Array
  readonly hash: HashName
  readonly compression: CompressionMode
  /** Where in the slab the blocks are to be laid out as in a pack; absent if each payload is to take the place of its chunk. */
  readonly layoutAt: number | undefined
}

/** Read a pack of a folder storage, and hash every block of it. */
export interface ScanPackTask {
  readonly type: 'scan-pack'
  /** Absolute path of the storage's folder. */
  readonly location: string
  readonly pack: IndexedPack
  readonly hash: HashName
}

/** Undefined if it cannot be read to its end. Blocks that are deltas are sound as far as their payload is. */
export type ScanPackResult = { readonly headers: Uint8Array; readonly damaged: readonly { readonly index: number; readonly reason: string }[] } | undefined

/** Read a span of a pack of a folder storage to the beginning of a slab, and open the blocks in it. */
export interface OpenSpanTask extends SlabName {
  readonly type: 'open-span'
  /** Absolute path of the storage's folder. */
  readonly location: string
  /** Id of the pack. */
  readonly pack: Uint8Array
  readonly start: number
  readonly end: number
  /** Of each block: offset of its header in the span, size of its payload, plain size, codec. */
  readonly fields: Uint32Array
  /** The digests, one behind the other. */
  readonly digests: Uint8Array
  readonly hash: HashName
}

/** Where in the slab the plain bytes of each block are, or `NOT_OPENED`. */
export type OpenSpanResult = Uint32Array
export const NOT_OPENED = 0xffffffff

/** Which folder to walk, and what of it to leave out. */
export interface WalkPlan {
  /** Absolute path, without links in it. */
  readonly top: ByteText
  readonly ignore: IgnoreOptions
  /** See `WalkOptions`. */
  readonly repository: Pick<EntryFacts, 'dev' | 'ino'> | undefined
}

/** Go on with the walk that the thread has begun, by a batch. */
export interface WalkTask {
  readonly type: 'walk'
  /** Begin this one instead. */
  readonly begin?: WalkPlan
}

export type SlabTask = ReadFilesTask | ReadSegmentTask | EncodeTask | OpenSpanTask
export type Task = SlabTask | ScanPackTask | WalkTask

/** Chunks that were cut and hashed. */
export interface HashedChunks {
  /** Offset in the slab and size of each. */
  readonly spans: Uint32Array
  /** The digests, one behind the other. */
  readonly digests: Uint8Array
}

export interface ReadFilesResult extends HashedChunks {
  /** Chunks of each file; 0 for one that could not be read as it was described: whoever asked must look at it himself. */
  readonly counts: Uint32Array
}

/** Undefined if the file is not as it was described. */
export type ReadSegmentResult = HashedChunks | undefined

/** For each chunk its codec, the size of its payload, and its check. */
export type EncodeResult = Uint32Array

/** What each task comes to. */
export interface Results {
  readonly 'read-files': ReadFilesResult
  readonly 'read-segment': ReadSegmentResult
  readonly encode: EncodeResult
  readonly 'scan-pack': ScanPackResult
  readonly 'open-span': OpenSpanResult
  readonly walk: WalkBatch
}

export interface TaskMessage {
  readonly id: number
  readonly task: Task
}

export type ResultMessage = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string }
