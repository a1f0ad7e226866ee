import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { Hasher } from '../../cid/interface.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { evictedDigests } from '../evicted.ts'
import { indexedBlocks } from '../gc/pack-usage.ts'
import type { IndexSet } from '../index-set.ts'
import { listRefs, type Ref } from '../refs.ts'
import type { RootLog } from '../root-log.ts'
import type { RootRecord } from '../root-record.ts'
import type { FoundNode } from './interface.ts'
import { triedTwice } from './look-twice.ts'
import { readable } from './survey-log.ts'

/** A tree of refs that can be read to its end. */
export interface ReadableRefs {
  readonly tree: CID | null
  readonly refs: readonly Ref[]
}

/** The tree of evicted snapshots of a record or, where a node of it is lost, that of the newest record before it which can be read. */
export async function readableEvicted(log: RootLog, source: BlockSource, newest: RootRecord): Promise<CID | null> {
  for (let record: RootRecord | undefined = newest, { number } = newest; number > 0; record = (await readable(log, --number))?.record) {
    const tree = record?.evicted
    if (tree === undefined) continue
    if (tree === null || (await triedTwice(() => evictedDigests(source, tree))) !== undefined) return tree
  }
  return null
}

/** The refs of a record or, where a node of their tree is lost, those of the newest record before it whose are not. */
export async function readableRefs(log: RootLog, source: BlockSource, newest: RootRecord): Promise<ReadableRefs> {
  const tried = new Set<string>()
  for (let record: RootRecord | undefined = newest, { number } = newest; number > 0; record = (await readable(log, --number))?.record) {
    if (record === undefined || tried.has(nameOf(record.refs))) continue
    const { refs: tree } = record
    const refs = await triedTwice(() => listed(source, tree))
    if (refs !== undefined) return { tree, refs }
    tried.add(nameOf(tree))
  }
  return { tree: null, refs: [] }
}

/** Every sound dag-cbor block of the repository. */
export async function* foundNodes(hasher: Hasher, indexes: IndexSet, source: BlockSource, signal?: AbortSignal): AsyncGenerator<FoundNode> {
  for await (const { digest, location } of indexedBlocks(indexes, signal)) {
    if (location.pack.kind !== 'metadata') continue
    const cid = cidFromDigest(hasher, DAG_CBOR_CODE, digest.slice())
    const bytes = await triedTwice(async () => source.get(cid))
    if (bytes !== undefined) yield { cid, bytes }
  }
}

async function listed(source: BlockSource, tree: CID | null): Promise<readonly Ref[]> {
  const refs: Ref[] = []
  for await (const ref of listRefs(source, tree)) refs.push(ref)
  return refs
}

function nameOf(tree: CID | null): string {
  return tree === null ? '' : cidText(tree)
}
