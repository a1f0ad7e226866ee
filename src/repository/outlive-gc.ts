import { type CID, cidText } from '../cid/cid.ts'
import { decodeDeltaPayload } from '../codec/delta-payload.ts'
import { type BlockSource } from '../codec/interface.ts'
import { CorruptBlockError, CorruptObjectError, NotFoundError, SessionRevokedError, VarveError } from '../errors.ts'
import type { AnyIterable } from '../types.ts'
import type { BlockRequest, ReadResult } from './block-reader.ts'
import { evictedDigests, evictedError } from './evicted.ts'
import type { IndexedPack } from './index-format.ts'
import type { BlockLocation, IndexSet } from './index-set.ts'
import { leaseKey } from './lease.ts'
import { BLOCK_HEADER_SIZE_BYTES } from './pack-format.ts'
import { readTrailer } from './pack-reader.ts'
import type { PackStore } from './pack-store.ts'
import { readStored } from './read-block.ts'
import { addReachable, type BlockGraph } from './reachable.ts'
import { ReachedBlocks } from './reached-blocks.ts'
import type { RepositoryState, SessionHost } from './session-host.ts'
import { toHex } from '../bytes.ts'

/** What a session must make sure of when garbage was collected while it was at work. */
export interface Survivor {
  readonly id: string
  readonly packs: PackStore
  /** Packs in which the session found what it did not write again. */
  readonly relied: Iterable<IndexedPack>
  /** States of the index that the session has looked things up in. */
  readonly seen: readonly IndexSet[]
  /** What refs are about to point to. */
  readonly targets: readonly CID[]
  /** Blocks that are about to be entered as whole: all that they lead to must be there. */
  readonly whole: readonly CID[]
  /** Blocks that are about to be entered as dropped: what they lead to need not be there. */
  readonly dropped: readonly CID[]
  readonly blocks: BlockSource
}

/**
 * Lets a session commit although a collection dropped packs that it counts on: as long as its lease stands, nothing of what was dropped has been
 * deleted, so those packs are taken into its own index again. All that its refs are to lead to, and what it calls whole, is then looked for.
 *
 * @throws SessionRevokedError if the session was given up, or something is gone
 * @throws NotFoundError if the data of what a ref is to point to has been dropped on purpose
 */
export async function outliveCollection(host: SessionHost, state: RepositoryState, session: Survivor): Promise<void> {
  const { storage, hasher } = host
  // A lease that is gone was removed with the revocation, which the record need not name for ever.
  if ((await storage.stat(leaseKey(session.id))) === undefined) throw revoked(session.id)
  const deltas: BlockLocation[] = []
  const adopt = async (pack: IndexedPack): Promise<void> => {
    deltas.push(...session.packs.adopt(pack, await unlessGone(session, readTrailer(storage, hasher, pack))))
  }
  /** What blocks in packs that are taken in are deltas against may have been dropped from other packs. */
  const adoptBases = async (): Promise<void> => {
    for (let delta = deltas.pop(); delta !== undefined; delta = deltas.pop()) {
      const stored = await unlessGone(session, readStored(storage, delta))
      for (const base of decodeDeltaPayload(stored.subarray(BLOCK_HEADER_SIZE_BYTES), delta.size).bases) {
        if (session.packs.has(base) || (await state.indexes.find(base)).length > 0) continue
        const pack = await formerPack(session.seen, base)
        if (pack === undefined) throw revoked(session.id)
        await adopt(pack)
      }
    }
  }
  for (const pack of session.relied) if (!state.indexes.hasPack(pack.id)) await adopt(pack)
  await adoptBases()
  for (;;) {
    const missing = await missingFrom(state, session)
    if (missing.length === 0) return
    const before = session.packs.packCount
    for (const cid of missing) {
      if (session.packs.has(cid.multihash.digest)) continue
      const pack = await formerPack(session.seen, cid.multihash.digest)
      // A pack that is still named while the block is not holds it damaged, and a repair has found out.
      if (pack !== undefined && state.indexes.hasPack(pack.id)) throw reliedOnDamage(session.id, cid)
      if (pack === undefined) throw revoked(session.id)
      await adopt(pack)
    }
    await adoptBases()
    if (session.packs.packCount === before) throw revoked(session.id)
  }
}

/** The refusal of a session that garbage collection has ended. */
export function revoked(session: string, cause?: unknown): SessionRevokedError {
  return new SessionRevokedError('Garbage collection removed data that this session relied on; nothing was committed', { data: { session }, ...(cause === undefined ? {} : { cause }) })
}

function reliedOnDamage(session: string, cid: CID): SessionRevokedError {
  return new SessionRevokedError(`A repair found that block ${cidText(cid)} is damaged, and this session relied on it; nothing was committed`, { data: { session, cid: cidText(cid) } })
}

/** Of a session that was given up, packs and index files are deleted while it goes on: what fails for that reason looks like damage, and is none. */
export async function whyNotCommitted(host: SessionHost, session: string, error: unknown): Promise<unknown> {
  if (!(error instanceof NotFoundError || error instanceof CorruptObjectError || error instanceof CorruptBlockError)) return error
  await host.refresh().catch(() => undefined)
  return host.state.root.record.revoked.includes(session) ? revoked(session, error) : error
}

async function missingFrom(state: RepositoryState, { packs, targets, whole, dropped, blocks }: Survivor): Promise<readonly CID[]> {
  const missing: CID[] = []
  const graph: BlockGraph = {
    has: async (cid) => packs.has(cid.multihash.digest) || (await state.indexes.find(cid.multihash.digest)).length > 0,
    readMany: (requests) => readEach({ get: async (cid) => ((await graph.has(cid)) ? blocks.get(cid) : notHere(cid)) }, requests),
  }
  const ended = await evictedDigests(blocks, state.root.record.evicted)
  for (const cid of whole) ended.delete(toHex(cid.multihash.digest))
  for (const cid of dropped) ended.add(toHex(cid.multihash.digest))
  for (const target of targets) if (ended.has(toHex(target.multihash.digest))) throw evictedError(target)
  await addReachable(graph, [...targets, ...whole], new ReachedBlocks(), { follows: (cid) => !ended.has(toHex(cid.multihash.digest)), onMissing: (cid) => missing.push(cid) })
  return missing
}

/** A place elsewhere may have it; a ref leads to what is here. */
function notHere(cid: CID): never {
  throw new NotFoundError(`Block ${cidText(cid)} is not in this repository`, { data: { cid: cidText(cid) } })
}

async function* readEach(blocks: BlockSource, requests: AnyIterable<BlockRequest>): AsyncGenerator<ReadResult> {
  for await (const { cid } of requests) {
    try {
      yield { cid, bytes: await blocks.get(cid) }
    } catch (error) {
      if (!(error instanceof VarveError)) throw error
      yield { cid, error }
    }
  }
}

async function unlessGone<T>(session: Survivor, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof CorruptObjectError || error instanceof NotFoundError) throw revoked(session.id, error)
    throw error
  }
}

async function formerPack(seen: readonly IndexSet[], digest: Uint8Array): Promise<IndexedPack | undefined> {
  for (const indexes of seen) {
    const [location] = await indexes.find(digest)
    if (location !== undefined) return location.pack
  }
  return undefined
}
