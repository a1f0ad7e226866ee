import { expect, test } from 'vitest'
import { concatBytes, equalBytes, toHex } from '../../src/bytes.ts'
import { portablePlatform } from '../../src/cid/portable-platform.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { IndexFile } from '../../src/repository/index-file.ts'
import { indexKey } from '../../src/repository/index-format.ts'
import { IndexSet } from '../../src/repository/index-set.ts'
import { decodeBlockHeader, encodeBlockHeader, packKey, type PackKind } from '../../src/repository/pack-format.ts'
import { readPack } from '../../src/repository/pack-reader.ts'
import { PageCache } from '../../src/repository/page-cache.ts'
import { openStoredBlock, storedLength } from '../../src/repository/read-block.ts'
import { encodeFooter, footerDigest } from '../../src/repository/tail.ts'
import { cidFromDigest } from '../../src/cid/cid.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { fuzz } from './fuzz.ts'
import { makeSample } from './samples.ts'

const hasher = nodePlatform.hasher('sha2-256')
const { objects } = await makeSample(false)
const below = (prefix: string): Uint8Array[] => [...objects].filter(([key]) => key.startsWith(prefix)).map(([, bytes]) => bytes)
const packs = below('packs/')
const indexes = below('index/')
const ID = Uint8Array.from({ length: 16 }, (_, index) => index)

/** A pack whose footer hashes what is there, wherever its trailer begins now. */
function mendedPack(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 80) return bytes
  const footerAt = bytes.length - 64
  const counts = bytes.slice(footerAt, footerAt + 16)
  const trailerAt = Math.max(16, footerAt - new DataView(counts.buffer).getUint32(0, true) * 48)
  return concatBytes([bytes.subarray(0, footerAt), encodeFooter(hasher, bytes.subarray(0, 16), [bytes.subarray(trailerAt, footerAt)], counts)])
}

/** An index file whose pages and tables hash to what is there. */
function mendedIndex(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  if (copy.length < 80) return copy
  const footerAt = copy.length - 64
  const counts = copy.slice(footerAt, footerAt + 16)
  const view = new DataView(counts.buffer)
  const [packCount, pageCount] = [view.getUint32(0, true), view.getUint32(4, true)]
  const tablesAt = footerAt - packCount * 32 - pageCount * 64
  if (tablesAt < 16) return copy
  for (let page = 0; page < Math.min(pageCount, 4); page++) {
    const start = 16 + page * 49_152
    const row = footerAt - (pageCount - page) * 64
    copy.set(hasher.digest(copy.subarray(start, Math.min(start + 49_152, tablesAt))), row + 32)
    copy.set(copy.subarray(start, Math.min(start + 32, tablesAt)), row)
  }
  copy.set(encodeFooter(hasher, copy.slice(0, 16), [copy.slice(tablesAt, footerAt)], counts), footerAt)
  return copy
}

test('block headers encode to the same bytes again', async () => {
  await fuzz({
    name: 'block headers', samples: packs.map((bytes) => bytes.slice(16, 64)), rounds: 1500,
    read(bytes) {
      const header = decodeBlockHeader(bytes, 0)
      if (header === undefined) return
      if (header.storedSize > header.size || header.size > 1024 * 1024) throw new Error('it reads what no block can be')
      const again = new Uint8Array(48)
      encodeBlockHeader(header, again, 0)
      if (!equalBytes(again, bytes.slice(0, 48))) throw new Error('it reads what it does not write')
    },
  })
})

test('packs are read or refused, and what is called sound hashes to its CID', async () => {
  let damaged = 0
  const report = await fuzz({
    name: 'packs', samples: packs, mend: mendedPack, rounds: 1000,
    async read(bytes, random) {
      const platform = random.pick([nodePlatform, portablePlatform])
      const kind: PackKind = random.pick(['data', 'metadata'])
      const pack = { id: ID, size: random.chance(0.9) ? bytes.length : random.pick([0, 63, 64, 2 ** 31, 2 ** 53]), kind }
      const storage = new MemoryStorage()
      await storage.put(packKey(ID), bytes)
      for await (const { header, offset, damage } of readPack(storage, platform, hasher, pack, async () => 'a delta')) {
        if (damage !== undefined) damaged++
        else {
          const location = { pack, offset, storedSize: header.storedSize, size: header.size, codec: header.codec }
          const stored = await storage.get(packKey(ID), { range: { start: offset, end: offset + storedLength(location) } })
          openStoredBlock(platform, hasher, cidFromDigest(hasher, header.code, header.digest), location, stored)
        }
      }
    },
  })
  if (report.rounds > 500) expect([damaged, report.read, report.refused].every((count) => count > 20)).toBe(true)
})

test('index files are read or refused, and lead to nothing that cannot be', async () => {
  const digests = indexes.flatMap((bytes) => [bytes.slice(16, 48), bytes.slice(64, 96), bytes.slice(16 + 48 * 5, 48 + 48 * 5)])
  const report = await fuzz({
    name: 'index files', samples: indexes, mend: mendedIndex, rounds: 1000,
    async read(bytes, random) {
      const storage = new MemoryStorage()
      await storage.put(indexKey(ID), bytes)
      const name = { id: ID, size: random.chance(0.9) ? bytes.length : random.pick([0, 64, 2 ** 31, 2 ** 53]), digest: footerDigest(bytes.subarray(Math.max(0, bytes.length - 64))) }
      const file = await IndexFile.open(storage, hasher, new PageCache(1024 * 1024), name)
      const set = new IndexSet([file])
      for (const digest of [...digests, random.bytes(32), new Uint8Array(32), new Uint8Array(32).fill(255)]) {
        for (const place of await set.find(digest)) {
          if (place.size > 1024 * 1024 || place.storedSize > place.size || place.offset + storedLength(place) > place.pack.size) throw new Error(`${toHex(digest)} is to be where it cannot be`)
        }
        file.hasPack(digest.subarray(0, 16))
      }
      for (const { id } of set.packs) if (!file.hasPack(id)) throw new Error('it does not know its own pack')
      await file.verify()
      for await (const page of file.pages()) void page
    },
  })
  if (report.rounds > 500) expect(Math.min(report.read, report.refused)).toBeGreaterThan(50)
})
