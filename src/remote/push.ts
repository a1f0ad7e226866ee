import { type CID, cidText } from '../cid/cid.ts'
import { toHex } from '../bytes.ts'
import type { Repository } from '../dataset/repository.ts'
import { InvalidArgumentError, RefConflictError } from '../errors.ts'
import type { BlockRepository, RefChange } from '../repository/index.ts'
import type { Storage } from '../storage/interface.ts'
import type { CidText, OperationOptions } from '../types.ts'
import { assertMayCreate } from './add-remote.ts'
import { REMOTE_PACK_SIZE_BYTES } from './place.ts'
import { planPush, type PushedRef, type PushPlan } from './push-plan.ts'
import { eitherSource } from './records/either-source.ts'
import type { RecordTrees, SentRecords } from './records/interface.ts'
import { RecordTravel } from './records/record-travel.ts'
import { hasRecords, recordTrees, treesIn } from './records/record-trees.ts'
import { rememberRefs } from './remember-refs.ts'
import { type RequestTally, tallyOf } from './request-tally.ts'
import { openOrCreateRemote, openRemote, resolveTarget, type RemoteTarget } from './remote-target.ts'
import { listRemotes } from './remotes.ts'
import { assertNoRollback } from './rollback.ts'
import { commonHistory } from './transfer/common-history.ts'
import { transfer } from './transfer/transfer.ts'
import { allRefs, chosenRefs, namedRefs, userRefs } from './user-refs.ts'
import { assertArrived, type Arrival } from './verify-arrival.ts'

export interface PushOptions extends OperationOptions {
  /** A remote by name, an address, or a storage. Default `origin`. */
  readonly to?: string | Storage
  /** Refs and tags; default all. */
  readonly refs?: readonly string[]
  /** Move refs of the remote back or aside, and tags; what they led to stays in its log of operations. */
  readonly force?: boolean
  /** Send runs that are over, derivations and models too. Default: if no refs are named. */
  readonly records?: boolean
  /** Go on although the remote was rolled back. */
  readonly acceptRollback?: boolean
  readonly message?: string
  readonly author?: string
}

export interface PushResult {
  readonly remote: string | null
  readonly url: string
  /** There was no repository before, and this push made one. */
  readonly created: boolean
  readonly refs: readonly PushedRef[]
  /** Blocks that the remote did not have, and the bytes that they take there. */
  readonly blocks: number
  readonly bytes: number
  /** Snapshots and roots of which only the record went over: their data was dropped here by garbage collection. */
  readonly dropped: readonly CidText[]
  /** What became of runs, derivations and models; null if they were left out. */
  readonly records: SentRecords | null
  /** What was looked at afterwards. */
  readonly verified: Arrival
  readonly requests: RequestTally
}

/**
 * Sends what refs lead to and a remote lacks, and the records of runs, derivations and models, then moves its refs, all or none, each only from where it was. An empty place becomes a repository. What arrived is looked at
 * again: every new pack by size and trailer, and a sample of blocks by its hash. Stopped and run again it goes on where it was. A model that went on at both sides stays as it is there, which the result says, and hinders nothing else.
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
  const wanted = chosenRefs(await userRefs(blocks), options.refs, repository.location, { verb: 'push', option: '--to', remotes: await listRemotes(repository) })
  const records = (options.records ?? options.refs === undefined) ? await recordTrees(blocks) : undefined
  if (wanted.size === 0 && (records === undefined || !hasRecords(records))) throw new InvalidArgumentError(`There is nothing to push: ${repository.location} has no refs`, { hint: 'Take a snapshot first: varve snapshot <dir>' })
  const requests: RequestTally = {}
  const isNew = target.remote === undefined || target.remote.seen === null
  if (target.remote === undefined && target.storage === undefined) await assertMayCreate(target.url, options.signal)
  const opening = { singleWriter: target.remote?.singleWriter ?? false, onRequest: tallyOf(requests), signal: options.signal }
  const { place, isCreated } = isNew ? await openOrCreateRemote(target, { ...opening, create: blocks.config.hash }) : { place: await openRemote(target, opening), isCreated: false }
  try {
    const remote = place.blocks
    assertSameHash(blocks.config.hash, remote.config.hash, target)
    if (target.remote !== undefined && options.acceptRollback !== true) await assertNoRollback(remote, target.remote)
    const { plan: { outcomes }, ...sent } = await send(blocks, remote, wanted, records, options)
    // Of other refs only the records may be here, left by a fetch that was stopped.
    const ours = new Map(outcomes.filter(({ outcome }) => outcome !== 'behind').map(({ ref }): [string, CID] => [ref, wanted.get(ref) as CID]))
    await rememberRefs(repository, target, remote, ours, { action: 'push', ...(options.author === undefined ? {} : { author: options.author }) })
    return { remote: target.remote?.name ?? null, url: target.url, created: isCreated, refs: outcomes, ...sent, requests }
  } finally {
    await place.close()
  }
}

interface Sent extends Pick<PushResult, 'blocks' | 'bytes' | 'dropped' | 'records' | 'verified'> {
  readonly plan: PushPlan
}

async function send(blocks: BlockRepository, remote: BlockRepository, wanted: ReadonlyMap<string, CID>, records: RecordTrees | undefined, { force = false, message = '', author, signal, onProgress }: PushOptions): Promise<Sent> {
  const planned = async (): Promise<{ readonly plan: PushPlan; readonly travel: RecordTravel | undefined }> => {
    const refs = await allRefs(remote)
    const sides = { source: blocks, target: remote, near: blocks, either: eitherSource(blocks, remote) }
    return { plan: await planPush(blocks, remote, namedRefs(refs), wanted, force), travel: records === undefined ? undefined : await RecordTravel.plan(sides, records, treesIn(refs)) }
  }
  const first = await planned()
  if (first.plan.moves.length + first.plan.refills.length === 0 && first.travel?.isEmpty !== false) {
    return { plan: first.plan, verified: { packs: 0, blocks: 0 }, blocks: 0, bytes: 0, dropped: [], records: first.travel?.nothingSent ?? null }
  }
  return remote.withSession(async (session) => {
    // Once more, now that the session's lease stands: what is counted on from here cannot go unnoticed.
    const { plan, travel } = await planned()
    const dropped = await remote.evicted()
    const droppedHere = await blocks.evicted()
    const wants = [...plan.moves.map(({ after }) => after), ...plan.refills]
    const isHere = (cid: CID): boolean => !droppedHere.has(toHex(cid.multihash.digest))
    const common = await commonHistory(blocks, blocks, wants, plan.there.values(), {
      isDropped: (cid) => dropped.has(toHex(cid.multihash.digest)), isRefilled: (snapshot, root) => wants.some((cid) => cid.equals(snapshot)) && isHere(snapshot) && isHere(root),
    })
    const known = (await travel?.toTransfer(common, dropped)) ?? { whole: common.snapshots.values(), bases: common.bases, near: blocks }
    const sent = await transfer({ source: blocks, target: remote, session }, wants, known, { further: travel?.wants ?? [], ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) })
    await travel?.prepare(session)
    // What arrived is looked at before a ref leads to it; and whoever loses the ref to somebody else need not send it again.
    await session.checkpoint()
    const verified = await assertArrived(remote, session.added.packs, signal)
    let left: readonly CID[] = []
    const moves = plan.moves.map(({ ref, before, after }): RefChange => ({ name: ref, expected: before ?? null, target: after }))
    const commit = async (changes: readonly RefChange[]): Promise<unknown> =>
      session.commit({ action: 'push', message, actor: author ?? null, whole: sent.whole, dropped: async () => (left = await sent.dropped()), refs: [...moves, ...changes] })
    const gone = await (travel === undefined ? commit([]).then(() => null) : travel.commit(session, commit)).catch(overtaken)
    return { plan, verified, blocks: sent.blocks, bytes: sent.bytes, dropped: left.map((cid) => cidText(cid)), records: gone }
  }, { packSizeBytes: REMOTE_PACK_SIZE_BYTES, isPatient: true })
}

/** Whoever pushes at the same time and comes second has nothing to read again, but to take over. */
function overtaken(error: unknown): never {
  if (!(error instanceof RefConflictError)) throw error
  throw new RefConflictError(`Somebody else pushed meanwhile: ${error.message}`, { cause: error, data: error.data, hint: 'Run `varve pull` first: it takes over what they pushed, or says how to go on from it. Then push again; what was sent need not be sent again.' })
}

function assertSameHash(here: string, there: string, { url }: RemoteTarget): void {
  if (here === there) return
  throw new InvalidArgumentError(`The repository at ${url} names blocks by ${there}, and this one by ${here}: what the one holds cannot be in the other`, { data: { here, there }, hint: `Push to an empty place, or begin a repository with \`varve init --hash ${there}\`.` })
}
