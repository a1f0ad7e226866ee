import { concatBytes } from '../bytes.ts'
import { DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import type { Hasher } from '../cid/interface.ts'
import type { AnyIterable } from '../types.ts'
import {
  encodeIndexHeader, PACK_TABLE_ROW_SIZE_BYTES, PAGE_SIZE_BYTES, PAGE_TABLE_ROW_SIZE_BYTES, RECORD_SIZE_BYTES, type IndexedPack,
} from './index-format.ts'
import { packKindByte } from './pack-format.ts'
import { encodeFooter, footerDigest } from './tail.ts'

/** What is known of an index file once its last byte was produced. */
export interface WrittenIndex {
  readonly size: number
  readonly digest: Uint8Array
}

/**
 * Produces an index file from records in index order, of which any number may come at once, a page at a time: memory is 64 bytes for each 1,024 records.
 * `onEnd` is told size and digest just before the last part is handed out.
 */
export async function* encodeIndex(
  hasher: Hasher, packs: readonly IndexedPack[], records: AnyIterable<Uint8Array>, onEnd: (written: WrittenIndex) => void,
): AsyncGenerator<Uint8Array> {
  const fileHeader = encodeIndexHeader()
  yield fileHeader
  const pageRows: Uint8Array[] = []
  let page = new Uint8Array(PAGE_SIZE_BYTES)
  let used = 0
  let count = 0
  const closePage = (): Uint8Array => {
    const whole = page.subarray(0, used)
    pageRows.push(concatBytes([whole.subarray(0, DIGEST_SIZE_BYTES), hasher.digest(whole)]))
    // Whoever stores the parts may still hold the last page.
    page = new Uint8Array(PAGE_SIZE_BYTES)
    used = 0
    return whole
  }
  for await (const run of records) {
    count += run.length / RECORD_SIZE_BYTES
    for (let at = 0; at < run.length; ) {
      const part = run.subarray(at, at + PAGE_SIZE_BYTES - used)
      page.set(part, used)
      used += part.length
      at += part.length
      if (used === PAGE_SIZE_BYTES) yield closePage()
    }
  }
  if (used > 0) yield closePage()

  const tables = [encodePackTable(packs), concatBytes(pageRows)]
  const counts = new Uint8Array(16)
  const view = new DataView(counts.buffer)
  view.setUint32(0, packs.length, true)
  view.setUint32(4, pageRows.length, true)
  view.setBigUint64(8, BigInt(count), true)
  const footer = encodeFooter(hasher, fileHeader, tables, counts)
  const size = fileHeader.length + count * RECORD_SIZE_BYTES + packs.length * PACK_TABLE_ROW_SIZE_BYTES + pageRows.length * PAGE_TABLE_ROW_SIZE_BYTES + footer.length
  onEnd({ size, digest: footerDigest(footer) })
  yield* tables
  yield footer
}

function encodePackTable(packs: readonly IndexedPack[]): Uint8Array {
  const table = new Uint8Array(packs.length * PACK_TABLE_ROW_SIZE_BYTES)
  const view = new DataView(table.buffer)
  packs.forEach((pack, number) => {
    const at = number * PACK_TABLE_ROW_SIZE_BYTES
    table.set(pack.id, at)
    view.setBigUint64(at + 16, BigInt(pack.size), true)
    view.setUint8(at + 24, packKindByte(pack.kind))
  })
  return table
}
