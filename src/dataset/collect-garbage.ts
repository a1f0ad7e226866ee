import { type CID, cidText } from '../cid/cid.ts'
import type { BlockRepository, GcOptions, GcReport } from '../repository/index.ts'
import type { CidText, OperationOptions } from '../types.ts'
import { measureRefs, type RefUsage } from './ref-usage.ts'
import { assertRetention, type Retention, snapshotsToEvict } from './retention.ts'
import { readSnapshot } from './snapshot-object.ts'

export interface CollectOptions extends Retention, OperationOptions, Pick<GcOptions, 'dryRun' | 'graceMs' | 'sessionMaxAgeMs' | 'message'> {
  readonly author?: string
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
  /** What keeps the rest. */
  readonly refs: readonly RefUsage[]
}

/**
 * Removes what no ref, tag or kept snapshot needs. Nobody has to stop for it.
 * @throws CorruptObjectError if the repository is not whole: nothing was removed
 */
export async function collectRepository(repository: BlockRepository, options: CollectOptions): Promise<CollectResult> {
  assertRetention(options)
  const { author, keepLast, keepWithinMs, ...rest } = options
  const evict = (): Promise<readonly CID[]> => snapshotsToEvict(repository, options)
  const report = await repository.collectGarbage({ ...rest, evict, ...(author === undefined ? {} : { actor: author }), message: options.message ?? describe({ keepLast, keepWithinMs }) })
  const evicted: EvictedSnapshot[] = []
  for (const cid of report.evicted) {
    const { root, time, message } = await readSnapshot(repository, cid)
    evicted.push({ snapshot: cidText(cid), root: cidText(root), time, message })
  }
  const { refs } = await measureRefs(repository, { evicted: report.evicted, signal: options.signal })
  return { ...report, evicted, refs }
}

function describe({ keepLast, keepWithinMs }: { readonly keepLast: number | undefined; readonly keepWithinMs: number | undefined }): string {
  const rules = [...(keepLast === undefined ? [] : [`keep last ${keepLast}`]), ...(keepWithinMs === undefined ? [] : [`keep within ${keepWithinMs / 86_400_000} days`])]
  return rules.join(', ')
}
