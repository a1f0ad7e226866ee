import { toHex } from '../../bytes.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import { CorruptObjectError } from '../../errors.ts'
import { DigestTable } from '../digest-table.ts'
import type { BlockLocation, IndexSet } from '../index-set.ts'
import type { BlockRepository } from '../repository.ts'
import type { DeltaBases } from './delta-bases.ts'
import { indexedBlocks } from './pack-usage.ts'

/** Live blocks that are stored as a delta against something that goes, and the packs, by the hex of their ids, that hold them. */
export interface OrphanedDeltas {
  readonly digests: DigestTable
  readonly packs: ReadonlySet<string>
  /** Deltas that nothing leads to. One that stays must keep what it is made from: whoever stores the same bytes again counts on it. */
  readonly dead: readonly DeadDelta[]
}

interface DeadDelta {
  /** The hex of its pack's id. */
  readonly pack: string
  readonly bases: readonly Uint8Array[]
}

/** Reads the payload of each delta that `known` does not know, since it names the bases. @throws CorruptObjectError if that of a live one cannot be made out */
export async function findOrphanedDeltas(repository: BlockRepository, live: DigestTable, known: DeltaBases, signal?: AbortSignal): Promise<OrphanedDeltas> {
  const digests = new DigestTable()
  const packs = new Set<string>()
  const dead: DeadDelta[] = []
  for await (const { digest, location } of indexedBlocks(repository.indexes, signal)) {
    if (location.codec !== DELTA_CODEC) continue
    const pack = toHex(location.pack.id)
    const isLive = live.rowOf(digest) >= 0
    const bases = await basesUnlessDamaged(repository, known, location, isLive)
    if (bases?.every((base) => live.rowOf(base) >= 0) === true) continue
    if (isLive) digests.add(digest)
    if (isLive || bases === undefined) packs.add(pack)
    else dead.push({ pack, bases: bases.map((base) => base.slice()) })
  }
  return { digests, packs, dead }
}

/** The packs, by the hex of their ids, that must go too since a delta in them would be left without its base. */
export async function strandedPacks(indexes: IndexSet, dead: readonly DeadDelta[], live: DigestTable, going: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const packs = new Set<string>()
  for (const { pack, bases } of dead) {
    if (going.has(pack) || packs.has(pack)) continue
    for (const base of bases) {
      if (live.rowOf(base) < 0 && (await indexes.find(base)).every((location) => going.has(toHex(location.pack.id)))) packs.add(pack)
    }
  }
  return packs
}

/** Undefined if they cannot be made out, and nothing leads to the block. */
async function basesUnlessDamaged(repository: BlockRepository, bases: DeltaBases, location: BlockLocation, isLive: boolean): Promise<readonly Uint8Array[] | undefined> {
  try {
    return await bases.of(repository, location)
  } catch (error) {
    if (isLive || !(error instanceof CorruptObjectError)) throw error
    return undefined
  }
}
