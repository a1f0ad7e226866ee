import { compareBytes } from '../../bytes.ts'
import { DIGEST_SIZE_BYTES } from '../../cid/cid.ts'
import { IndexFile } from '../index-file.ts'
import { compareRecords, encodeRecord, type IndexedPack, type IndexRecord, RECORD_SIZE_BYTES } from '../index-format.ts'
import type { PageCache } from '../page-cache.ts'
import type { SessionHost } from '../session-host.ts'
import { storeIndex } from '../store-index.ts'

/** Records that are gathered in memory before they are stored as an index file: 12 MiB. */
const RUN_RECORDS: number = 256 * 1024

/**
 * Makes index files of any number of records that come in any order, in bounded memory: sorts them in runs, each of which is an index file in its own right.
 * Unlike a session's table it keeps every copy of a block, since each has to be in the index.
 */
export class IndexRuns {
  readonly #host: SessionHost
  readonly #cache: PageCache
  readonly #limit: number
  readonly #files: IndexFile[] = []
  #packs: IndexedPack[] = []
  #records = new Uint8Array(1024 * RECORD_SIZE_BYTES)
  #count = 0

  constructor(host: SessionHost, cache: PageCache, runRecords: number = RUN_RECORDS) {
    this.#host = host
    this.#cache = cache
    this.#limit = runRecords
  }

  /** Index files so far. */
  get files(): readonly IndexFile[] {
    return this.#files
  }

  /** The records that are added next are of this pack, which is listed even if there are none. */
  begin(pack: IndexedPack): void {
    this.#packs.push(pack)
  }

  async add(digest: Uint8Array, record: Omit<IndexRecord, 'pack'>): Promise<void> {
    const current = this.#packs.at(-1)
    if (this.#count === this.#limit && current !== undefined) {
      await this.flush()
      this.begin(current)
    }
    if ((this.#count + 1) * RECORD_SIZE_BYTES > this.#records.length) {
      const larger = new Uint8Array(this.#records.length * 2)
      larger.set(this.#records)
      this.#records = larger
    }
    encodeRecord(digest, { ...record, pack: this.#packs.length - 1 }, this.#records, this.#count * RECORD_SIZE_BYTES)
    this.#count++
  }

  /** Stores what was gathered. */
  async flush(): Promise<void> {
    if (this.#packs.length > 0) await this.store(this.#packs, this.#sorted())
    this.#packs = []
    this.#count = 0
  }

  /** Takes in records that are in index order already. */
  async store(packs: readonly IndexedPack[], records: Iterable<Uint8Array>): Promise<void> {
    const { storage, hasher } = this.#host
    this.#files.push(await IndexFile.open(storage, hasher, this.#cache, await storeIndex(this.#host, packs, records)))
  }

  *#sorted(): Generator<Uint8Array> {
    const view = new DataView(this.#records.buffer)
    const firstBytes = Uint32Array.from({ length: this.#count }, (_, row) => view.getUint32(row * RECORD_SIZE_BYTES))
    const record = (row: number): Uint8Array => this.#records.subarray(row * RECORD_SIZE_BYTES, (row + 1) * RECORD_SIZE_BYTES)
    const digest = (row: number): Uint8Array => this.#records.subarray(row * RECORD_SIZE_BYTES, row * RECORD_SIZE_BYTES + DIGEST_SIZE_BYTES)
    const rows = Uint32Array.from({ length: this.#count }, (_, row) => row)
    rows.sort((a, b) => (firstBytes[a] as number) - (firstBytes[b] as number) || compareBytes(digest(a), digest(b)) || compareRecords(record(a), record(b)))
    for (const row of rows) yield record(row)
  }
}
