import { type CID, cidText } from '../cid/cid.ts'
import type { BlockRepository, GcOptions, GcReport } from '../repository/index.ts'
import type { CidText, OperationOptions } from '../types.ts'
import { forgetTaken } from './forget-taken.ts'
import { keepListings } from './dropped-listings.ts'
import { measureRefs, type RefUsage } from './ref-usage.ts'
import { assertRetention, type Retention, snapshotsToEvict } from './retention.ts'
import { readSnapshot } from './snapshot-object.ts'

export interface CollectOptions extends Retention, OperationOptions, Pick<GcOptions, 'dryRun' | 'graceMs' | 'sessionMaxAgeMs' | 'message'> {
  readonly author?: string
  /** Roots of derived data that may go, beside what the rules drop; asked for anew for every state in which garbage is looked for. */
  readonly alsoEvict?: (repository: BlockRepository) => Promise<readonly CID[]>
  /**
   * Commits to the repository that it is given, which in a dry run is a rehearsal, what is not to be kept in mind any more, beside the snapshots that the rules drop. Called as `alsoEvict`
   * is, and before it.
   */
  readonly alsoForget?: (repository: BlockRepository, request: ForgetRequest) => Promise<void>
}

export interface ForgetRequest extends Pick<OperationOptions, 'signal'> {
  /** The snapshots that the rules drop, by the state that the repository is in. */
  readonly dropped: () => Promise<readonly CID[]>
}

/** A snapshot whose data goes; its record of who, when and why stays. */
export interface EvictedSnapshot {
  readonly snapshot: CidText
  readonly root: CidText
  readonly time: string
  readonly message: string
}

export interface CollectResult extends Omit<GcReport, 'evicted'> {
  readonly evicted: readonly EvictedSnapshot[]
  /** Roots of derived data that was dropped now. */
  readonly evictedRoots: readonly CidText[]
  /** What keeps the rest. */
  readonly refs: readonly RefUsage[]
}

/**
 * Removes what no ref, tag or kept snapshot needs. Nobody has to stop for it.
 * @throws CorruptObjectError if the repository is not whole: nothing was removed
 */
export async function collectRepository(repository: BlockRepository, options: CollectOptions): Promise<CollectResult> {
  assertRetention(options)
  const { author, keepLast, keepWithinMs, alsoEvict, alsoForget, ...rest } = options
  // What is forgotten, and written down of dropped data, is part of what a collection does: a dry run does it too, in memory.
  const mayWrite = options.dryRun !== true || alsoEvict !== undefined || alsoForget !== undefined
  const collected = options.dryRun === true && mayWrite ? repository.rehearsal() : repository
  await collected.refresh()
  let derived: ReadonlySet<string> = new Set()
  const evict = async (): Promise<readonly CID[]> => {
    const dropped = (): Promise<readonly CID[]> => snapshotsToEvict(collected, options)
    await alsoForget?.(collected, { dropped, ...(options.signal === undefined ? {} : { signal: options.signal }) })
    const snapshots = await dropped()
    const roots = (await alsoEvict?.(collected)) ?? []
    derived = new Set(roots.map(cidText))
    // All three are commits: the collection takes up the state after them, in which there is nothing more to write.
    if (mayWrite) await keepListings(collected, roots)
    if (mayWrite && roots.length > 0) await forgetTaken(collected)
    return [...snapshots, ...roots]
  }
  const report = await collected.collectGarbage({ ...rest, evict, ...(author === undefined ? {} : { actor: author }), message: options.message ?? describe({ keepLast, keepWithinMs }) })
  const evicted: EvictedSnapshot[] = []
  for (const cid of report.evicted) {
    if (derived.has(cidText(cid))) continue
    const { root, time, message } = await readSnapshot(repository, cid)
    evicted.push({ snapshot: cidText(cid), root: cidText(root), time, message })
  }
  const { refs } = await measureRefs(collected, { evicted: report.evicted, signal: options.signal })
  return { ...report, evicted, evictedRoots: report.evicted.map(cidText).filter((root) => derived.has(root)), refs }
}

function describe({ keepLast, keepWithinMs }: { readonly keepLast: number | undefined; readonly keepWithinMs: number | undefined }): string {
  const rules = [...(keepLast === undefined ? [] : [`keep last ${keepLast}`]), ...(keepWithinMs === undefined ? [] : [`keep within ${keepWithinMs / 86_400_000} days`])]
  return rules.join(', ')
}
