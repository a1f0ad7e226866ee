import { toHex } from '../../bytes.ts'
import { type CID, cidText, DAG_CBOR_CODE } from '../../cid/cid.ts'
import { decodeCbor } from '../../codec/dag-cbor.ts'
import { Checkpoints } from '../../dataset/checkpoints.ts'
import { leftRoots } from '../../dataset/left-at-remote.ts'
import { readSnapshot } from '../../dataset/snapshot-object.ts'
import { tolerant } from '../../dataset/tolerant.ts'
import { NotFoundError, VarveError } from '../../errors.ts'
import { DigestTable } from '../../repository/digest-table.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import { addReachable } from '../../repository/reachable.ts'
import { ReachedBlocks } from '../../repository/reached-blocks.ts'
import type { OperationOptions } from '../../types.ts'
import { readRemotesHere } from '../remotes.ts'
import { copyChunks } from './copy-chunks.ts'
import { type CommonBlocks, newBlocks } from './new-blocks.ts'
import { inPlaceOrder } from './place-order.ts'

/** What went over. */
export interface Transferred {
  /** Blocks that the target did not have. */
  readonly blocks: number
  /** Bytes that they take there, with their headers. */
  readonly bytes: number
  /** Blocks whose data the source has dropped, or that was left there, and the target does not have either, as its state is when this is asked: to be committed as such. */
  readonly dropped: () => Promise<readonly CID[]>
  /** Roots of manifests whose data was left at the source, as was asked for. */
  readonly left: readonly CID[]
  /** Blocks that the target had dropped, and all of which is there now: to be committed as such. */
  readonly whole: readonly CID[]
}

export interface TransferOptions extends OperationOptions {
  /** More that is wanted: of what was dropped at the source the record suffices here. */
  readonly further?: readonly CID[]
  /** Of manifests only the roots go over: what is in them stays at the source. */
  readonly leaveData?: boolean
}

/** One repository, and a session of another that its blocks go to. */
export interface Route {
  readonly source: BlockRepository
  readonly target: BlockRepository
  readonly session: Session
}

/**
 * Stores in a session all that `wants` lead to and the target lacks: what is no file content while it is found, then the content, as it is stored at the source. Every byte is hashed on the way.
 * If it is stopped or fails, what was stored is committed without a ref, so that the next attempt goes on from there. Memory: some 40 bytes for each new block.
 *
 * @throws NotFoundError, CorruptBlockError if the source is not whole, or has only the record of what is wanted: its data was dropped, or left elsewhere
 */
export async function transfer({ source, target, session }: Route, wants: readonly CID[], common: CommonBlocks, options: TransferOptions): Promise<Transferred> {
  const { signal, onProgress, further = [], leaveData = false } = options
  const before = session.added
  const droppedAtSource = await source.evicted()
  const droppedAtTarget = await target.evicted()
  const whole: CID[] = []
  const isFilled = ({ multihash: { digest } }: CID): boolean => droppedAtTarget.has(toHex(digest)) && !droppedAtSource.has(toHex(digest))
  const ended = new Map<string, CID>()
  const left = new Map<string, CID>()
  const ends = (cid: CID, bytes: Uint8Array): boolean => {
    const isDropped = droppedAtSource.has(toHex(cid.multihash.digest))
    if (isDropped) ended.set(cid.toString(), cid)
    else if (leaveData && isManifest(bytes)) left.set(cid.toString(), cid)
    else return false
    return true
  }
  const checkpoints = new Checkpoints(session)
  const chunks = new DigestTable()
  try {
    for await (const { cid, bytes, chunks: content } of newBlocks(source, [...wants, ...further], common, { ends, signal, inOrder: (cids) => inPlaceOrder(source, cids) })) {
      await session.put(DAG_CBOR_CODE, bytes)
      for (const chunk of content) chunks.add(chunk.multihash.digest)
      if (isFilled(cid) && !(leaveData && isManifest(bytes))) whole.push(cid)
      onProgress?.({ type: 'transfer', blocks: session.added.blocks - before.blocks, bytes: session.added.storedBytes - before.storedBytes })
    }
    await assertNotLeft({ source, target, session }, wants, ended)
    let done = 0
    const records = session.added.storedBytes - before.storedBytes
    let moved = records
    let totalBytes: number | undefined
    await copyChunks(source, session, chunks, {
      signal,
      onChunks: (count, size) => onProgress?.({ type: 'transfer', blocks: (done += count), bytes: (moved += size), totalBlocks: chunks.count, ...(totalBytes === undefined ? {} : { totalBytes }) }),
      onLocated: (size, chunksAfter) => {
        // What was not looked for yet is taken to be like the rest.
        const known = moved + size
        totalBytes = Math.round(known + ((known - records) / Math.max(1, chunks.count - chunksAfter)) * chunksAfter)
      },
      perhapsCheckpoint: () => checkpoints.perhaps(),
    })
  } catch (error) {
    await session.checkpoint().catch(() => undefined)
    throw error
  }
  for (const cid of wants) if (ended.has(cid.toString())) throw onlyRecord(source, cid)
  const dropped = async (): Promise<readonly CID[]> => {
    const found: CID[] = []
    for (const cid of [...ended.values(), ...left.values()]) if (!(await isWhole(target, cid))) found.push(cid)
    return found
  }
  return { whole, left: [...left.values()], blocks: session.added.blocks - before.blocks, bytes: session.added.storedBytes - before.storedBytes, dropped }
}

/** A lazy clone has only the records of what it left at its remote: no ref is to lead to these where the data is not. @throws NotFoundError */
async function assertNotLeft({ source, target, session }: Route, wants: readonly CID[], ended: ReadonlyMap<string, CID>): Promise<void> {
  const left = ended.size === 0 ? new Map<string, string>() : await leftRoots(source)
  if (left.size === 0) return
  for (const cid of wants) {
    const root = await tolerant(async () => (await readSnapshot(session, cid)).root)
    const remote = root === undefined || !ended.has(root.toString()) ? undefined : left.get(toHex(root.multihash.digest))
    if (root === undefined || remote === undefined || (await isWhole(target, root))) continue
    const url = (await readRemotesHere(source)).find(({ name }) => name === remote)?.url
    throw new NotFoundError(`Of ${cidText(cid)}, which a ref leads to, ${source.storage.location} has only the record: its data was left at the remote "${remote}"${url === undefined ? ', which is not known there any more' : `, ${url}`}`, {
      data: { cid: cidText(cid), remote, url: url ?? null }, hint: `\`varve pull <ref>\` in ${source.storage.location} brings the data there; or take it from "${remote}" itself. Name the other refs, to leave this one out.`,
    })
  }
}

function isManifest(bytes: Uint8Array): boolean {
  return (decodeCbor(bytes) as { readonly type?: unknown } | null)?.type === 'manifest'
}

function onlyRecord(source: BlockRepository, cid: CID): NotFoundError {
  return new NotFoundError(`Of ${cidText(cid)}, which a ref leads to, ${source.storage.location} has only the record: its data was dropped there`, { data: { cid: cidText(cid) }, hint: 'Another copy of the repository may still have it. Name the other refs, to leave this one out.' })
}

/** Whether all that a block leads to happens to be at the target. */
async function isWhole(target: BlockRepository, cid: CID): Promise<boolean> {
  try {
    await addReachable(target.here, [cid], new ReachedBlocks())
    return true
  } catch (error) {
    if (error instanceof VarveError) return false
    throw error
  }
}
