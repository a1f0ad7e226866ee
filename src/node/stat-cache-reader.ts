import * as fs from 'node:fs'
import { cidFromDigest, DAG_CBOR_CODE, RAW_CODE } from '../cid/cid.ts'
import type { FileContent } from '../dataset/interface.ts'
import type { ByteText } from './byte-text.ts'
import type { EntryFacts } from './folder-calls.ts'
import { CACHE_HEADER_SIZE_BYTES, cacheHeader, decodeKey, decodeRecord, isSealed, MAX_PAGE_SIZE_BYTES, PAGE_HEADER_SIZE_BYTES, pageLength } from './stat-cache-format.ts'

/**
 * Finds what files held when a folder was last read. Keys must be asked for in rising order; the file is read along with them, a page at a
 * time. A cache that is absent, damaged, of another version or with another identity knows nothing, or nothing from there on.
 */
export class StatCacheReader {
  readonly #header: Buffer = Buffer.alloc(PAGE_HEADER_SIZE_BYTES)
  readonly #space: Buffer = Buffer.alloc(MAX_PAGE_SIZE_BYTES)
  #file: number | undefined
  #records: Buffer = this.#space.subarray(0, 0)
  #key = '' as ByteText
  #start = 0
  #end = 0

  constructor(path: string, identity: string) {
    try {
      this.#file = fs.openSync(path, 'r')
      const header = Buffer.alloc(CACHE_HEADER_SIZE_BYTES)
      if (!this.#fill(header) || !header.equals(cacheHeader(identity))) this.close()
      else this.#advance()
    } catch {
      this.close()
    }
  }

  /** What the file held, if nothing about it has changed since. */
  find(key: ByteText, facts: EntryFacts): FileContent | undefined {
    while (this.#file !== undefined && this.#key < key) this.#advance()
    if (this.#file === undefined || this.#key !== key) return undefined
    const { codec, hashCode, size, mtimeNs, ctimeNs, ino, digest } = decodeRecord(this.#records, this.#start, key)
    if (size !== facts.size || mtimeNs !== facts.mtimeNs || ctimeNs !== facts.ctimeNs || ino !== facts.ino) return undefined
    if ((codec !== RAW_CODE && codec !== DAG_CBOR_CODE) || (hashCode !== 0x12 && hashCode !== 0x1e)) return undefined
    return { cid: cidFromDigest({ code: hashCode }, codec, new Uint8Array(digest)), size: Number(size) }
  }

  close(): void {
    const file = this.#file
    this.#file = undefined
    try {
      if (file !== undefined) fs.closeSync(file)
    } catch {
      // It was only read.
    }
  }

  /** Goes to the next record; closes at the end, or where the file is not sound. */
  #advance(): void {
    try {
      if (this.#end === this.#records.length && !this.#nextPage()) return this.close()
      const next = decodeKey(this.#records, this.#end, this.#key)
      if (next === undefined) return this.close()
      this.#start = this.#end
      this.#end = next.end
      this.#key = next.key
    } catch {
      this.close()
    }
  }

  #nextPage(): boolean {
    if (!this.#fill(this.#header)) return false
    const length = pageLength(this.#header)
    if (length === undefined) return false
    this.#records = this.#space.subarray(0, length)
    this.#key = '' as ByteText
    this.#end = 0
    return this.#fill(this.#records) && isSealed(this.#header, this.#records)
  }

  #fill(space: Buffer): boolean {
    for (let filled = 0; filled < space.length; ) {
      const count = this.#file === undefined ? 0 : fs.readSync(this.#file, space, filled, space.length - filled, null)
      if (count === 0) return false
      filled += count
    }
    return true
  }
}
