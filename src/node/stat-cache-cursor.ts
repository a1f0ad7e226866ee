import * as fs from 'node:fs'
import type { ByteText } from './byte-text.ts'
import type { EntryFacts } from './folder-calls.ts'
import { CACHE_HEADER_SIZE_BYTES, type CacheRecord, contentAt, decodeKey, decodeRecord, hasFacts, isSealed, MAX_PAGE_SIZE_BYTES, PAGE_HEADER_SIZE_BYTES, pageLength } from './stat-cache-format.ts'

/** Goes through the records of a stat cache, of which it holds a page. The file stays whose it is, and several cursors may be on it. */
export class StatCacheCursor {
  readonly #file: number
  readonly #header: Buffer = Buffer.alloc(PAGE_HEADER_SIZE_BYTES)
  readonly #space: Buffer = Buffer.alloc(MAX_PAGE_SIZE_BYTES)
  readonly #view: DataView = new DataView(this.#space.buffer, this.#space.byteOffset, this.#space.length)
  #records: Buffer = this.#space.subarray(0, 0)
  #position = CACHE_HEADER_SIZE_BYTES
  #start = 0
  #end = 0
  #key = '' as ByteText
  #number = -1
  #isOver = false
  #isWhole = false

  constructor(file: number) {
    this.#file = file
  }

  /** Of the record that it is at. */
  get key(): ByteText {
    return this.#key
  }

  /** How many records are before the one that it is at. */
  get number(): number {
    return this.#number
  }

  /** True if there is no further record, and nothing else either: the file is sound to its end. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Goes to the next record; false at the end, or where the file is not sound. */
  advance(): boolean {
    if (this.#isOver) return false
    this.#isOver = !this.#toNext()
    return !this.#isOver
  }

  /** Whether the record is of a file that stands as it did. */
  hasFacts(facts: EntryFacts): boolean {
    return hasFacts(this.#view, this.#start, facts)
  }

  /** What the file held; the digest is a view. */
  content(): Pick<CacheRecord, 'codec' | 'hashCode' | 'digest'> {
    return contentAt(this.#view, this.#start)
  }

  /** All of the record. */
  decode(): CacheRecord {
    return decodeRecord(this.#records, this.#start, this.#key)
  }

  #toNext(): boolean {
    try {
      if (this.#end === this.#records.length && !this.#nextPage()) return false
      const next = decodeKey(this.#records, this.#end, this.#key)
      if (next === undefined) return false
      this.#start = this.#end
      this.#end = next.end
      this.#key = next.key
      this.#number++
      return true
    } catch {
      return false
    }
  }

  #nextPage(): boolean {
    const header = this.#fill(this.#header)
    this.#isWhole = header === 0
    if (header < this.#header.length) return false
    const length = pageLength(this.#header)
    if (length === undefined) return false
    this.#records = this.#space.subarray(0, length)
    this.#key = '' as ByteText
    this.#end = 0
    return this.#fill(this.#records) === length && isSealed(this.#header, this.#records)
  }

  /** Reads on. Returns how many bytes there were. */
  #fill(space: Buffer): number {
    let filled = 0
    for (let count = -1; filled < space.length && count !== 0; filled += count) count = fs.readSync(this.#file, space, filled, space.length - filled, this.#position + filled)
    this.#position += filled
    return filled
  }
}
