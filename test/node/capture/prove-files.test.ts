import { describe, expect, it } from 'vitest'
import { CID, cidText, RAW_CODE } from '../../../src/cid/cid.ts'
import { ChunkedContentStore } from '../../../src/dataset/content-store.ts'
import { storeEntries } from '../../../src/dataset/input-entries.ts'
import type { ByteText } from '../../../src/node/byte-text.ts'
import { proveFiles } from '../../../src/node/capture/prove-files.ts'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { MemoryBlocks } from '../../memory-blocks.ts'

const CHUNKER = 'fastcdc2020-64K-256K-1M'
const hasher = nodePlatform.hasher('sha2-256')

async function stored(): Promise<{ readonly blocks: MemoryBlocks; readonly root: CID }> {
  const blocks = new MemoryBlocks(hasher)
  const large = Uint8Array.from({ length: 3_000_000 }, (_, index) => Math.imul(index ^ (index >>> 7), 2_654_435_761) >>> 24)
  const { root } = await storeEntries(blocks, new ChunkedContentStore(blocks, undefined), [{ path: 'a.mjs', content: 'a' }, { path: 'large', content: large, executable: true }, { path: 'link', symlink: 'a.mjs' }, { path: 'none', directory: true }], { chunker: CHUNKER })
  return { blocks, root }
}

describe('the proof of stored code', () => {
  it('is that all of it, read back, makes the same manifest, and gives the ids of git', async () => {
    const { blocks, root } = await stored()
    const { isWhole, blobs } = await proveFiles({ get: (cid) => blocks.get(cid), hasher }, root, { chunker: CHUNKER })
    expect(isWhole).toBe(true)
    // What `git hash-object` says.
    expect(blobs.get('a.mjs' as ByteText)).toBe('2e65efe2a145dda7ee51d1741299f848e5bf752e')
    expect([...blobs.keys()]).toEqual(['a.mjs', 'large', 'link'])
  })

  it('fails if any chunk comes back as another, though the store does not notice', async () => {
    const { blocks, root } = await stored()
    const chunks = [...blocks.blocks.keys()].map((key) => CID.parse(key)).filter(({ code }) => code === RAW_CODE)
    expect(chunks.length).toBeGreaterThan(4)
    for (const wrong of chunks) {
      const get = (cid: CID): Uint8Array => {
        const bytes = blocks.get(cid).slice()
        if (cidText(cid) === cidText(wrong)) bytes[0] = (bytes[0] ?? 0) ^ 1
        return bytes
      }
      expect((await proveFiles({ get, hasher }, root, { chunker: CHUNKER })).isWhole).toBe(false)
      expect((await proveFiles({ get, hasher }, root, { chunker: CHUNKER, isNew: () => false })).isWhole).toBe(true)
    }
  })
})
