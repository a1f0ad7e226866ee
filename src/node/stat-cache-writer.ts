import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import type { FileContent } from '../dataset/interface.ts'
import type { ByteText } from './byte-text.ts'
import { nodeFileCalls } from './file-calls.ts'
import type { EntryFacts } from './folder-calls.ts'
import { tickOf } from './read-file.ts'
import { cacheHeader, encodeRecord, MAX_CACHED_KEY_BYTES, MAX_PAGE_SIZE_BYTES, PAGE_HEADER_SIZE_BYTES, PAGE_TARGET_SIZE_BYTES, sealPage } from './stat-cache-format.ts'
import { hostId } from './maker.ts'
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
  #file: number | undefined
  #settled = false
  #began = 0n
  #end = PAGE_HEADER_SIZE_BYTES
  #key = ''

  constructor(path: string, { identity, trustAfterMs = DEFAULT_TRUST_AFTER_MS }: StatCacheWriteOptions) {
    this.#path = path
    this.#trustAfterMs = trustAfterMs
    this.#temp = join(dirname(path), tempName(hostId()))
    this.#attempt(() => {
      fs.mkdirSync(dirname(path), { recursive: true })
      this.#file = fs.openSync(this.#temp, 'wx')
      fs.writeSync(this.#file, cacheHeader(identity))
      const [stamped, now] = [fs.fstatSync(this.#file, { bigint: true }).mtimeNs, BigInt(Date.now()) * NS_PER_MS]
      // The clock that stamps files may not be this machine's.
      this.#began = stamped < now ? stamped : now
    })
  }

  /** Records what a file held. Keys must come in rising order. */
  add(key: ByteText, facts: EntryFacts, content: FileContent): void {
    if (this.#file === undefined || key.length > MAX_CACHED_KEY_BYTES || this.#isRacy(facts)) return
    const { cid } = content
    const { size, mtimeNs, ctimeNs, ino } = facts
    this.#end = encodeRecord(this.#page, this.#end, { key, codec: cid.code, hashCode: cid.multihash.code, size, mtimeNs, ctimeNs, ino, digest: cid.multihash.digest }, this.#key)
    this.#key = key
    if (this.#end >= PAGE_TARGET_SIZE_BYTES) this.#attempt(() => this.#flush())
  }

  /** Puts the new cache in the place of the old one. */
  async commit(): Promise<void> {
    if (this.#file === undefined) return
    this.#attempt(() => {
      this.#flush()
      this.#close()
      fs.renameSync(this.#temp, this.#path)
      this.#settled = true
    })
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
    return latest >= this.#began - BigInt(Math.max(this.#trustAfterMs, tickOf(facts, FINE_TICK_MS))) * NS_PER_MS
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
