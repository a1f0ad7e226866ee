import { cidText } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { BlockRepository, type RepairReport } from '../repository/index.ts'
import type { Storage } from '../storage/interface.ts'
import type { CidText, OperationOptions } from '../types.ts'
import { type AffectedPath, affectedPaths } from './affected-paths.ts'
import { findHeads, type FoundHead, refsForHeads } from './recover-refs.ts'

export interface RepairRepositoryOptions extends OperationOptions {
  /** Another repository, or anything else that has blocks, where those that are damaged or missing are looked for. Stays open. */
  readonly from?: Storage | BlockSource
  /** Find out what would be done and change nothing. Holds in memory what would be written, but no file content that `from` has. Default false. */
  readonly dryRun?: boolean
  readonly author?: string
  /** Go on although refs, entries of the log of operations or evictions are lost, for good. Default true; if false, that is a WouldLoseError. A dry run goes on in any case. */
  readonly giveUp?: boolean
}

/** A block that is damaged or missing. */
export interface BadBlock {
  readonly cid: CidText
  readonly reason: string
}

/** A snapshot to which a ref was made, since one that is lost may have pointed to it. */
export interface RecoveredRef {
  readonly ref: string
  readonly snapshot: CidText
  readonly time: string
  readonly message: string
  /** The ref that pointed to it, as far as is known. */
  readonly former: string | null
}

export interface RepairResult extends Omit<RepairReport, 'recovered' | 'damaged' | 'lost'> {
  readonly dryRun: boolean
  /** True if the repository is whole now, and nothing had to be given up. */
  readonly ok: boolean
  readonly recovered: readonly RecoveredRef[]
  /** Blocks that were damaged, with no sound copy in the repository. */
  readonly damaged: readonly BadBlock[]
  /** Blocks that something needs and that are still nowhere to be had. */
  readonly lost: readonly BadBlock[]
  readonly affected: readonly AffectedPath[]
}

/** Makes a repository whole as far as that can be done, and lists what is not. */
export async function repairRepository(repository: BlockRepository, options: RepairRepositoryOptions): Promise<RepairResult> {
  const { from, dryRun = false, author, giveUp = true, ...rest } = options
  const mended = dryRun ? repository.rehearsal() : repository
  let heads: readonly FoundHead[] = []
  const source = from === undefined ? undefined : await sourceOf(from, repository)
  const report = await mended.repair({
    ...rest,
    probeOnly: dryRun,
    giveUp: giveUp || dryRun,
    ...(source === undefined ? {} : { from: source }),
    ...(author === undefined ? {} : { actor: author }),
    recover: async (lost) => refsForHeads(lost, (heads = await findHeads(lost))),
  })
  const affected: AffectedPath[] = []
  if (report.lost.length > 0) for await (const path of affectedPaths(mended, report.lost, options.signal)) affected.push(path)
  const recovered = report.recovered.map(({ name, target }) => {
    const head = heads.find(({ cid }) => cid.equals(target))
    return { ref: name, snapshot: cidText(target), time: head?.snapshot.time ?? '', message: head?.snapshot.message ?? '', former: head?.former ?? null }
  })
  const ok = report.lost.length === 0 && report.lostOperations.length === 0 && !report.refsGivenUp && !report.evictedGivenUp
  return { ...report, dryRun, ok, recovered, damaged: listed(report.damaged), lost: listed(report.lost), affected }
}

/** A repository that may be damaged too. What it holds is hashed before it is used, whatever it says of itself. */
async function sourceOf(from: Storage | BlockSource, { platform }: BlockRepository): Promise<BlockSource> {
  return 'list' in from ? BlockRepository.open(from, { platform }) : from
}

function listed(blocks: RepairReport['lost']): readonly BadBlock[] {
  return blocks.map(({ cid, reason }) => ({ cid: cidText(cid), reason }))
}
