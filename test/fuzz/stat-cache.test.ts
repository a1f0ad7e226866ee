import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { ByteText } from '../../src/node/byte-text.ts'
import { cacheHeader, encodeRecord, PAGE_HEADER_SIZE_BYTES, sealPage, type CacheRecord } from '../../src/node/stat-cache-format.ts'
import { StatCacheReader } from '../../src/node/stat-cache-reader.ts'
import { fuzz } from './fuzz.ts'
import { Random } from './random.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const IDENTITY = 'a repository'
const names = ['a', 'folder\0file', 'folder\0file2', 'x'.repeat(300), 'z'] as ByteText[]
const facts = { dev: 1n, ino: 7n, mode: 0o644n, size: 10n, mtimeNs: 5n, ctimeNs: 6n }
const digest = new Random(1).bytes(32)

function cacheOf(pages: readonly (readonly ByteText[])[]): Uint8Array {
  const parts: Buffer[] = [cacheHeader(IDENTITY)]
  for (const keys of pages) {
    const page = Buffer.alloc(4096)
    let [end, previous] = [PAGE_HEADER_SIZE_BYTES, '']
    for (const key of keys) {
      const record: CacheRecord = { key, codec: 0x55, hashCode: 0x12, size: facts.size, mtimeNs: facts.mtimeNs, ctimeNs: facts.ctimeNs, ino: facts.ino, digest }
      end = encodeRecord(page, end, record, previous)
      previous = key
    }
    sealPage(page, end)
    parts.push(page.subarray(0, end))
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** Every page with the hash of what is in it now. */
function resealed(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes)
  for (let at = 48; at + 48 <= copy.length; ) {
    const end = Math.min(copy.length, at + 48 + copy.readUInt32LE(at))
    copy.set(createHash('sha256').update(copy.subarray(at + 48, end)).digest(), at + 16)
    at = end
  }
  return new Uint8Array(copy)
}

test('a stat cache that is damaged or forged is no error, and gives nothing that cannot be', async () => {
  const path = join(folder, 'cache')
  let found = 0
  await fuzz({
    name: 'stat cache', samples: [cacheOf([names]), cacheOf([names.slice(0, 2), names.slice(2)]), cacheOf([])], mend: resealed, rounds: 1000, allows: () => false,
    read(bytes) {
      writeFileSync(path, bytes)
      const reader = new StatCacheReader(path, IDENTITY)
      try {
        for (const key of ['', ...names, 'zz'] as ByteText[]) {
          const content = reader.find(key, facts)
          if (content === undefined) continue
          found++
          if (content.size !== 10 || content.cid.bytes.length !== 36) throw new TypeError('it gives what it was not asked for')
        }
      } finally {
        reader.close()
      }
      if (readFileSync(path).length !== bytes.length) throw new TypeError('it writes')
    },
  })
  expect(found).toBeGreaterThan(0)
})
