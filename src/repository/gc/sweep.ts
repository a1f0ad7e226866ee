import { isDeletionRefused } from '../../storage/deletion-refused.ts'
import type { Storage } from '../../storage/interface.ts'
import { indexKey } from '../index-format.ts'
import { type Lease, leaseKey, listLeases } from '../lease.ts'
import { packKey } from '../pack-format.ts'
import type { BlockRepository } from '../repository.ts'

export interface SweepOptions {
  /** Number of the record that dropped `dropped`; a session that began from an earlier one may still count on them. */
  readonly dropNumber: number
  /** Keys that the record dropped. */
  readonly dropped: ReadonlySet<string>
  /** The collection's own session. */
  readonly own: string
  /** Sessions that the record revoked, or an earlier one did. */
  readonly revoked: ReadonlySet<string>
}

export interface SweepResult {
  /** Of packs. */
  readonly deletedBytes: number
  /** Writers for whose sake something stayed, or might have. */
  readonly sessions: readonly Lease[]
  readonly deferredPacks: number
  /** Files that the storage does not let be deleted. */
  readonly refusedFiles: number
}

/**
 * Deletes the packs and index files that no state names and no session can count on. The order of looking is what makes it safe: what is listed
 * first was written by a session whose lease stands, or was committed before the state is read last, or belongs to nobody.
 */
export async function sweep(repository: BlockRepository, { dropNumber, dropped, own, revoked }: SweepOptions): Promise<SweepResult> {
  const { storage, hasher } = repository
  const found: { key: string; size: number }[] = []
  for (const prefix of ['packs/', 'index/']) for await (const { key, size } of storage.list(prefix)) found.push({ key, size })
  const leases = await listLeases(storage, hasher)
  const sessions = leases.filter(({ id }) => id !== own && !revoked.has(id))
  await repository.refresh()
  // The state before needs what this one does not: it must not come back once that is deleted.
  await repository.settle()
  // The first commit may have died at its last step, and the next one brings order; but if the log was lost, what is here is all that is left.
  const isLogLost = repository.root.number === 0 && found.some(({ key }) => key.startsWith('index/'))
  const named = new Set([...[...repository.indexes.packs].map(({ id }) => packKey(id)), ...repository.root.indexes.map(({ id }) => indexKey(id))])
  const oldest = Math.min(...sessions.map(({ base }) => base))
  let deletedBytes = 0
  let deferredPacks = 0
  let refusedFiles = 0
  for (const { key, size } of found) {
    if (named.has(key) || isLogLost) continue
    if (dropped.has(key) ? oldest < dropNumber : sessions.length > 0) {
      if (key.startsWith('packs/')) deferredPacks++
      continue
    }
    if (!(await isDeleted(storage, key))) refusedFiles++
    else if (key.startsWith('packs/')) deletedBytes += size
  }
  for (const { id } of leases) if (revoked.has(id) && !(await isDeleted(storage, leaseKey(id)))) refusedFiles++
  return { deletedBytes, sessions, deferredPacks, refusedFiles }
}

/** False if the storage keeps what nobody needs any more: that costs room, and is no reason to leave the rest. */
async function isDeleted(storage: Storage, key: string): Promise<boolean> {
  try {
    await storage.delete(key)
    return true
  } catch (error) {
    if (isDeletionRefused(error)) return false
    throw error
  }
}

/** The keys of packs and index files that a commit dropped. */
export function keysOf(packs: Iterable<string>, indexes: readonly { readonly id: Uint8Array }[]): ReadonlySet<string> {
  return new Set([...[...packs].map((hex) => `packs/${hex.slice(0, 2)}/${hex}.pack`), ...indexes.map(({ id }) => indexKey(id))])
}
