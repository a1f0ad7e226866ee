import { type CID, cidText } from '../cid/cid.ts'
import { toHex } from '../bytes.ts'
import type { Repository } from '../dataset/repository.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { Storage } from '../storage/interface.ts'
import type { CidText, OperationOptions } from '../types.ts'
import { assertMayCreate } from './add-remote.ts'
import { REMOTE_PACK_SIZE_BYTES } from './place.ts'
import { planPush, type PushedRef, type PushPlan } from './push-plan.ts'
import { rememberRefs } from './remember-refs.ts'
import { type RequestTally, tallyOf } from './request-tally.ts'
import { openRemote, resolveTarget, type RemoteTarget } from './remote-target.ts'
import { assertNoRollback } from './rollback.ts'
import { commonHistory } from './transfer/common-history.ts'
import { transfer } from './transfer/transfer.ts'
import { chosenRefs, userRefs } from './user-refs.ts'
import { assertArrived, type Arrival } from './verify-arrival.ts'

export interface PushOptions extends OperationOptions {
  /** A remote by name, an address, or a storage. Default `origin`. */
  readonly to?: string | Storage
  /** Refs and tags; default all. */
  readonly refs?: readonly string[]
  /** Move refs of the remote back or aside, and tags; what they led to stays in its log of operations. */
  readonly force?: boolean
  /** Go on although the remote was rolled back. */
  readonly acceptRollback?: boolean
  readonly message?: string
  readonly author?: string
}

export interface PushResult {
  readonly remote: string | null
  readonly url: string
  readonly refs: readonly PushedRef[]
  /** Blocks that the remote did not have, and the bytes that they take there. */
  readonly blocks: number
  readonly bytes: number
  /** Snapshots and roots of which only the record went over: their data was dropped here by garbage collection. */
  readonly dropped: readonly CidText[]
  /** What was looked at afterwards. */
  readonly verified: Arrival
  readonly requests: RequestTally
}

/**
 * Sends what refs lead to and a remote lacks, then moves its refs, all or none, each only from where it was. An empty place becomes a repository. What arrived is looked at
 * again: every new pack by size and trailer, and a sample of blocks by its hash. Stopped and run again it goes on where it was.
 *
 * @throws RefConflictError if a ref of the remote has moved aside, or moves meanwhile
 * @throws RollbackError if the remote is older than it was
 *
 * @example
 * await push(repository, { to: 'origin', refs: ['mnist/raw'] })
 */
export async function push(repository: Repository, options: PushOptions = {}): Promise<PushResult> {
  const { blocks } = repository
  await blocks.refresh()
  const target = await resolveTarget(repository, options.to)
  const wanted = chosenRefs(await userRefs(blocks), options.refs, repository.location)
  if (wanted.size === 0) throw new InvalidArgumentError(`There is nothing to push: ${repository.location} has no refs`, { hint: 'Take a snapshot first: varve snapshot <dir>' })
  const requests: RequestTally = {}
  const isNew = target.remote === undefined || target.remote.seen === null
  if (target.remote === undefined && target.storage === undefined) await assertMayCreate(target.url, options.signal)
  const place = await openRemote(target, { ...(isNew ? { create: blocks.config.hash } : {}), singleWriter: target.remote?.singleWriter ?? false, onRequest: tallyOf(requests), signal: options.signal })
  try {
    const remote = place.blocks
    assertSameHash(blocks.config.hash, remote.config.hash, target)
    if (target.remote !== undefined && options.acceptRollback !== true) await assertNoRollback(remote, target.remote)
    const sent = await send(blocks, remote, wanted, options)
    const { outcomes } = sent.plan
    // Of other refs only the records may be here, left by a fetch that was stopped.
    const ours = new Map(outcomes.filter(({ outcome }) => outcome !== 'behind').map(({ ref }): [string, CID] => [ref, wanted.get(ref) as CID]))
    await rememberRefs(repository, target, remote, ours, { action: 'push', ...(options.author === undefined ? {} : { author: options.author }) })
    return { remote: target.remote?.name ?? null, url: target.url, refs: outcomes, blocks: sent.blocks, bytes: sent.bytes, dropped: sent.dropped, verified: sent.verified, requests }
  } finally {
    await place.close()
  }
}

interface Sent {
  readonly plan: PushPlan
  readonly verified: Arrival
  readonly blocks: number
  readonly bytes: number
  readonly dropped: readonly CidText[]
}

async function send(blocks: BlockRepository, remote: BlockRepository, wanted: ReadonlyMap<string, CID>, { force = false, message = '', author, signal, onProgress }: PushOptions): Promise<Sent> {
  const first = await planPush(blocks, remote, wanted, force)
  if (first.moves.length + first.refills.length === 0) return { plan: first, verified: { packs: 0, blocks: 0 }, blocks: 0, bytes: 0, dropped: [] }
  return remote.withSession(async (session) => {
    // Once more, now that the session's lease stands: what is counted on from here cannot go unnoticed.
    const plan = await planPush(blocks, remote, wanted, force)
    const dropped = await remote.evicted()
    const droppedHere = await blocks.evicted()
    const wants = [...plan.moves.map(({ after }) => after), ...plan.refills]
    const isHere = (cid: CID): boolean => !droppedHere.has(toHex(cid.multihash.digest))
    const common = await commonHistory(blocks, blocks, wants, plan.there.values(), {
      isDropped: (cid) => dropped.has(toHex(cid.multihash.digest)), isRefilled: (snapshot, root) => wants.some((cid) => cid.equals(snapshot)) && isHere(snapshot) && isHere(root),
    })
    const sent = await transfer({ source: blocks, target: remote, session }, wants, { whole: common.snapshots.values(), bases: common.bases, near: blocks }, { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) })
    // What arrived is looked at before a ref leads to it; and whoever loses the ref to somebody else need not send it again.
    await session.checkpoint()
    const verified = await assertArrived(remote, session.added.packs, signal)
    let left: readonly CID[] = []
    await session.commit({
      action: 'push', message, actor: author ?? null, whole: sent.whole, dropped: async () => (left = await sent.dropped()),
      refs: plan.moves.map(({ ref, before, after }) => ({ name: ref, expected: before ?? null, target: after })),
    })
    return { plan, verified, blocks: sent.blocks, bytes: sent.bytes, dropped: left.map((cid) => cidText(cid)) }
  }, { packSizeBytes: REMOTE_PACK_SIZE_BYTES, isPatient: true })
}

function assertSameHash(here: string, there: string, { url }: RemoteTarget): void {
  if (here === there) return
  throw new InvalidArgumentError(`The repository at ${url} names blocks by ${there}, and this one by ${here}: what the one holds cannot be in the other`, { data: { here, there }, hint: `Push to an empty place, or begin a repository with \`varve init --hash ${there}\`.` })
}
