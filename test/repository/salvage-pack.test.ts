import { describe, expect, it } from 'vitest'
import { concatBytes, toHex, utf8 } from '../../src/bytes.ts'
import { RAW_CODE } from '../../src/cid/cid.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { encodeBlock } from '../../src/repository/encode-block.ts'
import { BLOCK_HEADER_SIZE_BYTES, encodeBlockHeader, packKey } from '../../src/repository/pack-format.ts'
import { PackWriter } from '../../src/repository/pack-writer.ts'
import { blocksByWalking } from '../../src/repository/repair/salvage-pack.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const hasher = nodePlatform.hasher('sha2-256')

function packed(contents: readonly Uint8Array[]): { readonly id: Uint8Array; readonly bytes: Uint8Array; readonly offsets: readonly number[]; readonly digests: readonly string[] } {
  const writer = new PackWriter(nodePlatform, hasher, 'data')
  const digests = contents.map((content) => hasher.digest(content))
  const offsets = contents.map((content, index) => {
    const digest = digests[index] as Uint8Array
    return writer.append(RAW_CODE, digest, content.length, encodeBlock(nodePlatform, hasher, digest, content, 'auto')).offset
  })
  const { id, parts } = writer.finish()
  return { id, bytes: concatBytes(parts), offsets, digests: digests.map(toHex) }
}

/** Digests of the blocks that are found usable, and of those that are reported damaged. */
async function walk(id: Uint8Array, bytes: Uint8Array): Promise<{ usable: Set<string>; damaged: Set<string> }> {
  const storage = new MemoryStorage()
  await storage.put(packKey(id), bytes)
  const [usable, damaged] = [new Set<string>(), new Set<string>()]
  for await (const { header, found } of blocksByWalking(storage, nodePlatform, hasher, { id, size: bytes.length })) (found.state === 'damaged' ? damaged : usable).add(toHex(header.digest))
  return { usable, damaged }
}

const contents = [randomBytes(5000, 1), utf8('compressible '.repeat(400)), randomBytes(70_000, 2), new Uint8Array(0), randomBytes(300, 3), utf8('v'.repeat(2000))]

describe('walking through a pack without its trailer', () => {
  it('finds every block', async () => {
    const { id, bytes, digests } = packed(contents)
    expect((await walk(id, bytes.slice(0, -70))).usable).toEqual(new Set(digests))
  })

  it('finds every block but the damaged one, wherever that is damaged, header or payload', async () => {
    const { id, bytes, offsets, digests } = packed(contents)
    for (const [index, offset] of offsets.entries()) {
      const size = new DataView(bytes.buffer, bytes.byteOffset + offset).getUint32(4, true)
      const places = [...Array(BLOCK_HEADER_SIZE_BYTES).keys(), ...(size > 0 ? [BLOCK_HEADER_SIZE_BYTES, BLOCK_HEADER_SIZE_BYTES + size - 1] : [])]
      for (const place of places) {
        const altered = bytes.slice(0, -70)
        altered[offset + place] = (altered[offset + place] as number) ^ 0x40
        const { usable } = await walk(id, altered)
        for (const other of digests.keys()) if (other !== index) expect(usable, `block ${other} after damage at byte ${place} of block ${index}`).toContain(digests[other])
        for (const digest of usable) expect(digests).toContain(digest)
        // The payload is as it was, and the hash says which codec it is in.
        if (place === 2 || place === 12) expect(usable).toContain(digests[index])
      }
    }
  })

  it('finds what stands behind a part that was cut out or overwritten', async () => {
    const { id, bytes, offsets, digests } = packed(contents)
    const [, second = 0, third = 0] = offsets
    const cut = concatBytes([bytes.slice(0, second + 20), bytes.slice(third)])
    expect((await walk(id, cut)).usable).toEqual(new Set(digests.filter((_, index) => index !== 1)))
    const overwritten = bytes.slice()
    overwritten.fill(0x76, second, third + 100)
    expect((await walk(id, overwritten)).usable).toEqual(new Set(digests.filter((_, index) => index !== 1 && index !== 2)))
  })

  it('says what it can of a block that the pack ends within', async () => {
    const { id, bytes, offsets, digests } = packed(contents)
    const { usable, damaged } = await walk(id, bytes.slice(0, (offsets[2] ?? 0) + 1000))
    expect([...usable]).toEqual(digests.slice(0, 2))
    expect([...damaged]).toEqual([digests[2]])
  })

  it('loses patience with headers that were made to cost time', async () => {
    // Each claims a block of a megabyte that it is not.
    const count = 40_000
    const bytes = new Uint8Array(16 + count * BLOCK_HEADER_SIZE_BYTES + 1024 * 1024)
    for (let index = 0; index < count; index++) {
      encodeBlockHeader({ codec: 0, code: RAW_CODE, storedSize: 1024 * 1024, size: 1024 * 1024, check: index, digest: randomBytes(32, index) }, bytes, 16 + index * BLOCK_HEADER_SIZE_BYTES)
    }
    const startedAt = performance.now()
    expect((await walk(randomBytes(16, 4), bytes)).usable.size).toBe(0)
    // All of it would be 40 GB.
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  }, 30_000)
})
