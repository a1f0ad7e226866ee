import { toHex } from '../../bytes.ts'
import type { Lease } from '../lease.ts'
import { packKey } from '../pack-format.ts'
import type { BlockRepository } from '../repository.ts'
import type { SessionHost } from '../session-host.ts'
import { addCollectionBlocks, isCommitNeeded } from './commit-collection.ts'
import type { GcOptions } from './interface.ts'
import type { PackUsage } from './pack-usage.ts'
import { Relocation } from './relocation.ts'
import type { Survey } from './survey.ts'

/** What a collection would do. */
export interface Forecast {
  readonly moved: readonly PackUsage[]
  /** Packs that would stay for the sake of writers at work. */
  readonly deferredPacks: number
  readonly freedBytes: number
}

/**
 * What a collection would do if it ran now. Reads the blocks that would be stored in another form than they have, and those of which there are several copies. Of the others it
 * reads the headers: that a block is damaged is found by the collection itself.
 */
export async function forecast(repository: BlockRepository, host: SessionHost, found: Survey, sessions: { readonly revoke: readonly Lease[]; readonly stay: readonly Lease[] }, options: GcOptions): Promise<Forecast> {
  const relocation = new Relocation(repository, host)
  try {
    const moved: PackUsage[] = []
    let stored = 0
    for (const use of found.rewritten) {
      const { isWhole, bytes } = await relocation.measure(use, found.relocation, options)
      stored += bytes
      if (isWhole) moved.push(use)
    }
    const gone = new Set([...found.dead, ...moved].map(({ pack }) => toHex(pack.id)))
    const commits = isCommitNeeded({ gone, revoke: sessions.revoke, survey: found })
    if (commits) await addCollectionBlocks(host, relocation, found, 'gc', options)
    const { bytes, packs } = await unnamedPacks(repository, gone, commits)
    // They may count on what was there when they began.
    const isDeferred = sessions.stay.length > 0
    return { moved, deferredPacks: isDeferred ? packs : 0, freedBytes: (isDeferred ? 0 : bytes) - stored - relocation.storedBytes }
  } finally {
    await relocation.close()
  }
}

/** The packs that no index will name, those that none names now among them. */
async function unnamedPacks({ storage, indexes, root }: BlockRepository, gone: ReadonlySet<string>, commits: boolean): Promise<{ packs: number; bytes: number }> {
  const named = new Set([...indexes.packs].filter(({ id }) => !gone.has(toHex(id))).map(({ id }) => packKey(id)))
  const amount = { packs: 0, bytes: 0 }
  // As in `sweep`: where the log may be lost, nothing is deleted.
  if (root.number === 0 && !commits) for await (const _ of storage.list('index/')) return amount
  for await (const { key, size } of storage.list('packs/')) {
    if (named.has(key)) continue
    amount.packs++
    amount.bytes += size
  }
  return amount
}
