import { type CID, cidText } from '../cid/cid.ts'
import { toHex } from '../bytes.ts'
import type { Repository } from '../dataset/repository.ts'
import { lazyRemotes } from '../dataset/left-at-remote.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { BlockRepository, RefChange, Session } from '../repository/index.ts'
import type { Storage } from '../storage/interface.ts'
import type { CidText, OperationOptions } from '../types.ts'
import { leavingChange } from './lazy/leave-data.ts'
import { readHeads, requestsElsewhere } from './lazy/read-heads.ts'
import { rootsToTake } from './lazy/take-left.ts'
import { eitherSource } from './records/either-source.ts'
import type { SentRecords } from './records/interface.ts'
import { RecordTravel } from './records/record-travel.ts'
import { recordTrees } from './records/record-trees.ts'
import { rememberingChanges } from './remember-refs.ts'
import { type RequestTally, sumOf, tallyOf } from './request-tally.ts'
import { openRemote, resolveTarget, type RemoteTarget } from './remote-target.ts'
import { listRemotes } from './remotes.ts'
import { assertNoRollback } from './rollback.ts'
import { trackedRefs } from './tracking.ts'
import { commonHistory } from './transfer/common-history.ts'
import { transfer, type Transferred } from './transfer/transfer.ts'
import { allRefs, chosenRefs, namedRefs, userRefs } from './user-refs.ts'

export interface FetchOptions extends OperationOptions {
  /** A remote by name, an address, or a storage. Default `origin`. */
  readonly from?: string | Storage
  /** Refs and tags of the remote; default all. Of those that are named, data that was dropped here comes back. */
  readonly refs?: readonly string[]
  /**
   * Take over histories alone, and leave the data at the remote, which must have a name here: it is read from there when it is asked for. By default that is done of a remote that data was left at
   * before, unless refs are named; false takes all of it, and what was left there.
   */
  readonly metadataOnly?: boolean
  /** Go on although the remote was rolled back. */
  readonly acceptRollback?: boolean
  readonly author?: string
}

export interface FetchedRef {
  /** Its name at the remote. */
  readonly ref: string
  /** Where it was when the remote was last seen. */
  readonly before: CidText | null
  readonly after: CidText
}

export interface FetchResult {
  readonly remote: string | null
  readonly url: string
  readonly refs: readonly FetchedRef[]
  readonly blocks: number
  readonly bytes: number
  /** Roots of data, code and artifacts whose content was left at the remote this time. */
  readonly left: number
  readonly requests: RequestTally
}

/** What is done with what was fetched, beside remembering it. */
export interface Further {
  /** More that is to be committed, of what the session holds; undefined if nothing here is to change. */
  readonly changes: (refs: ReadonlyMap<string, CID>, session: Session) => Promise<readonly RefChange[] | undefined>
  /** Take over runs, derivations and models too. */
  readonly records: boolean
}

export interface Fetched {
  readonly result: FetchResult
  readonly refs: ReadonlyMap<string, CID>
  /** Null if they were not asked for, or nothing here was to change. */
  readonly records: SentRecords | null
}

/**
 * Takes over what refs of a remote lead to, and remembers where they are: `origin/raw` is `raw` as it was there. Refs of this repository stay where they are, and so do its runs, derivations and models. Every block is hashed before it
 * is stored, and nothing is visible before all of it is here. Stopped and run again it goes on where it was.
 *
 * @throws RollbackError if the remote is older than it was; @throws CorruptBlockError if what it serves is not what its name says
 */
export async function fetchRefs(repository: Repository, options: FetchOptions = {}): Promise<FetchResult> {
  return (await fetchAnd(repository, 'fetch', options, { changes: async () => [], records: false })).result
}

/** Fetches, and commits more along with it. */
export async function fetchAnd(repository: Repository, action: string, options: FetchOptions, further: Further): Promise<Fetched> {
  const target = await resolveTarget(repository, options.from)
  const requests: RequestTally = {}
  const place = await openRemote(target, { onRequest: tallyOf(requests), signal: options.signal })
  try {
    const remote = place.blocks
    const { blocks } = repository
    if (remote.config.hash !== blocks.config.hash) throw new InvalidArgumentError(`The repository at ${target.url} names blocks by ${remote.config.hash}, and this one by ${blocks.config.hash}: what the one holds cannot be in the other`)
    if (target.remote !== undefined && options.acceptRollback !== true) await assertNoRollback(remote, target.remote)
    const refs = options.refs === undefined ? await userRefs(remote) : chosenRefs(namedRefs(await allRefs(remote)), options.refs, target.url, { verb: action, option: '--from', remotes: await listRemotes(repository) })
    const before = target.remote === undefined ? new Map<string, CID>() : await trackedRefs(blocks, target.remote.name)
    const leaveData = await leavesData(blocks, target, options)
    const isNewPlace = leaveData && target.remote !== undefined && !(await lazyRemotes(blocks)).includes(target.remote.name)
    const { moved, records } = await blocks.withSession(async (session) => {
      const travel = further.records ? await RecordTravel.plan({ source: remote, target: blocks, near: blocks, either: eitherSource(session, remote) }, await recordTrees(remote)) : undefined
      const back = options.metadataOnly === false && target.remote !== undefined ? await rootsToTake(blocks, remote, target.remote.name, refs.values(), eitherSource(session, remote)) : []
      const moved = await receive(blocks, remote, session, refs, before, { ...options, leaveData }, { travel, back })
      const remembering = [...(await rememberingChanges(repository, session, target, remote, refs, { forgetOthers: options.refs === undefined }))]
      if (leaveData && target.remote !== undefined) remembering.push(...(await leavingChange(blocks, session, target.remote.name, moved.left)))
      const more = await further.changes(refs, session)
      const commit = async (changes: readonly RefChange[]): Promise<void> => {
        // Also if all blocks were here, left by an attempt that was stopped: that they are whole is what is new then.
        if (changes.length > 0 || moved.blocks > 0 || moved.whole.length > 0) await session.commit({ action, message: target.url, actor: options.author ?? null, refs: changes, dropped: moved.dropped, whole: moved.whole })
      }
      if (travel === undefined || more === undefined) return commit([...remembering, ...(more ?? [])]).then(() => ({ moved, records: null }))
      return { moved, records: await travel.commit(session, (changes) => commit([...remembering, ...more, ...changes])) }
    })
    if (isNewPlace) blocks.lookElsewhereAnew()
    if (leaveData) await readHeads(blocks, refs, options)
    return { refs, records, result: { remote: target.remote?.name ?? null, url: target.url, refs: fetchedRefs(refs, before), blocks: moved.blocks, bytes: moved.bytes, left: moved.left.length, requests: leaveData ? sumOf([requests, await requestsElsewhere(blocks)]) : requests } }
  } finally {
    await place.close()
  }
}

/** @throws InvalidArgumentError if data is to be left where nobody here would look for it */
async function leavesData(blocks: BlockRepository, { remote, url }: RemoteTarget, { metadataOnly, refs }: FetchOptions): Promise<boolean> {
  if (metadataOnly === true && remote === undefined) {
    throw new InvalidArgumentError(`Data can be left at a remote that has a name here, and ${url} has none`, { data: { url }, hint: `Give it one first: varve remote add <name> ${url}` })
  }
  return metadataOnly ?? (remote !== undefined && refs === undefined && (await lazyRemotes(blocks)).includes(remote.name))
}

async function receive(blocks: BlockRepository, remote: BlockRepository, session: Session, refs: ReadonlyMap<string, CID>, before: ReadonlyMap<string, CID>, { signal, onProgress, refs: named, metadataOnly, leaveData }: FetchOptions & { readonly leaveData: boolean }, { travel, back }: { readonly travel: RecordTravel | undefined; readonly back: readonly CID[] }): Promise<Transferred> {
  const here: CID[] = []
  for await (const { target } of blocks.refs()) here.push(target)
  const dropped = await blocks.evicted()
  const droppedThere = await remote.evicted()
  const wants = [...refs.values()]
  // What was dropped here to save room comes back if it is asked for by name, or if a ref that is new here leads to it.
  const isAskedFor = (snapshot: CID): boolean => !leaveData && wants.some((cid) => cid.equals(snapshot)) && (named !== undefined || metadataOnly === false || ![...before.values(), ...here].some((cid) => cid.equals(snapshot)))
  const isThere = (cid: CID): boolean => !droppedThere.has(toHex(cid.multihash.digest))
  const common = await commonHistory(remote, blocks, wants, here, {
    isDropped: (cid) => dropped.has(toHex(cid.multihash.digest)), isRefilled: (snapshot, root) => isAskedFor(snapshot) && isThere(snapshot) && isThere(root),
  })
  const more = (await travel?.toTransfer(common, dropped)) ?? { whole: common.snapshots.values(), bases: common.bases, near: blocks }
  return transfer({ source: remote, target: blocks, session }, wants, leaveData ? { ...more, bases: [] } : more, { leaveData, further: [...(travel?.wants ?? []), ...back], ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) })
}

function fetchedRefs(refs: ReadonlyMap<string, CID>, before: ReadonlyMap<string, CID>): FetchedRef[] {
  return [...refs].map(([ref, after]) => {
    const old = before.get(ref)
    return { ref, before: old === undefined ? null : cidText(old), after: cidText(after) }
  })
}

