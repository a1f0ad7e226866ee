import { equalBytes } from '../bytes.ts'
import { MAX_NODE_SIZE_BYTES } from '../codec/dag-cbor.ts'
import type { Hasher } from '../cid/interface.ts'
import { AlreadyExistsError, CorruptObjectError, NotFoundError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import { isWithoutListing } from '../storage/no-listing.ts'
import { decodeRootRecord, EMPTY_STATE, encodeRootRecord, recordKey, type ReadRecord, type RootRecord } from './root-record.ts'

/** A record that is larger than this cannot be decoded; what is read of one at most. */
const MAX_RECORD_SIZE_BYTES: number = MAX_NODE_SIZE_BYTES + 64
const HINT_PREFIX = 'hints/'
/** A hint is left every so many commits: opening then costs at most some twelve probes, and a commit next to nothing. */
const HINT_INTERVAL = 64

/** The sequence of write-once root records, whose newest is the state of the repository. */
export class RootLog {
  readonly #storage: Storage
  readonly #hasher: Hasher

  constructor(storage: Storage, hasher: Hasher) {
    this.#storage = storage
    this.#hasher = hasher
  }

  /**
   * The newest record that is at or after `known`. Costs one probe if `known` is the newest, two for each doubling of the distance
   * otherwise; lists nothing but the hints, and those only if nothing is known and the storage can list.
   */
  async newest(known: ReadRecord = EMPTY_STATE): Promise<ReadRecord> {
    let low = known.record.number
    if (low === 0) low = await this.#hinted()
    let step = 1
    while (await this.#exists(low + step)) {
      low += step
      step *= 2
    }
    for (let high = low + step; high - low > 1; ) {
      const middle = (low + high) >>> 1
      if (await this.#exists(middle)) low = middle
      else high = middle
    }
    if (low === known.record.number) return known
    return this.read(low)
  }

  /** @throws NotFoundError if there is no such record; @throws CorruptObjectError if it is damaged */
  async read(number: number): Promise<ReadRecord> {
    if (number === 0) return EMPTY_STATE
    return decodeRootRecord(this.#hasher, number, await this.#storage.get(recordKey(number), { range: { start: 0, end: MAX_RECORD_SIZE_BYTES } }))
  }

  /**
   * Commits: creates record `previous + 1`. Returns it, or undefined if another writer was first. Safe to repeat: a record that
   * turns out to be this writer's own counts as created.
   */
  async append(record: RootRecord): Promise<ReadRecord | undefined> {
    const bytes = encodeRootRecord(this.#hasher, record)
    try {
      await this.#storage.put(recordKey(record.number), bytes)
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error
      const winner = await this.read(record.number)
      if (!equalBytes(winner.record.writer, record.writer)) return undefined
    }
    if (record.number % HINT_INTERVAL === 0) await this.leaveHint(record.number)
    return { record, digest: this.#hasher.digest(bytes) }
  }

  /** Hints save time: failing to write one does not fail the commit, which is done. Where records are missing, one tells where to go on from. */
  async leaveHint(number: number): Promise<void> {
    try {
      await this.#storage.put(`${HINT_PREFIX}${number}`, new Uint8Array(0))
      for await (const { key } of this.#storage.list(HINT_PREFIX)) {
        if (Number(key.slice(HINT_PREFIX.length)) < number) await this.#storage.delete(key)
      }
    } catch {
      // The next interval leaves another.
    }
  }

  /**
   * Resolves once a record that was read, and all before it, survives a power cut. Its writer may not be sure of that yet, or have been killed before it
   * was; to create it once more is refused only when it is.
   */
  async settle({ record }: ReadRecord): Promise<void> {
    if (record.number === 0) return
    try {
      await this.#storage.put(recordKey(record.number), encodeRootRecord(this.#hasher, record))
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error
    }
  }

  async #exists(number: number): Promise<boolean> {
    return (await this.#storage.stat(recordKey(number))) !== undefined
  }

  /** The largest hint that leads to a record. A hint that leads nowhere is a damaged log, since records are never removed past a hint. */
  async #hinted(): Promise<number> {
    let largest = 0
    try {
      for await (const { key } of this.#storage.list(HINT_PREFIX)) {
        const number = Number(key.slice(HINT_PREFIX.length))
        if (Number.isSafeInteger(number) && number > largest) largest = number
      }
    } catch (error) {
      // Where nothing can be listed, the log is probed from its first record: two probes for each doubling of its length.
      if (!isWithoutListing(error)) throw error
      return 0
    }
    if (largest > 0 && !(await this.#exists(largest))) {
      const key = recordKey(largest)
      throw new CorruptObjectError(`Root record ${key} is missing, though a hint says that it was written`, {
        cause: new NotFoundError(key), data: { key }, hint: 'Restore the folder log/ from a copy of the repository, or run `varve repair` to go on from what is left of it.',
      })
    }
    return largest
  }
}
