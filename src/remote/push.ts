import { type CID, cidText } from '../cid/cid.ts'
import { toHex } from '../bytes.ts'
import type { Repository } from '../dataset/repository.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import type { CidText, OperationOptions } from '../types.ts'
import { type Advance, advanceOf } from './advance.ts'
import { openPlace, REMOTE_PACK_SIZE_BYTES } from './place.ts'
import { refusedRefs, type RefusedRef } from './refused-refs.ts'
import { rememberRefs } from './remember-refs.ts'
import { type RequestTally, tallyOf } from './request-tally.ts'
import { resolveTarget, type RemoteTarget } from './remote-target.ts'
import { assertNoRollback } from './rollback.ts'
import { commonHistory } from './transfer/common-history.ts'
import { transfer } from './transfer/transfer.ts'
import { chosenRefs, namedRefs, userRefs } from './user-refs.ts'
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

export interface PushedRef {
  readonly ref: string
  readonly before: CidText | null
  readonly after: CidText
  readonly outcome: Exclude<Advance, 'diverged' | 'behind'> | 'forced' | 'behind'
}

export interface PushResult {
  readonly remote: string | null
  readonly url: string
  readonly refs: readonly PushedRef[]
  /** Blocks that the remote did not have, and the bytes that they take there. */
  readonly blocks: number
  readonly bytes: number
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
  const { signal, onProgress, force = false, message = '', author } = options
  const { blocks } = repository
  await blocks.refresh()
  const target = await resolveTarget(repository, options.to)
  const wanted = chosenRefs(await userRefs(blocks), options.refs, repository.location)
  if (wanted.size === 0) throw new InvalidArgumentError(`There is nothing to push: ${repository.location} has no refs`, { hint: 'Take a snapshot first: varve snapshot <dir>' })
  const requests: RequestTally = {}
  const place = await openPlace(target, { create: blocks.config.hash, singleWriter: target.remote?.singleWriter ?? false, onRequest: tallyOf(requests) })
  try {
    const remote = place.blocks
    assertSameHash(blocks.config.hash, remote.config.hash, target)
    if (target.remote !== undefined && options.acceptRollback !== true) await assertNoRollback(remote, target.remote)
    const there = await namedRefs(remote)
    const moves = await plannedMoves(repository, wanted, there)
    const refused = moves.filter((move): move is typeof move & RefusedRef => move.before !== undefined && move.advance === 'diverged')
    if (refused.length > 0 && !force) throw refusedRefs(refused, target.url, `Take them over first with \`varve pull\`, or push with --force: what the refs lead to now then stays in the log of operations of the remote.`)
    const going = moves.filter(({ advance }) => advance !== 'same' && (advance !== 'behind' || force))
    const dropped = await remote.evicted()
    const isDropped = (cid: CID): boolean => dropped.has(toHex(cid.multihash.digest))
    const { sent, packs } = await remote.withSession(async (session) => {
      const wants = going.map(({ after }) => after)
      const common = await commonHistory(blocks, blocks, wants, there.values(), isDropped)
      const sent = await transfer({ source: blocks, target: remote, session }, wants, { whole: common.snapshots.values(), bases: common.bases, near: blocks }, { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) })
      if (going.length === 0) return { sent, packs: [] }
      await session.commit({
        action: 'push', message, actor: author ?? null, dropped: sent.dropped,
        refs: going.map(({ ref, before, after }) => ({ name: ref, expected: before ?? null, target: after })),
      })
      return { sent, packs: session.added.packs }
    }, { packSizeBytes: REMOTE_PACK_SIZE_BYTES, isPatient: true })
    const verified = await assertArrived(remote, packs, going.map(({ after }) => after), signal)
    await rememberRefs(repository, target, remote, new Map([...there, ...going.map(({ ref, after }): [string, CID] => [ref, after])]), { action: 'push', ...(author === undefined ? {} : { author }) })
    return { remote: target.remote?.name ?? null, url: target.url, refs: moves.map((move) => pushedRef(move, force)), blocks: sent.blocks, bytes: sent.bytes, verified, requests }
  } finally {
    await place.close()
  }
}

interface Move {
  readonly ref: string
  readonly before: CID | undefined
  readonly after: CID
  readonly advance: Advance
}

async function plannedMoves(repository: Repository, wanted: ReadonlyMap<string, CID>, there: ReadonlyMap<string, CID>): Promise<Move[]> {
  const moves: Move[] = []
  for (const [ref, after] of wanted) {
    const before = there.get(ref)
    moves.push({ ref, before, after, advance: await advanceOf(repository.blocks, ref, before, after) })
  }
  return moves
}

function pushedRef({ ref, before, after, advance }: Move, force: boolean): PushedRef {
  const outcome = advance === 'diverged' || (advance === 'behind' && force) ? 'forced' : advance
  return { ref, before: before === undefined ? null : cidText(before), after: cidText(after), outcome }
}

function assertSameHash(here: string, there: string, { url }: RemoteTarget): void {
  if (here === there) return
  throw new InvalidArgumentError(`The repository at ${url} names blocks by ${there}, and this one by ${here}: what the one holds cannot be in the other`, { data: { here, there }, hint: `Push to an empty place, or begin a repository with \`varve init --hash ${there}\`.` })
}
