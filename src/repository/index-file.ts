import { equalBytes } from '../bytes.ts'
import { AbsenceFilter } from './absence-filter.ts'
import type { Hasher } from '../cid/interface.ts'
import { CorruptObjectError, NotFoundError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import type { MaybePromise } from '../types.ts'
import {
  compareDigestAt, decodeRecord, encodeIndexHeader, indexKey, PACK_TABLE_ROW_SIZE_BYTES, PAGE_SIZE_BYTES, PAGE_TABLE_ROW_SIZE_BYTES, RECORD_SIZE_BYTES,
  type IndexedPack, type IndexName, type IndexRecord,
} from './index-format.ts'
import { BLOCK_HEADER_SIZE_BYTES, MAX_BLOCK_SIZE_BYTES } from './pack-format.ts'
import { digestAtOrAfter } from './digest-search.ts'
import { PackTable } from './pack-table.ts'
import type { PageCache } from './page-cache.ts'
import { assertTail, FILE_HEADER_SIZE_BYTES, FOOTER_SIZE_BYTES, footerDigest, readFooterCounts } from './tail.ts'

/** A filter is made after so many reads in vain, or as many as are half of all pages: over a network, too, all is then read once and a half at most. */
const MIN_VAIN_READS = 8
const VAIN_SHARE = 2
/** Of an index of so many pages, 6 MiB, all are kept: no page is read twice over a network, and a filter is made only if the cache has no room for them. */
const KEPT_PAGES = 128

/** Tables of a thousand million blocks take less; they are read into memory. */
const MAX_TABLES_SIZE_BYTES: number = 256 * 1024 * 1024
/** A file up to this size is read at once when it is opened. */
const WHOLE_UP_TO_BYTES: number = 64 * 1024

/**
 * An index file, opened: its tables are in memory and were checked against the root record; pages are read and checked when they are
 * first needed.
 *
 * Who stores many new blocks asks for many that are not there, and would need all pages in memory, 48 bytes a block. A page that was read in vain is therefore not kept,
 * unless the index is small; after some such reads a filter of 2 bytes a block is made, and after that there are hardly any.
 */
export class IndexFile {
  readonly name: IndexName
  readonly records: number
  readonly #key: string
  readonly #storage: Pick<Storage, 'get'>
  readonly #hasher: Hasher
  readonly #cache: PageCache
  readonly #packTable: PackTable
  readonly #pageTable: Uint8Array
  readonly #pages: number
  readonly #pageNames: string[] = []
  /** Pages that are being read, for look-ups that come meanwhile. */
  readonly #loading = new Map<number, Promise<Uint8Array>>()
  /** Look-ups that read a page and found nothing. */
  #vainReads = 0
  #filter: AbsenceFilter | undefined
  #isUnfilterable = false
  /** All of a small file: over a network it is one request instead of one for each part. */
  readonly #whole: Pick<Storage, 'get'> | undefined

  private constructor(
    storage: Pick<Storage, 'get'>, hasher: Hasher, cache: PageCache, name: IndexName, tables: Uint8Array, counts: { packs: number; pages: number; records: number },
    whole: Pick<Storage, 'get'> | undefined,
  ) {
    this.#whole = whole
    this.name = name
    this.records = counts.records
    this.#key = indexKey(name.id)
    this.#storage = storage
    this.#hasher = hasher
    this.#cache = cache
    this.#pages = counts.pages
    this.#pageTable = tables.subarray(counts.packs * PACK_TABLE_ROW_SIZE_BYTES)
    this.#packTable = new PackTable(this.#key, tables.subarray(0, counts.packs * PACK_TABLE_ROW_SIZE_BYTES))
  }

  /** Whether look-ups read nothing more from storage. */
  get isInMemory(): boolean {
    return this.#whole !== undefined
  }

  /** All packs, as objects that stay in memory with the file; `pack` and `hasPack` need no more than they are asked for. */
  get packs(): readonly IndexedPack[] {
    return [...this.#packTable]
  }

  /** The pack of a record; the same object each time. */
  pack(number: number): IndexedPack | undefined {
    return this.#packTable.at(number)
  }

  hasPack(id: Uint8Array): boolean {
    return this.#packTable.has(id)
  }

  /** Two reads, or one of a small file. @throws CorruptObjectError if the file is not the one that the root record names */
  static async open(storage: Pick<Storage, 'get'>, hasher: Hasher, cache: PageCache, name: IndexName): Promise<IndexFile> {
    const key = indexKey(name.id)
    const footerStart = Math.max(0, name.size - FOOTER_SIZE_BYTES)
    const whole = name.size <= WHOLE_UP_TO_BYTES ? inMemory(await readRange(storage, key, 0, name.size)) : undefined
    const footer = await readRange(whole ?? storage, key, footerStart, name.size)
    const counts = readFooterCounts(key, footer)
    const packs = counts.getUint32(0, true)
    const pages = counts.getUint32(4, true)
    const records = Number(counts.getBigUint64(8, true))
    const tablesSize = packs * PACK_TABLE_ROW_SIZE_BYTES + pages * PAGE_TABLE_ROW_SIZE_BYTES
    const sound = FILE_HEADER_SIZE_BYTES + records * RECORD_SIZE_BYTES + tablesSize + FOOTER_SIZE_BYTES === name.size && pages === Math.ceil((records * RECORD_SIZE_BYTES) / PAGE_SIZE_BYTES) && tablesSize <= MAX_TABLES_SIZE_BYTES
    if (!sound || !equalBytes(footerDigest(footer), name.digest)) {
      throw new CorruptObjectError(`${key} is not the index file that the root record names`, { data: { key } })
    }
    const tables = await readRange(whole ?? storage, key, footerStart - tablesSize, footerStart)
    assertTail(hasher, key, encodeIndexHeader(), tables, footer)
    return new IndexFile(storage, hasher, cache, name, tables, { packs, pages, records }, whole)
  }

  /** All places of a block, none if this index does not know it. Answers at once if the page is in memory. */
  find(digest: Uint8Array): MaybePromise<readonly IndexRecord[]> {
    const page = this.#pageFor(digest)
    if (page < 0) return []
    const kept = this.#kept(page)
    if (kept !== undefined) return this.#findIn(kept, page, digest)
    return this.#loadOnce(page).then(async (bytes) => {
      const found = await this.#findIn(bytes, page, digest)
      await this.#wasRead(page, bytes, found.length > 0)
      return found
    })
  }

  /** The pack of one place of a block, undefined if this index does not know it: `find` for those who ask of every file whether its content is there. */
  packOf(digest: Uint8Array): MaybePromise<IndexedPack | undefined> {
    const page = this.#pageFor(digest)
    if (page < 0) return undefined
    const kept = this.#kept(page)
    if (kept !== undefined) return this.#packIn(kept, digest)
    return this.#loadOnce(page).then(async (bytes) => {
      const pack = this.#packIn(bytes, digest)
      await this.#wasRead(page, bytes, pack !== undefined)
      return pack
    })
  }

  /** Views of all records in order, a page at a time. */
  async *pages(): AsyncGenerator<Uint8Array> {
    for (let page = 0; page < this.#pages; page++) yield await this.#load(page)
  }

  /** Checks the bytes that look-ups never touch. @throws CorruptObjectError */
  async verify(): Promise<void> {
    const header = await readRange(this.#storage, this.#key, 0, FILE_HEADER_SIZE_BYTES)
    if (!equalBytes(header, encodeIndexHeader())) {
      throw new CorruptObjectError(`${this.#key} is damaged: its header is not that of an index file`, { data: { key: this.#key } })
    }
    for (let page = 0; page < this.#pages; page++) await this.#load(page)
  }

  /** The page that has a block if any has: the last whose first digest is not greater. -1 if none has it. */
  #pageFor(digest: Uint8Array): number {
    if (this.#filter?.excludes(digest) === true) return -1
    let page = digestAtOrAfter(this.#pageTable, this.#pages, PAGE_TABLE_ROW_SIZE_BYTES, digest)
    // Copies of one block may fill pages.
    while (page < this.#pages && compareDigestAt(this.#pageTable, page * PAGE_TABLE_ROW_SIZE_BYTES, digest) === 0) page++
    return page - 1
  }

  #packIn(bytes: Uint8Array, digest: Uint8Array): IndexedPack | undefined {
    const count = bytes.length / RECORD_SIZE_BYTES
    const row = digestAtOrAfter(bytes, count, RECORD_SIZE_BYTES, digest)
    if (row === count || compareDigestAt(bytes, row * RECORD_SIZE_BYTES, digest) !== 0) return undefined
    return this.pack(this.#possible(decodeRecord(bytes, row * RECORD_SIZE_BYTES)).pack)
  }

  #findIn(bytes: Uint8Array, page: number, digest: Uint8Array): MaybePromise<readonly IndexRecord[]> {
    const low = digestAtOrAfter(bytes, bytes.length / RECORD_SIZE_BYTES, RECORD_SIZE_BYTES, digest)
    const found: IndexRecord[] = []
    for (let at = low * RECORD_SIZE_BYTES; at < bytes.length && compareDigestAt(bytes, at, digest) === 0; at += RECORD_SIZE_BYTES) {
      found.push(this.#possible(decodeRecord(bytes, at)))
    }
    // Copies of one block may straddle two pages; the search ends in the later one.
    if (low > 0 || page === 0 || found.length === 0) return found
    const before = this.#kept(page - 1)
    if (before !== undefined) return [...this.#trailing(before, digest), ...found]
    return this.#load(page - 1).then((bytes) => {
      this.#keep(page - 1, bytes)
      return [...this.#trailing(bytes, digest), ...found]
    })
  }

  /** Records of `digest` at the end of a page. */
  #trailing(bytes: Uint8Array, digest: Uint8Array): IndexRecord[] {
    const found: IndexRecord[] = []
    for (let at = bytes.length - RECORD_SIZE_BYTES; at >= 0 && compareDigestAt(bytes, at, digest) === 0; at -= RECORD_SIZE_BYTES) found.unshift(this.#possible(decodeRecord(bytes, at)))
    return found
  }

  /** The record, unless it leads to where no block can be. */
  #possible(record: IndexRecord): IndexRecord {
    if (isPossible(record, this.pack(record.pack))) return record
    throw new CorruptObjectError(`${this.#key} describes a block that cannot be`, { data: { key: this.#key, record } })
  }

  #kept(page: number): Uint8Array | undefined {
    return this.#cache.get(this.#pageName(page))
  }

  #keep(page: number, bytes: Uint8Array): void {
    this.#cache.set(this.#pageName(page), bytes)
  }

  async #wasRead(page: number, bytes: Uint8Array, isOfUse: boolean): Promise<void> {
    if (isOfUse || this.#isUnfilterable) return this.#keep(page, bytes)
    const isSmall = this.#pages <= KEPT_PAGES
    if (isSmall) this.#keep(page, bytes)
    if (++this.#vainReads !== (isSmall ? Math.max(MIN_VAIN_READS, this.#pages + 1) : Math.ceil(this.#pages / VAIN_SHARE))) return
    const filter = new AbsenceFilter(this.records)
    try {
      for await (const page of this.pages()) for (let at = 0; at < page.length; at += RECORD_SIZE_BYTES) filter.add(page, at)
      this.#filter = filter
    } catch {
      // What is wrong with a page is told to those who need it.
      this.#isUnfilterable = true
    }
  }

  #pageName(page: number): string {
    return (this.#pageNames[page] ??= `${this.#key}/${page}`)
  }

  #loadOnce(page: number): Promise<Uint8Array> {
    const loading = this.#loading.get(page) ?? this.#load(page, this.#whole).finally(() => this.#loading.delete(page))
    this.#loading.set(page, loading)
    return loading
  }

  async #load(page: number, from: Pick<Storage, 'get'> = this.#storage): Promise<Uint8Array> {
    const start = FILE_HEADER_SIZE_BYTES + page * PAGE_SIZE_BYTES
    const end = Math.min(start + PAGE_SIZE_BYTES, FILE_HEADER_SIZE_BYTES + this.records * RECORD_SIZE_BYTES)
    const bytes = await readRange(from, this.#key, start, end)
    const row = page * PAGE_TABLE_ROW_SIZE_BYTES
    if (!equalBytes(this.#hasher.digest(bytes), this.#pageTable.subarray(row + 32, row + 64))) {
      throw new CorruptObjectError(`${this.#key} is damaged: page ${page} does not match its checksum`, { data: { key: this.#key, page } })
    }
    return bytes
  }
}

function inMemory(bytes: Uint8Array): Pick<Storage, 'get'> {
  return { get: async (_key, { range = { start: 0, end: bytes.length } } = {}) => bytes.subarray(range.start, range.end) }
}

/** A record decides how much is read: nothing that no writer makes may get that far. */
function isPossible(record: IndexRecord, pack: IndexedPack | undefined): boolean {
  const end = record.offset + BLOCK_HEADER_SIZE_BYTES + record.storedSize
  return pack !== undefined && record.storedSize <= record.size && record.size <= MAX_BLOCK_SIZE_BYTES && end <= pack.size
}

/** A range that must be there in full: an object that the root record names and storage lacks is damage, not absence. */
async function readRange(storage: Pick<Storage, 'get'>, key: string, start: number, end: number): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    bytes = await storage.get(key, { range: { start, end } })
  } catch (cause) {
    if (!(cause instanceof NotFoundError)) throw cause
    throw new CorruptObjectError(`${key} is missing, though the root record names it`, { cause, data: { key } })
  }
  if (bytes.length !== end - start) throw new CorruptObjectError(`${key} is truncated: bytes ${start} to ${end} are not all there`, { data: { key } })
  return bytes
}
