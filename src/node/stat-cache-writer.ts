import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import type { FileContent } from '../dataset/interface.ts'
import type { ByteText } from './byte-text.ts'
import { nodeFileCalls } from './file-calls.ts'
import type { EntryFacts } from './folder-calls.ts'
import { COARSE_TICK_MS, tickOf } from './read-file.ts'
import { type CacheRecord, cacheHeader, encodeRecord, MAX_CACHED_KEY_BYTES, MAX_PAGE_SIZE_BYTES, PAGE_HEADER_SIZE_BYTES, PAGE_TARGET_SIZE_BYTES, sealPage } from './stat-cache-format.ts'
import { hostId } from './maker.ts'
import type { StatCacheReader } from './stat-cache-reader.ts'
import { sweepTempFiles, tempName, unlinkQuietly } from './temp-files.ts'

/** Kernel ticks are at most 10 ms; the rest is for clocks of file systems that run apart from this one's. */
const FINE_TICK_MS = 50
const NS_PER_MS = 1_000_000n
/**
 * A page of a file that is written through a memory map gets its file stamped when it becomes dirty, and can be written again without another stamp
 * until it is written back. Linux writes back what has been dirty for 30 s (dirty_expire_centisecs) and looks every 5 s
 * (dirty_writeback_centisecs): https://docs.kernel.org/admin-guide/sysctl/vm.html. The rest is for the time that it takes.
 */
export const DEFAULT_TRUST_AFTER_MS = 40_000

export interface StatCacheWriteOptions {
  /** What the content is hashed for; a reader with another identity does not use the cache. */
  readonly identity: string
  /** The cache that is there. What it says is copied, or, if that is all there is to say, left where it is. Must stay open until the writer is done. */
  readonly before?: StatCacheReader | undefined
  /** How long before the walk a file must have been changed last to be recorded. */
  readonly trustAfterMs?: number | undefined
}

/**
 * Writes a stat cache beside the one that is there, and puts it in its place at the end. A cache that cannot be written costs time and nothing else, so
 * no failure is reported.
 *
 * A file is recorded only if its times are older than the moment the walk began by `trustAfterMs`, since later writes through a memory map could
 * leave the same times; and by a tick of the clock that stamped it at least, which is git's rule for racy entries
 * (https://git-scm.com/docs/racy-git).
 *
 * What escapes this: tmpfs never writes back, so pages of its files that are mapped can be written for ever without another stamp; and systems
 * that were set to write back later, or are too busy to do it in time.
 */
export class StatCacheWriter {
  readonly #path: string
  readonly #temp: string
  readonly #trustAfterMs: number
  readonly #page: Buffer = Buffer.alloc(PAGE_HEADER_SIZE_BYTES + MAX_PAGE_SIZE_BYTES)
  /** As long as all that came is what the cache before says, in its order. */
  #before: StatCacheReader | undefined
  #kept = 0
  #file: number | undefined
  #settled = false
  #began = 0n
  /** What is older than this is not racy by any rule. */
  #safelyOld = 0n
  #end = PAGE_HEADER_SIZE_BYTES
  #key = ''

  constructor(path: string, { identity, before, trustAfterMs = DEFAULT_TRUST_AFTER_MS }: StatCacheWriteOptions) {
    this.#path = path
    this.#before = before
    this.#trustAfterMs = trustAfterMs
    this.#temp = join(dirname(path), tempName(hostId()))
    this.#attempt(() => {
      fs.mkdirSync(dirname(path), { recursive: true })
      this.#file = fs.openSync(this.#temp, 'wx')
      fs.writeSync(this.#file, cacheHeader(identity))
      const [stamped, now] = [fs.fstatSync(this.#file, { bigint: true }).mtimeNs, BigInt(Date.now()) * NS_PER_MS]
      // The clock that stamps files may not be this machine's.
      this.#began = stamped < now ? stamped : now
      this.#safelyOld = this.#began - BigInt(Math.max(trustAfterMs, COARSE_TICK_MS)) * NS_PER_MS
    })
  }

  /** Records what a file held. Keys must come in rising order. `record`: which record of the cache before says so, if one does. */
  add(key: ByteText, facts: EntryFacts, content: FileContent, record?: number): void {
    if (this.#file === undefined || key.length > MAX_CACHED_KEY_BYTES || this.#isRacy(facts)) return
    if (this.#before !== undefined) {
      if (record === this.#kept) {
        this.#kept++
        return
      }
      this.#attempt(() => this.#copyKept())
    }
    const { cid } = content
    const { size, mtimeNs, ctimeNs, ino } = facts
    this.#attempt(() => this.#write({ key, codec: cid.code, hashCode: cid.multihash.code, size, mtimeNs, ctimeNs, ino, digest: cid.multihash.digest }))
  }

  /** Puts the new cache in the place of the old one. */
  async commit(): Promise<void> {
    if (this.#file === undefined) return
    if (this.#before?.hasJust(this.#kept) === true) this.abandon()
    else {
      this.#attempt(() => {
        this.#copyKept()
        this.#flush()
        this.#close()
        fs.renameSync(this.#temp, this.#path)
        this.#settled = true
      })
    }
    await sweepTempFiles(nodeFileCalls, dirname(this.#path), hostId())
  }

  /** Removes what was written; nothing if it was committed. */
  abandon(): void {
    if (this.#settled) return
    this.#settled = true
    this.#close()
    unlinkQuietly(nodeFileCalls, this.#temp)
  }

  #isRacy(facts: EntryFacts): boolean {
    const latest = facts.mtimeNs > facts.ctimeNs ? facts.mtimeNs : facts.ctimeNs
    if (latest < this.#safelyOld) return false
    return latest >= this.#began - BigInt(Math.max(this.#trustAfterMs, tickOf(facts, FINE_TICK_MS))) * NS_PER_MS
  }

  #copyKept(): void {
    const before = this.#before
    this.#before = undefined
    if (before === undefined) return
    let copied = 0
    for (const record of before.first(this.#kept)) {
      this.#write(record)
      copied++
    }
    if (copied < this.#kept) throw new Error('The cache before has changed')
  }

  #write(record: CacheRecord): void {
    this.#end = encodeRecord(this.#page, this.#end, record, this.#key)
    this.#key = record.key
    if (this.#end >= PAGE_TARGET_SIZE_BYTES) this.#flush()
  }

  #flush(): void {
    if (this.#file === undefined || this.#end === PAGE_HEADER_SIZE_BYTES) return
    sealPage(this.#page, this.#end)
    for (let written = 0; written < this.#end; ) written += fs.writeSync(this.#file, this.#page, written, this.#end - written)
    this.#end = PAGE_HEADER_SIZE_BYTES
    this.#key = ''
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch {
      this.abandon()
    }
  }

  #close(): void {
    const file = this.#file
    this.#file = undefined
    try {
      if (file !== undefined) fs.closeSync(file)
    } catch {
      // A cache that was not written whole is found out by its hashes.
    }
  }
}
