import { equalBytes, toHex } from '../bytes.ts'
import { type CID, cidFromDigest, cidText } from '../cid/cid.ts'
import { CorruptBlockError, NotFoundError, StorageError, VarveError } from '../errors.ts'
import { isPromise, type MaybePromise, type OperationOptions } from '../types.ts'
import { CONFIG_KEY, decodeConfig, encodeConfig } from './config.ts'
import { indexKey, type IndexedPack } from './index-format.ts'
import type { BlockLocation } from './index-set.ts'
import { listLeases } from './lease.ts'
import { type BlockHeader, packKey } from './pack-format.ts'
import type { OpenDelta } from './pack-reader.ts'
import { isWithoutListing } from '../storage/no-listing.ts'
import { Pause } from './pause.ts'
import { givenUpTest } from './repair/quarantine.ts'
import type { BlockRepository } from './repository.ts'
import { RootLog } from './root-log.ts'
import { type ReadRecord, recordKey } from './root-record.ts'

/** An object that is not as it was written. */
export interface ObjectProblem {
  readonly key: string
  readonly problem: string
}

export interface StorageReport {
  /** Blocks that were read and hashed, and their stored bytes. */
  blocks: number
  bytes: number
  readonly problems: ObjectProblem[]
  /** Damaged blocks of which no sound copy was found, by digest in hex. */
  readonly damaged: Map<string, { readonly cid: CID; readonly reason: string }>
  /** Packs that are missing or cannot be read to their end; some of their blocks may still be. */
  readonly brokenPacks: Set<IndexedPack>
  /** False where the storage cannot list: what only a listing tells was not looked for. */
  isListed: boolean
}

/**
 * Reads every byte of every object that the newest root record leads to: config, root records, index files, packs, operations. Finds damage
 * and goes on. What the blocks mean is not looked at. Where nothing can be listed, objects that nothing leads to are not looked for: root records after one that is lost, and a log that is lost whole.
 */
export async function verifyStorage(repository: BlockRepository, options: OperationOptions = {}): Promise<StorageReport> {
  const report: StorageReport = { blocks: 0, bytes: 0, problems: [], damaged: new Map(), brokenPacks: new Set(), isListed: true }
  await verifyConfig(repository, report)
  await verifyLog(repository, report)
  const indexesSound = await verifyIndexes(repository, report)
  await verifyPacks(repository, report, indexesSound, options)
  await noting(report, 'the operation log', async () => {
    for await (const operation of repository.operations()) void operation
  })
  return report
}

async function verifyConfig(repository: BlockRepository, report: StorageReport): Promise<void> {
  await noting(report, CONFIG_KEY, async () => {
    const bytes = await repository.storage.get(CONFIG_KEY)
    const config = decodeConfig(bytes, repository.storage.location)
    if (!equalBytes(encodeConfig(config), encodeConfig(repository.config))) report.problems.push({ key: CONFIG_KEY, problem: 'it changed since the repository was opened' })
  })
}

/** Each record holds the hash of the one before, back to the first that is still there. Those that a repair gave up are passed over. */
async function verifyLog(repository: BlockRepository, report: StorageReport): Promise<void> {
  const log = new RootLog(repository.storage, repository.hasher)
  const isGivenUp = await givenUpTest(repository.storage)
  let expected: Uint8Array | null | undefined
  for (let number = repository.root.number; number > 0; number--) {
    if (await isGivenUp(number)) {
      expected = undefined
      continue
    }
    const read = await noting(report, recordKey(number), () => readRecord(log, number))
    if (read === null) return
    if (expected !== undefined && read !== undefined && (expected === null || read.digest === null || !equalBytes(expected, read.digest))) {
      report.problems.push({ key: recordKey(number), problem: 'the record after it was made from another one' })
    }
    expected = read?.record.previous
  }
  await noting(report, 'log/', () => verifyLogEnd(repository, report))
  if (repository.root.number === 0) await noting(report, 'log/', () => verifyNoLog(repository, report))
}

/**
 * A repository without a root record is new, or has lost its log. An index file comes right before a record: without one it is the work of a first commit that died
 * at its last step, whose lease then stands and accounts for one file, or what is left of a log. Looked at in this order, a commit that succeeds meanwhile shows in the log.
 */
async function verifyNoLog({ storage, hasher }: BlockRepository, report: StorageReport): Promise<void> {
  let files = 0
  for await (const _file of storage.list('index/')) files++
  const unfinished = (await listLeases(storage, hasher)).filter(({ base }) => base === 0).length
  if (files <= unfinished) return
  for await (const _record of storage.list('log/')) return
  report.problems.push({ key: 'log/', problem: 'it is empty, though there is data: every root record is lost, and `varve repair` looks for what they led to; or the first snapshot failed at its last step, and taking it again mends this' })
}

/**
 * Numbers have no gaps, and the newest record is looked for from below: if one is lost, what comes after it is not found, and the repository seems to be as it was
 * before. Only a listing tells. Records that others create meanwhile come without a gap.
 */
async function verifyLogEnd({ storage, root }: BlockRepository, report: StorageReport): Promise<void> {
  let last = 0
  for await (const { key } of storage.list('log/')) {
    const number = Number(key.slice('log/'.length))
    if (recordKey(number) === key && number > last) last = number
  }
  for (let number = root.number + 1; number < last; number++) {
    if ((await storage.stat(recordKey(number))) !== undefined) continue
    report.problems.push({ key: recordKey(number), problem: `it is missing, though ${recordKey(last)} is there; the repository is read as it was before it` })
    return
  }
}

async function verifyIndexes(repository: BlockRepository, report: StorageReport): Promise<boolean> {
  const before = report.problems.length
  for (const file of repository.indexes.files) await noting(report, indexKey(file.name.id), () => file.verify())
  return report.problems.length === before
}

/** Null if the record is gone, as old ones may be. */
async function readRecord(log: RootLog, number: number): Promise<ReadRecord | null> {
  try {
    return await log.read(number)
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

/** Where an index file is damaged, packs are read all the same, but not looked up in it. */
async function verifyPacks(repository: BlockRepository, report: StorageReport, indexesSound: boolean, options: OperationOptions): Promise<void> {
  const { hasher } = repository
  const packs = [...repository.indexes.packs]
  const totalBytes = packs.reduce((sum, pack) => sum + pack.size, 0)
  const unsound: { cid: CID; reason: string }[] = []
  const pause = new Pause(options.signal)
  let matched = 0
  const openDelta = (pack: IndexedPack): OpenDelta => (header, offset, stored) => deltaDamage(repository, pack, header, offset, stored)
  for await (const { pack, blocks } of repository.scanner.scan(packs, openDelta)) {
    const key = packKey(pack.id)
    const read = await noting(report, key, async () => {
      for await (const { header, offset, damage } of blocks) {
        const pausing = pause.take()
        if (pausing !== undefined) await pausing
        report.blocks++
        report.bytes += header.storedSize
        const count = indexesSound ? countIndexed(repository, pack, header, offset) : 1
        const known = isPromise(count) ? await count : count
        const cid = (): CID => cidFromDigest(hasher, header.code, header.digest)
        // Damage that no index names any more was dealt with by a repair; if the block is missed, those who need it say so.
        if (damage !== undefined && known > 0) unsound.push({ cid: cid(), reason: `${damage} (${key} at byte ${offset})` })
        if (known === 0 && damage === undefined) report.problems.push({ key, problem: `block ${cidText(cid())} at byte ${offset} is in no index, and \`varve repair\` takes it in` })
        matched += known
        options.onProgress?.({ type: 'verify', blocks: report.blocks, bytes: report.bytes, totalBytes })
      }
      return true
    })
    if (read === undefined) report.brokenPacks.add(pack)
  }
  const unmatched = repository.indexes.records - matched
  if (indexesSound && report.brokenPacks.size === 0 && unmatched !== 0) report.problems.push({ key: 'index/', problem: `${unmatched} records describe blocks that no pack holds` })
  for (const { cid, reason } of unsound) {
    if (!indexesSound || !(await readable(repository, cid))) report.damaged.set(toHex(cid.multihash.digest), { cid, reason })
    else report.problems.push({ key: cidText(cid), problem: `one copy is damaged, another is sound: ${reason}` })
  }
}

async function deltaDamage(repository: BlockRepository, pack: IndexedPack, { code, digest, storedSize, size, codec }: BlockHeader, offset: number, stored: Uint8Array): Promise<string | undefined> {
  try {
    await repository.openBlock(cidFromDigest(repository.hasher, code, digest), { pack, offset, storedSize, size, codec }, stored)
    return undefined
  } catch (error) {
    if (error instanceof CorruptBlockError) return typeof error.data['reason'] === 'string' ? error.data['reason'] : error.message
    throw error
  }
}

/** How many index records describe exactly this block: one, or one for each index file that lists its pack. */
function countIndexed(repository: BlockRepository, pack: IndexedPack, header: BlockHeader, offset: number): MaybePromise<number> {
  const count = (known: readonly BlockLocation[]): number => known.filter((location) => {
    const same = location.storedSize === header.storedSize && location.size === header.size && location.codec === header.codec
    return same && location.offset === offset && equalBytes(location.pack.id, pack.id)
  }).length
  const known = repository.indexes.find(header.digest)
  return isPromise(known) ? known.then(count) : count(known)
}

async function readable(repository: BlockRepository, cid: CID): Promise<boolean> {
  // One location: reading it again can only fail the same way, or succeed because a header alone is damaged.
  const locations = await repository.indexes.find(cid.multihash.digest)
  if (locations.length < 2) return false
  try {
    await repository.get(cid)
    return true
  } catch {
    return false
  }
}

/** Runs a check; what it throws becomes a problem of `key`. */
async function noting<T>(report: StorageReport, key: string, check: () => Promise<T>): Promise<T | undefined> {
  try {
    return await check()
  } catch (error) {
    if (isWithoutListing(error)) {
      report.isListed = false
      return undefined
    }
    // A system that refuses to read says nothing of what is written.
    if (!(error instanceof VarveError) || error instanceof StorageError) throw error
    // A damaged object stops every check that needs it, and is one problem.
    const cause = typeof error.data['key'] === 'string' ? error.data['key'] : key
    if (!report.problems.some((known) => known.key === cause)) report.problems.push({ key: cause, problem: error.message })
    return undefined
  }
}
