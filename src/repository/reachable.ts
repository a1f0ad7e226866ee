import { CID, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import { VarveError } from '../errors.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import type { BlockRequest, ReadResult } from './block-reader.ts'
import { Pause } from './pause.ts'
import type { ReachedBlocks } from './reached-blocks.ts'

/** Where reachability is looked up. */
export interface BlockGraph {
  /** True if the block is there; its bytes are not looked at. */
  has(cid: CID): MaybePromise<boolean>
  readMany(requests: Iterable<BlockRequest>): AsyncIterable<ReadResult>
}

export interface ReachOptions {
  /** False for a block whose own links lead out of what is asked for. By default all are followed. */
  readonly follows?: (cid: CID, value: unknown) => boolean
  /** A block that is not there, or cannot be read. By default that is an error. */
  readonly onMissing?: (cid: CID, error: VarveError | undefined) => void
  readonly signal?: AbortSignal | undefined
}

/** Nodes that are read together. */
const BATCH_BLOCKS = 256

/**
 * Adds to `reached` every block that links lead to from `roots`. Only dag-cbor blocks are read; what was reached before is not read again.
 * Memory: some 40 bytes a block in `reached`, and the links that wait to be followed.
 *
 * @throws what reading a block throws, or NotFoundError from `has` alone, unless `onMissing` takes it
 */
export async function addReachable(graph: BlockGraph, roots: Iterable<CID>, reached: ReachedBlocks, options: ReachOptions = {}): Promise<void> {
  const { follows, onMissing = refuse, signal } = options
  const waiting: CID[] = []
  const pause = new Pause(signal)
  const visit = (cid: CID): MaybePromise<void> => {
    if (!reached.add(cid)) return
    if (cid.code === DAG_CBOR_CODE) waiting.push(cid)
    else return present(graph.has(cid), cid)
  }
  const present = (has: MaybePromise<boolean>, cid: CID): MaybePromise<void> => {
    if (isPromise(has)) return has.then((there) => present(there, cid))
    if (!has) onMissing(cid, undefined)
  }
  for (const cid of roots) await visit(cid)
  while (waiting.length > 0) {
    for await (const result of graph.readMany(waiting.splice(-BATCH_BLOCKS).toReversed().map((cid) => ({ cid })))) {
      await pause.take()
      if ('error' in result) {
        onMissing(result.cid, result.error)
        continue
      }
      const value = decodeCbor(result.bytes)
      if (follows?.(result.cid, value) === false) continue
      for (const link of linksOf(value)) {
        const visited = visit(link)
        if (visited !== undefined) await visited
      }
    }
  }
}

/** Every link in a decoded value, in order. */
export function* linksOf(value: unknown): Generator<CID> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  const cid = CID.asCID(value)
  if (cid !== null) yield cid
  else for (const item of Array.isArray(value) ? value : Object.values(value)) yield* linksOf(item)
}

function refuse(cid: CID, error: VarveError | undefined): never {
  throw error ?? new VarveError('NOT_FOUND', `Block ${cidText(cid)} is linked to and not in this repository`, {
    data: { cid: cidText(cid) }, hint: 'Run `varve verify` to see which snapshots need it.',
  })
}
