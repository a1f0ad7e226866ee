import { equalBytes, toHex } from '../bytes.ts'
import { compareRecords, decodeRecord, encodeRecord, RECORD_SIZE_BYTES, type IndexedPack } from './index-format.ts'
import { DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import type { IndexFile } from './index-file.ts'

/** A commit that would leave more index files than this merges some: a cold look-up reads one page of each. */
const MAX_INDEX_FILES = 16
const FILES_AFTER_MERGE = 8

/**
 * Which files to merge: the smallest, and with them any that is not larger than all of those together. Every record is then rewritten a
 * number of times that grows with the logarithm of the repository.
 */
export function chooseForMerge(files: readonly IndexFile[]): readonly IndexFile[] {
  if (files.length <= MAX_INDEX_FILES) return []
  const bySize = [...files].sort((a, b) => a.records - b.records)
  let count = files.length - FILES_AFTER_MERGE + 1
  let records = bySize.slice(0, count).reduce((sum, file) => sum + file.records, 0)
  for (let next = bySize[count]; next !== undefined && next.records <= records; next = bySize[count]) {
    records += next.records
    count++
  }
  return bySize.slice(0, count)
}

/**
 * The packs of all files, and their records in index order with the pack numbers of that joint table. Packs that are not wanted are left out with
 * their records. Holds one page of each file.
 */
export function mergedRecords(files: readonly IndexFile[], wants: (pack: IndexedPack) => boolean = () => true): { packs: readonly IndexedPack[]; records: AsyncIterable<Uint8Array> } {
  const packs: IndexedPack[] = []
  const numberOf = new Map<string, number>()
  const runs = files.map((file) => {
    const numbers = file.packs.map((pack) => {
      if (!wants(pack)) return undefined
      const id = toHex(pack.id)
      const known = numberOf.get(id)
      if (known !== undefined) return known
      numberOf.set(id, packs.length)
      return packs.push(pack) - 1
    })
    return renumbered(file, numbers)
  })
  return { packs, records: merge(runs) }
}

async function* renumbered(file: IndexFile, numbers: readonly (number | undefined)[]): AsyncGenerator<Uint8Array[]> {
  for await (const page of file.pages()) {
    const records: Uint8Array[] = []
    for (let at = 0; at < page.length; at += RECORD_SIZE_BYTES) {
      const copy = new Uint8Array(page.subarray(at, at + RECORD_SIZE_BYTES))
      const record = decodeRecord(copy, 0)
      const pack = numbers[record.pack]
      if (pack === undefined) continue
      encodeRecord(copy.subarray(0, DIGEST_SIZE_BYTES), { ...record, pack }, copy, 0)
      records.push(copy)
    }
    // Other numbers can turn the order of two copies of one block round.
    records.sort(compareRecords)
    if (records.length > 0) yield records
  }
}

interface Run {
  readonly pages: AsyncGenerator<Uint8Array[]>
  page: readonly Uint8Array[]
  next: number
}

async function* merge(sources: readonly AsyncGenerator<Uint8Array[]>[]): AsyncGenerator<Uint8Array> {
  const runs: Run[] = sources.map((pages) => ({ pages, page: [], next: 0 }))
  let last: Uint8Array | undefined
  for (;;) {
    let smallest: { run: Run; record: Uint8Array } | undefined
    for (const run of runs) {
      if (run.next === run.page.length) await refill(run)
      const record = run.page[run.next]
      if (record !== undefined && (smallest === undefined || compareRecords(record, smallest.record) < 0)) smallest = { run, record }
    }
    if (smallest === undefined) return
    smallest.run.next++
    if (last === undefined || !equalBytes(last, smallest.record)) yield smallest.record
    last = smallest.record
  }
}

async function refill(run: Run): Promise<void> {
  const { value, done } = await run.pages.next()
  run.page = done === true ? [] : value
  run.next = 0
}
