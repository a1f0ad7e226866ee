import { toHex } from '../../bytes.ts'
import type { BlockCode, CID } from '../../cid/cid.ts'
import { CorruptObjectError, WouldLoseError } from '../../errors.ts'
import { BlockReader } from '../block-reader.ts'
import { CONFIG_KEY } from '../config.ts'
import { DigestTable } from '../digest-table.ts'
import { IndexFile } from '../index-file.ts'
import { indexKey, type IndexName } from '../index-format.ts'
import { IndexSet } from '../index-set.ts'
import { leaseKey } from '../lease.ts'
import { packKey } from '../pack-format.ts'
import { PageCache } from '../page-cache.ts'
import type { BlockRepository } from '../repository.ts'
import { recordKey } from '../root-record.ts'
import type { SessionHost } from '../session-host.ts'
import { verifyStorage } from '../verify-storage.ts'
import { buildIndex } from './build-index.ts'
import { commitRepair, fillOldGaps } from './commit-repair.ts'
import { type Fetched, findMissing, MendingSource, type MissingBlocks } from './fetch-missing.ts'
import type { RepairOptions, RepairReport, UnsoundBlock } from './interface.ts'
import { listTwice, triedTwice } from './look-twice.ts'
import { mendOperations } from './mend-operations.ts'
import { NewBlocks } from './new-blocks.ts'
import { givenUpRecords, quarantine } from './quarantine.ts'
import { foundNodes, readableEvicted, readableRefs } from './recover-refs.ts'
import { PackScan } from './scan-packs.ts'
import { isStateGivenUp, type LogSurvey, surveyLog } from './survey-log.ts'

/** Deltas can be opened once what they are made from was fetched: that takes a second look, and no third. */
const MAX_ROUNDS = 3
/** Commits of others between look and commit. */
const MAX_LOST_RACES = 64

/** What one round found, and whether the next might find more. */
interface Round extends MissingBlocks {
  readonly goOn: boolean
}

/**
 * One repair. The state is only ever changed by making the next root record, so whoever reads or writes meanwhile may go on, and a repair that dies leaves nothing but
 * packs and index files that no record names, which garbage collection removes.
 *
 * **Which packs count.** Those that the newest readable record names. Only if that record or one of its index files cannot be read, every pack in storage: some of
 * these may be garbage, or belong to a session that has not committed. To index those does no harm: a block is what it hashes to whoever wrote it, nothing but
 * refs makes it live, and the session that wrote it names it again when it commits. A pack that a collection is about to delete does no harm either if it is
 * deleted, since nothing live was in it; it is looked for again after the commit and dropped. To keep that rare, a repair holds a lease that claims to
 * be older than every record, which stops any collection that looks for leases after it from deleting anything.
 *
 * **Sessions at work.** Blocks that are not named any more may be relied on by a session that began before: as after a collection, it looks for all it needs when it commits,
 * and is refused if something is gone.
 */
export class Repair {
  readonly #host: SessionHost
  readonly #options: RepairOptions
  readonly #scan: PackScan
  readonly #fetched: Fetched
  /** Index files on the way that no record names. */
  readonly #made: IndexName[] = []
  readonly #quarantined = new Set<string>()
  readonly #damaged = new Map<string, UnsoundBlock>()
  readonly #recovered: { name: string; target: CID }[] = []
  /** Records that were given up just now. */
  readonly #noted = new Set<number>()
  #log: LogSurvey | undefined
  readonly #lostOperations: number[] = []
  #refsGivenUp = false
  #evictedGivenUp = false
  #indexRebuilt = false
  #number: number | null = null
  /** How many of the fetched blocks a record leads to. */
  #committedBlocks = 0

  constructor(host: SessionHost, options: RepairOptions) {
    this.#host = host
    this.#options = options
    this.#scan = new PackScan(host, options)
    this.#fetched = { store: new NewBlocks(host), probed: new DigestTable(), blocks: 0, bytes: 0 }
  }

  async run(repository: BlockRepository): Promise<RepairReport> {
    const { storage } = this.#host
    const lease = await this.#host.leaveLease(0)
    try {
      for (let rounds = 0, lost = 0; ; ) {
        const round = await this.#round(repository)
        if (round !== undefined && (!round.goOn || ++rounds === MAX_ROUNDS)) return this.#report(round)
        if (round === undefined && ++lost === MAX_LOST_RACES) {
          throw new CorruptObjectError(`${storage.location} does not list all of its log, or others commit all the time; nothing was changed`, { data: { key: 'log/' }, hint: 'Run the same command again.' })
        }
      }
    } finally {
      await this.#fetched.store.close()
      await this.#scan.close()
      for (const { id } of [...this.#made, ...this.#scan.files.files.map(({ name }) => name)]) await storage.delete(indexKey(id)).catch(() => undefined)
      await storage.delete(leaseKey(lease)).catch(() => undefined)
    }
  }

  /** Undefined if another writer committed meanwhile and all has to be looked at again. */
  async #round(repository: BlockRepository): Promise<Round | undefined> {
    const { storage, platform, hasher } = this.#host
    const log = await surveyLog(storage, this.#host.log)
    this.#log ??= log
    const probed = await this.#probe()
    if (probed !== undefined && probed > log.top) return undefined
    const hasTrouble = probed !== log.top
    const { files, isWhole } = await this.#openIndexes(log)
    const everyPack = !isWhole || isStateGivenUp(log) || (log.top === 0 && (await this.#listPacks()).length > 0)
    const rebuilds = everyPack || !(await this.#isStorageSound(repository, log))
    const unsound = rebuilds ? await this.#scanPacks(files, everyPack) : new Set<string>()
    const indexes = rebuilds ? new IndexSet([await this.#buildIndex(files, everyPack, unsound)]) : files
    for (const [digest, block] of this.#scan.damaged) if ((await indexes.find(block.cid.multihash.digest)).length === 0) this.#damaged.set(digest, block)
    this.#options.signal?.throwIfAborted()

    const reader = new BlockReader(storage, platform, hasher, () => indexes, async () => undefined)
    const source = new MendingSource(this.#host, indexes, reader, this.#fetched, this.#options)
    const { record } = log.newest
    const { tree, refs } = await readableRefs(this.#host.log, source, record)
    const refsGivenUp = (everyPack && (isStateGivenUp(log) || log.top === 0)) || !sameTree(tree, record.refs)
    const changes = refsGivenUp ? ((await this.#options.recover?.({ refs, blocks: source, nodes: () => foundNodes(hasher, indexes, source, this.#options.signal) })) ?? []) : []
    const targets = changes.flatMap(({ target }) => (target === null ? [] : [target]))
    const evicted = await readableEvicted(this.#host.log, source, record)
    const evictedGivenUp = !sameTree(evicted, record.evicted)
    const missing = await findMissing(source, { ...record, refs: tree, evicted }, targets, this.#scan.damaged, this.#options.signal)
    const blocks = { get: (cid: CID) => source.get(cid), put: (code: BlockCode, bytes: Uint8Array) => this.#fetched.store.put(code, bytes) }
    const operations = missing.hasLostOperations ? await mendOperations(blocks, record.operations, this.#host.platform.now().toISOString()) : { log: record.operations, lost: [] }

    const notes = await this.#quarantine(log)
    await fillOldGaps(this.#host, log)
    const hasFetched = this.#fetched.blocks > this.#committedBlocks
    const isNothingToSay = log.top === 0 ? changes.length === 0 : !rebuilds && !hasTrouble && !refsGivenUp && !evictedGivenUp && !missing.hasLostOperations && !hasFetched && notes === 0
    if (isNothingToSay) return { ...missing, goOn: false }
    this.#options.signal?.throwIfAborted()
    if (this.#options.giveUp === false && (refsGivenUp || evictedGivenUp || operations.lost.length > 0)) throw this.#wouldLose(refsGivenUp, operations.lost.length)
    // From here on a record may name them, whatever else happens.
    const handed = this.#made.splice(0)
    const { committed, isNamed } = await commitRepair(this.#host, {
      log, refs: tree, changes, evicted, operations: operations.log, indexes: indexes.files, indexRebuilt: rebuilds, fetched: this.#fetched.store, source: reader, actor: this.#options.actor ?? null,
      message: this.#message(rebuilds, log, { refsGivenUp, lostOperations: operations.lost.length }),
    })
    if (committed === undefined) {
      if (!isNamed) this.#made.push(...handed)
      return undefined
    }
    this.#number = committed.record.number
    this.#committedBlocks = this.#fetched.blocks
    this.#indexRebuilt ||= rebuilds
    this.#refsGivenUp ||= refsGivenUp
    this.#evictedGivenUp ||= evictedGivenUp
    this.#lostOperations.push(...operations.lost)
    for (const { name, target } of changes) if (target !== null) this.#recovered.push({ name, target })
    if (hasTrouble || notes > 0) await this.#host.log.leaveHint(this.#number)
    const isGone = everyPack && (await this.#isAnyGone(indexes))
    // What is still lost may be a delta that an earlier repair let go, and that opens now.
    return { ...missing, goOn: isGone || (hasFetched && (unsound.size > 0 || missing.lost.size > 0)) }
  }

  #wouldLose(refs: boolean, operations: number): WouldLoseError {
    const { location } = this.#host.storage
    const what = refs ? 'the newest refs' : operations > 0 ? `${operations} entries of the log of operations` : 'which snapshots were evicted'
    return new WouldLoseError(`${location} has lost more than data: ${what} can be neither read here nor fetched`, {
      data: { location, refs, operations }, hint: 'Name a copy that may have them with --from; --dry-run shows what would be left; --give-up goes on without them, for good.',
    })
  }

  /** The number of the record that everybody else takes for the newest, or undefined if they find none. */
  async #probe(): Promise<number | undefined> {
    return (await triedTwice(() => this.#host.log.newest()))?.record.number
  }

  /** The index files of the newest readable record that can be opened. */
  async #openIndexes({ newest }: LogSurvey): Promise<{ files: IndexSet; isWhole: boolean }> {
    const { storage, hasher } = this.#host
    const cache = new PageCache()
    const files: IndexFile[] = []
    for (const name of newest.record.indexes) {
      const file = await triedTwice(() => IndexFile.open(storage, hasher, cache, name))
      if (file !== undefined) files.push(file)
    }
    return { files: new IndexSet(files), isWhole: files.length === newest.record.indexes.length }
  }

  /** True if the index is as it was written, and every block that it names is where it says. */
  async #isStorageSound(repository: BlockRepository, log: LogSurvey): Promise<boolean> {
    await this.#host.adopt(log.newest)
    const { signal, onProgress } = this.#options
    const { problems, damaged, brokenPacks } = await verifyStorage(repository, { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) })
    if (damaged.size > 0 || brokenPacks.size > 0) return false
    return problems.every(({ key }) => key === CONFIG_KEY || key === 'the operation log' || key.startsWith('log/'))
  }

  async #scanPacks(files: IndexSet, everyPack: boolean): Promise<ReadonlySet<string>> {
    await this.#scan.scan(await this.#wanted(files, everyPack))
    return this.#scan.unsoundDeltas()
  }

  async #buildIndex(files: IndexSet, everyPack: boolean, unsound: ReadonlySet<string>): Promise<IndexFile> {
    const built = await buildIndex(this.#host, this.#scan, await this.#wanted(files, everyPack), unsound)
    this.#made.push(built.name)
    return built
  }

  async #wanted(files: IndexSet, everyPack: boolean): Promise<readonly Uint8Array[]> {
    const named = [...files.packs].map(({ id }) => id)
    if (!everyPack) return named
    const known = new Set(named.map(toHex))
    return [...named, ...(await this.#listPacks()).filter((id) => !known.has(toHex(id)))]
  }

  async #listPacks(): Promise<readonly Uint8Array[]> {
    const ids: Uint8Array[] = []
    for (const key of await listTwice(this.#host.storage, 'packs/')) {
      const hex = /^packs\/[0-9a-f]{2}\/([0-9a-f]{32})\.pack$/.exec(key)?.[1]
      if (hex !== undefined) ids.push(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)))
    }
    return ids
  }

  /** Keeps the bytes of what is about to be let go. Returns how many records were given up that were not before. */
  async #quarantine({ givenUp, unreadable, gaps }: LogSurvey): Promise<number> {
    const { storage } = this.#host
    for (const [key, size] of this.#scan.torn) this.#quarantined.add(await quarantine(storage, key, size))
    const known = await givenUpRecords(storage)
    const fresh = [...givenUp, ...unreadable, ...gaps].filter((number) => !known.has(number))
    for (const number of fresh) {
      const key = recordKey(number)
      const size = (await storage.stat(key))?.size ?? 0
      const target = await quarantine(storage, key, size)
      if (size > 0) this.#quarantined.add(target)
      this.#noted.add(number)
    }
    return fresh.length
  }

  async #isAnyGone(indexes: IndexSet): Promise<boolean> {
    for (const { id } of indexes.packs) if ((await this.#host.storage.stat(packKey(id))) === undefined) return true
    return false
  }

  #message(rebuilds: boolean, { givenUp }: LogSurvey, { refsGivenUp, lostOperations }: { readonly refsGivenUp: boolean; readonly lostOperations: number }): string {
    const { blocks } = this.#fetched
    const parts = [
      ...(rebuilds ? ['rebuilt the index'] : []), ...(this.#scan.torn.size > 0 ? [`copied blocks out of ${this.#scan.torn.size} torn packs`] : []),
      ...(blocks > 0 ? [`fetched ${blocks} blocks`] : []), ...(givenUp.length > 0 ? [`gave up records ${givenUp.join(', ')}`] : []),
      ...(refsGivenUp ? ['the newest refs could not be read'] : []), ...(lostOperations > 0 ? [`${lostOperations} entries of this log were lost`] : []),
    ]
    return parts.length === 0 ? 'mended the log of root records' : parts.join('; ')
  }

  #report({ lost }: MissingBlocks): RepairReport {
    const log = this.#log
    const { blocks, bytes } = this.#fetched
    return {
      number: this.#number, indexRebuilt: this.#indexRebuilt,
      packs: { scanned: this.#scan.scanned, missing: [...this.#scan.missing], torn: [...this.#scan.torn.keys()] },
      log: { takenUp: log?.newest.record.number ?? 0, givenUp: log?.givenUp ?? [], unreadable: (log?.unreadable ?? []).filter((number) => this.#noted.has(number)), filled: log?.gaps ?? [] },
      refsGivenUp: this.#refsGivenUp, recovered: this.#recovered, damaged: [...this.#damaged.values()], rescued: this.#scan.rescued, fetched: { blocks, bytes }, lost: [...lost.values()],
      quarantined: [...this.#quarantined], lostOperations: this.#lostOperations, evictedGivenUp: this.#evictedGivenUp,
    }
  }
}

function sameTree(a: CID | null, b: CID | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}
