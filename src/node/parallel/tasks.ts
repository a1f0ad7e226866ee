import type { HashName } from '../../cid/interface.ts'
import type { CompressionMode } from '../../codec/block-compression.ts'
import type { Segment } from '../../chunker/segment.ts'
import type { IndexedPack } from '../../repository/index-format.ts'
import type { ByteText } from '../byte-text.ts'

/** Numbers that describe a file in `facts`: inode, mode, size, modification and change time in ns. */
export const FACTS_A_FILE = 5

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
  /** What is known of each file; one that is not like that any more is not read. */
  readonly facts: BigUint64Array
  readonly hash: HashName
}

/** Read a part of one file to the beginning of a slab, and cut and hash the chunks that begin in it. */
export interface ReadSegmentTask extends SlabName {
  readonly type: 'read-segment'
  readonly path: ByteText
  readonly facts: BigUint64Array
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

export type SlabTask = ReadFilesTask | ReadSegmentTask | EncodeTask
export type Task = SlabTask | ScanPackTask

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
}

export interface TaskMessage {
  readonly id: number
  readonly task: Task
}

export type ResultMessage = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string }
