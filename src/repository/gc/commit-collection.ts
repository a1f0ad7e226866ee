import { toHex } from '../../bytes.ts'
import { addEvicted } from '../evicted.ts'
import type { IndexName } from '../index-format.ts'
import type { Lease } from '../lease.ts'
import { mergedRecords } from '../merge-indexes.ts'
import { appendOperation } from '../operations.ts'
import type { SessionHost } from '../session-host.ts'
import type { RootRecord } from '../root-record.ts'
import { addIndex, dropUnnamed, storeIndex } from '../store-index.ts'
import { IndexFile } from '../index-file.ts'
import { PageCache } from '../page-cache.ts'
import type { GcOptions } from './interface.ts'
import type { Relocation } from './relocation.ts'
import type { Survey } from './survey.ts'

/** Sessions that a root record goes on naming: the lease of each was deleted long before, which refuses it as well. */
const MAX_REVOKED = 256

export interface Collection {
  readonly survey: Survey
  /** Packs that go, by the hex of their ids. */
  readonly gone: ReadonlySet<string>
  readonly relocation: Relocation
  readonly revoke: readonly Lease[]
  /** What the log of operations calls it. */
  readonly action: string
}

/** The commit that was made: its number, and the index files that it replaced. */
export interface CommittedCollection {
  readonly number: number
  readonly superseded: readonly IndexName[]
}

/** No record is made if there is nothing to say in it. */
export function isCommitNeeded({ gone, revoke, survey }: Pick<Collection, 'gone' | 'revoke' | 'survey'>): boolean {
  return gone.size > 0 || revoke.length > 0 || survey.evict.length > 0
}

/** Adds the blocks that belong to the record itself. */
export async function addCollectionBlocks({ state: { root }, platform }: SessionHost, { blocks }: Relocation, { evict }: Survey, action: string, options: GcOptions): Promise<Pick<RootRecord, 'time' | 'evicted' | 'operations'>> {
  const time = platform.now().toISOString()
  const evicted = await addEvicted(blocks, root.record.evicted, evict)
  const operation = { time, actor: options.actor ?? null, action, message: options.message ?? '', changes: [] }
  return { time, evicted, operations: await appendOperation(blocks, root.record.operations, operation) }
}

/** Makes the record after the host's state, without the packs that go. Undefined if another writer made one first. */
export async function commitCollection(host: SessionHost, { survey, gone, relocation, revoke, action }: Collection, options: GcOptions): Promise<CommittedCollection | undefined> {
  const { root, indexes } = host.state
  const { time, evicted, operations } = await addCollectionBlocks(host, relocation, survey, action, options)
  const { packs, records } = await relocation.flush()
  const touched = indexes.files.filter((file) => file.packs.some(({ id }) => gone.has(toHex(id))))
  const kept = indexes.files.filter((file) => !touched.includes(file))
  const created: IndexName[] = []
  const rest = mergedRecords(touched, ({ id }) => !gone.has(toHex(id)))
  if (rest.packs.length > 0) {
    const name = await storeIndex(host, rest.packs, rest.records)
    created.push(name)
    kept.push(await IndexFile.open(host.storage, host.hasher, new PageCache(), name))
  }
  const added = await addIndex(host, kept, packs, records)
  created.push(...added.created)
  const { record } = root
  const appended = await host.log.append({
    ...record, number: record.number + 1, previous: root.digest, indexes: added.names, operations, evicted, time,
    gcEpoch: record.gcEpoch + 1, revoked: [...record.revoked, ...revoke.map(({ id }) => id)].slice(-MAX_REVOKED), writer: host.platform.randomBytes(16),
  })
  await dropUnnamed(host, created, appended === undefined ? [] : added.names)
  if (appended === undefined) return undefined
  await host.adopt(appended)
  return { number: appended.record.number, superseded: record.indexes.filter(({ id }) => !added.names.some((name) => toHex(name.id) === toHex(id))) }
}
