import type { CID } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { NotFoundError, StorageError, VarveError } from '../../errors.ts'
import type { IndexFile } from '../index-file.ts'
import { appendOperation } from '../operations.ts'
import { applyRefChanges, type RefChange } from '../refs.ts'
import { type OperationLog, recordKey, type ReadRecord, type RootRecord } from '../root-record.ts'
import type { SessionHost } from '../session-host.ts'
import { addIndex, dropUnnamed } from '../store-index.ts'
import type { NewBlocks } from './new-blocks.ts'
import type { LogSurvey } from './survey-log.ts'

/** What a repair commits. */
export interface Mending {
  readonly log: LogSurvey
  /** The refs to go on from, and what is to change in them. */
  readonly refs: CID | null
  readonly changes: readonly RefChange[]
  readonly evicted: CID | null
  /** The log of operations to go on from, whole. */
  readonly operations: OperationLog
  /** Index files of the new state, without that of `fetched`. */
  readonly indexes: readonly IndexFile[]
  /** True if a block or a pack is not named any more that was named before. */
  readonly indexRebuilt: boolean
  readonly fetched: NewBlocks
  readonly source: BlockSource
  readonly message: string
  readonly actor: string | null
}

/**
 * Makes the next root record, and before it those that are missing between the newest that can be read and it, all with the same content: whoever finds one of them
 * while this goes on finds the repaired state. `committed` is undefined if another writer made one of them first; `isNamed` says whether any record names the index files by then.
 */
export async function commitRepair(host: SessionHost, mending: Mending): Promise<{ committed: ReadRecord | undefined; isNamed: boolean }> {
  const { log, fetched, source } = mending
  const before = log.newest.record
  const blocks: BlockSource & BlockSink = { get: (cid) => fetched.source(source).get(cid), put: (code, bytes) => fetched.put(code, bytes) }
  const time = host.platform.now().toISOString()
  const { tree, applied } = await applyRefChanges(blocks, mending.refs, mending.changes)
  const operation = { time, actor: mending.actor, action: 'repair', message: mending.message, changes: applied }
  const operations = await appendOperation(blocks, mending.operations, operation)
  const { packs, records } = await fetched.flush()
  const added = await addIndex(host, mending.indexes, packs, records)
  // Sessions that began before this look again at all they rely on: any record that was given up may have counted too.
  const gcEpoch = before.gcEpoch + (log.top - before.number) + (mending.indexRebuilt ? 1 : 0)
  const next: RootRecord = { ...before, number: log.top + 1, refs: tree, indexes: added.names, operations, evicted: mending.evicted, gcEpoch, writer: host.platform.randomBytes(16), time }
  const { appended, isNamed } = await appendAll(host, log, next)
  await dropUnnamed(host, added.created, isNamed ? added.names : [])
  if (appended === undefined) return { committed: undefined, isNamed }
  await host.adopt(appended)
  fetched.indexed()
  return { committed: appended, isNamed }
}

/** `isNamed`: a record was made, perhaps not the last one, and may be what others go on from. */
async function appendAll(host: SessionHost, { gaps, newest }: LogSurvey, next: RootRecord): Promise<{ appended: ReadRecord | undefined; isNamed: boolean }> {
  // With nothing to go on from, a hint leads past what is missing.
  const fillable = newest.record.number === 0 ? [] : gaps.filter((number) => number > newest.record.number)
  let isNamed = false
  for (const number of fillable) {
    if ((await host.log.append({ ...next, number, previous: await digestOf(host, number - 1) })) === undefined) return { appended: undefined, isNamed }
    isNamed = true
  }
  const appended = await host.log.append({ ...next, previous: next.number - 1 === newest.record.number ? newest.digest : await digestOf(host, next.number - 1) })
  return { appended, isNamed: isNamed || appended !== undefined }
}

/** Puts records where some are missing before the newest: whoever probes from before them would take the last one before a gap for the newest. */
export async function fillOldGaps(host: SessionHost, { gaps, newest }: LogSurvey): Promise<void> {
  for (const number of gaps) {
    const before = number < newest.record.number ? await recordBefore(host, number) : undefined
    if (before === undefined) continue
    await host.log.append({ ...before, number, previous: await digestOf(host, number - 1), writer: host.platform.randomBytes(16) })
  }
}

/** Hash of a record as it stands in storage, sound or not. */
async function digestOf({ storage, hasher }: SessionHost, number: number): Promise<Uint8Array | null> {
  try {
    return number === 0 ? null : hasher.digest(await storage.get(recordKey(number)))
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

async function recordBefore({ log }: SessionHost, number: number): Promise<RootRecord | undefined> {
  for (let before = number - 1; before > 0; before--) {
    try {
      return (await log.read(before)).record
    } catch (error) {
      if (!(error instanceof VarveError) || error instanceof StorageError) throw error
    }
  }
  return undefined
}
