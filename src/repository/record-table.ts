import { compareBytes } from '../bytes.ts'
import { DigestTable } from './digest-table.ts'
import { compareRecords, encodeRecord, RECORD_SIZE_BYTES, type IndexRecord } from './index-format.ts'

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

  find(digest: Uint8Array): IndexRecord | undefined {
    const row = this.#digests.rowOf(digest)
    return row < 0 ? undefined : this.#record(row)
  }

  /** Adds a record whose digest is not there yet. */
  add(digest: Uint8Array, record: IndexRecord): void {
    const row = this.count
    if (!this.#digests.add(digest)) return
    if (this.count * FIELDS > this.#fields.length) {
      const larger = new Uint32Array(this.#fields.length * 2)
      larger.set(this.#fields)
      this.#fields = larger
    }
    this.#fields.set([record.pack, record.offset, record.storedSize, record.size, record.codec], row * FIELDS)
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

  /** All records in index order, encoded. */
  sorted(): Iterable<Uint8Array> {
    return this.#copies.length === 0 ? this.#sorted() : [...this.#sorted(), ...this.#copies].sort(compareRecords)
  }

  *#sorted(): Generator<Uint8Array> {
    const rows = new Uint32Array(this.count).map((_, row) => row)
    const firstBytes = new Uint32Array(this.count)
    for (const row of rows) {
      const digest = this.#digests.digest(row)
      firstBytes[row] = new DataView(digest.buffer, digest.byteOffset, 4).getUint32(0)
    }
    rows.sort((a, b) => (firstBytes[a] as number) - (firstBytes[b] as number) || compareBytes(this.#digests.digest(a), this.#digests.digest(b)))
    for (const row of rows) yield encoded(this.#digests.digest(row), this.#record(row))
  }

  #record(row: number): IndexRecord {
    const [pack = 0, offset = 0, storedSize = 0, size = 0, codec = 0] = this.#fields.subarray(row * FIELDS, (row + 1) * FIELDS)
    return { pack, offset, storedSize, size, codec }
  }
}

function encoded(digest: Uint8Array, record: IndexRecord): Uint8Array {
  const bytes = new Uint8Array(RECORD_SIZE_BYTES)
  encodeRecord(digest, record, bytes, 0)
  return bytes
}
