import * as fs from 'node:fs'
import { cidFromDigest, DAG_CBOR_CODE, RAW_CODE } from '../cid/cid.ts'
import type { FileContent } from '../dataset/interface.ts'
import type { ByteText } from './byte-text.ts'
import type { EntryFacts } from './folder-calls.ts'
import { StatCacheCursor } from './stat-cache-cursor.ts'
import { CACHE_HEADER_SIZE_BYTES, cacheHeader, type CacheRecord } from './stat-cache-format.ts'

/** What a file held when it was last read, and which record of the cache says so, counted from 0. */
export interface CachedContent extends FileContent {
  readonly record: number
}

/**
 * Finds what files held when a folder was last read. Keys must be asked for in rising order; the file is read along with them, a page at a
 * time. A cache that is absent, damaged, of another version or with another identity knows nothing, or nothing from there on.
 */
export class StatCacheReader {
  #file: number | undefined
  #cursor: StatCacheCursor | undefined

  constructor(path: string, identity: string) {
    try {
      this.#file = fs.openSync(path, 'r')
      const header = Buffer.alloc(CACHE_HEADER_SIZE_BYTES)
      if (fs.readSync(this.#file, header, 0, header.length, 0) < header.length || !header.equals(cacheHeader(identity))) this.close()
      else this.#cursor = new StatCacheCursor(this.#file)
    } catch {
      this.close()
    }
  }

  /** Size of the cache, or 0 if it knows nothing. */
  get sizeBytes(): number {
    try {
      return this.#file === undefined ? 0 : fs.fstatSync(this.#file).size
    } catch {
      return 0
    }
  }

  /** What the file held, if nothing about it has changed since. */
  find(key: ByteText, facts: EntryFacts): CachedContent | undefined {
    const cursor = this.#cursor
    if (cursor === undefined) return undefined
    while (cursor.key < key) if (!cursor.advance()) return undefined
    if (cursor.key !== key || !cursor.hasFacts(facts)) return undefined
    const { codec, hashCode, digest } = cursor.content()
    if ((codec !== RAW_CODE && codec !== DAG_CBOR_CODE) || (hashCode !== 0x12 && hashCode !== 0x1e)) return undefined
    return { cid: cidFromDigest({ code: hashCode }, codec, digest), size: Number(facts.size), record: cursor.number }
  }

  /** True if the cache is sound and has so many records. Nothing may be asked for afterwards. */
  hasJust(count: number): boolean {
    const cursor = this.#cursor
    if (cursor === undefined) return false
    while (cursor.number < count && cursor.advance());
    return cursor.isWhole && cursor.number + 1 === count
  }

  /** The first `count` records, fewer where the cache is not sound. */
  *first(count: number): Generator<CacheRecord, void, undefined> {
    if (this.#file === undefined) return
    const cursor = new StatCacheCursor(this.#file)
    while (cursor.number + 1 < count && cursor.advance()) yield cursor.decode()
  }

  close(): void {
    const file = this.#file
    this.#file = undefined
    this.#cursor = undefined
    try {
      if (file !== undefined) fs.closeSync(file)
    } catch {
      // It was only read.
    }
  }
}
