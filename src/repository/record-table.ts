import { compareBytes } from '../bytes.ts'
import { DigestTable } from './digest-table.ts'
import { compareRecords, encodeRecord, PAGE_SIZE_BYTES, RECORD_SIZE_BYTES, type IndexRecord } from './index-format.ts'

const FIELDS = 5

/** Index records of the blocks that a session has written and not yet indexed, found by digest: some 60 bytes a block, off the heap. */
export class RecordTable {
  readonly #digests = new DigestTable()
  #fields: Uint32Array = new Uint32Array(512 * FIELDS)
  /** Encoded records of further copies of blocks. */
  #copies: Uint8Array[] = []

  get count(): number {
    return this.#digests.count
  }

  has(digest: Uint8Array): boolean {
    return this.#digests.rowOf(digest) >= 0
  }

  find(digest: Uint8Array): IndexRecord | undefined {
    const row = this.#digests.rowOf(digest)
    return row < 0 ? undefined : this.#record(row)
  }

  /** Adds a record whose digest is not there yet. */
  add(digest: Uint8Array, { pack, offset, storedSize, size, codec }: IndexRecord): void {
    const at = this.count * FIELDS
    if (!this.#digests.add(digest)) return
    if (at + FIELDS > this.#fields.length) {
      const larger = new Uint32Array(this.#fields.length * 2)
      larger.set(this.#fields)
      this.#fields = larger
    }
    const fields = this.#fields
    fields[at] = pack
    fields[at + 1] = offset
    fields[at + 2] = storedSize
    fields[at + 3] = size
    fields[at + 4] = codec
  }

  /** Adds a record whose digest may be there already: an index names every copy, and `find` the first. */
  addCopy(digest: Uint8Array, record: IndexRecord): void {
    if (this.#digests.rowOf(digest) < 0) this.add(digest, record)
    else this.#copies.push(encoded(digest, record))
  }

  clear(): void {
    this.#digests.clear()
    this.#copies = []
  }

  /** All records in index order, encoded, many at a time. */
  sorted(): Iterable<Uint8Array> {
    return this.#copies.length === 0 ? this.#sorted() : [...this.#records(), ...this.#copies].sort(compareRecords)
  }

  *#records(): Generator<Uint8Array> {
    for (const page of this.#sorted()) for (let at = 0; at < page.length; at += RECORD_SIZE_BYTES) yield page.subarray(at, at + RECORD_SIZE_BYTES)
  }

  *#sorted(): Generator<Uint8Array> {
    const rows = new Uint32Array(this.count).map((_, row) => row)
    const firstBytes = new Uint32Array(this.count)
    for (const row of rows) firstBytes[row] = this.#digests.firstBytes(row)
    rows.sort((a, b) => (firstBytes[a] as number) - (firstBytes[b] as number) || compareBytes(this.#digests.digest(a), this.#digests.digest(b)))
    for (let start = 0; start < rows.length; start += PAGE_SIZE_BYTES / RECORD_SIZE_BYTES) {
      const page = rows.subarray(start, start + PAGE_SIZE_BYTES / RECORD_SIZE_BYTES)
      const encoded = new Uint8Array(page.length * RECORD_SIZE_BYTES)
      page.forEach((row, index) => encodeRecord(this.#digests.digest(row), this.#record(row), encoded, index * RECORD_SIZE_BYTES))
      yield encoded
    }
  }

  #record(row: number): IndexRecord {
    const [fields, at] = [this.#fields, row * FIELDS]
    return { pack: fields[at] as number, offset: fields[at + 1] as number, storedSize: fields[at + 2] as number, size: fields[at + 3] as number, codec: fields[at + 4] as number }
  }
}

function encoded(digest: Uint8Array, record: IndexRecord): Uint8Array {
  const bytes = new Uint8Array(RECORD_SIZE_BYTES)
  encodeRecord(digest, record, bytes, 0)
  return bytes
}
