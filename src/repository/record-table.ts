import { compareBytes } from '../bytes.ts'
import { DigestTable } from './digest-table.ts'
import { encodeRecord, PAGE_SIZE_BYTES, RECORD_SIZE_BYTES, type IndexRecord } from './index-format.ts'

const FIELDS = 5

/** Index records of the blocks that a session has written and not yet indexed, found by digest: some 60 bytes a block, off the heap. */
export class RecordTable {
  readonly #digests = new DigestTable()
  #fields: Uint32Array = new Uint32Array(512 * FIELDS)

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

  clear(): void {
    this.#digests.clear()
  }

  /** All records in index order, encoded, many at a time. */
  *sorted(): Generator<Uint8Array> {
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
