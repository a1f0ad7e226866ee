import { toHex } from '../../bytes.ts'
import { IndexFile } from '../index-file.ts'
import { decodeRecord, type IndexedPack, type IndexName } from '../index-format.ts'
import { mergedRecords } from '../merge-indexes.ts'
import { packKey } from '../pack-format.ts'
import { PageCache } from '../page-cache.ts'
import type { SessionHost } from '../session-host.ts'
import { storeIndex } from '../store-index.ts'
import { type PackScan, placeOf } from './scan-packs.ts'

/**
 * One index file over all that a scan found sound in the packs that are wanted, and in those that it wrote. Holds a page of each of the scan's files.
 * @param unsound places of blocks that turned out not to be
 */
export async function buildIndex(host: SessionHost, scan: PackScan, wanted: readonly Uint8Array[], unsound: ReadonlySet<string>): Promise<IndexFile> {
  const ids = new Set(wanted.map(toHex))
  const wants = ({ id }: IndexedPack): boolean => !scan.missing.has(packKey(id)) && (ids.has(toHex(id)) || !scan.hasScanned(id))
  const { packs, records } = mergedRecords(scan.files.files, wants)
  const name: IndexName = await storeIndex(host, packs, sound(records, packs, unsound))
  return IndexFile.open(host.storage, host.hasher, new PageCache(), name)
}

async function* sound(records: AsyncIterable<Uint8Array>, packs: readonly IndexedPack[], unsound: ReadonlySet<string>): AsyncGenerator<Uint8Array> {
  for await (const record of records) {
    const { pack, offset } = decodeRecord(record, 0)
    const indexed = packs[pack]
    if (indexed !== undefined && !unsound.has(placeOf({ pack: indexed, offset }))) yield record
  }
}
