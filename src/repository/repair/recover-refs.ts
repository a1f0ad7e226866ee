import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { Hasher } from '../../cid/interface.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { StorageError, VarveError } from '../../errors.ts'
import { indexedBlocks } from '../gc/pack-usage.ts'
import type { IndexSet } from '../index-set.ts'
import { listRefs, type Ref } from '../refs.ts'
import type { RootLog } from '../root-log.ts'
import type { RootRecord } from '../root-record.ts'
import type { FoundNode } from './interface.ts'
import { readable } from './survey-log.ts'

/** A tree of refs that can be read to its end. */
export interface ReadableRefs {
  readonly tree: CID | null
  readonly refs: readonly Ref[]
}

/** The refs of a record or, where a node of their tree is lost, those of the newest record before it whose are not. */
export async function readableRefs(log: RootLog, source: BlockSource, newest: RootRecord): Promise<ReadableRefs> {
  const tried = new Set<string>()
  for (let record: RootRecord | undefined = newest, { number } = newest; number > 0; record = (await readable(log, --number))?.record) {
    if (record === undefined || tried.has(nameOf(record.refs))) continue
    const refs = await tryRefs(source, record.refs)
    if (refs !== undefined) return { tree: record.refs, refs }
    tried.add(nameOf(record.refs))
  }
  return { tree: null, refs: [] }
}

/** Every sound dag-cbor block of the repository. */
export async function* foundNodes(hasher: Hasher, indexes: IndexSet, source: BlockSource, signal?: AbortSignal): AsyncGenerator<FoundNode> {
  for await (const { digest, location } of indexedBlocks(indexes, signal)) {
    if (location.pack.kind !== 'metadata') continue
    const cid = cidFromDigest(hasher, DAG_CBOR_CODE, digest.slice())
    yield { cid, bytes: await source.get(cid) }
  }
}

async function tryRefs(source: BlockSource, tree: CID | null): Promise<readonly Ref[] | undefined> {
  for (let tries = 0; tries < 2; tries++) {
    try {
      const refs: Ref[] = []
      for await (const ref of listRefs(source, tree)) refs.push(ref)
      return refs
    } catch (error) {
      if (!(error instanceof VarveError) || error instanceof StorageError) throw error
    }
  }
  return undefined
}

function nameOf(tree: CID | null): string {
  return tree === null ? '' : cidText(tree)
}
