import { type CID, cidFromDigest, DAG_CBOR_CODE } from '../../cid/cid.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import { CorruptBlockError } from '../../errors.ts'
import type { BlockRepository } from '../../repository/index.ts'
import { BLOCK_HEADER_SIZE_BYTES, decodeBlockHeader, packKey } from '../../repository/pack-format.ts'
import { openStoredBlock } from '../../repository/read-block.ts'

/** What is read for one node: some twenty of those that were written after it, which are those that come after it in its tree. */
const READ_SIZE_BYTES: number = 256 * 1024

export interface ReadBlock {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/**
 * A tree node and those that lie behind it, by one read: whoever goes along a tree asks for them next. Each is hashed; what is none, or not sound, ends it.
 * @returns the node itself first; nothing if it cannot be read in this way
 */
export async function readAround(blocks: BlockRepository, cid: CID): Promise<readonly ReadBlock[]> {
  const { storage, platform, hasher, indexes } = blocks
  const location = await indexes.findOne(cid.multihash.digest)
  if (location === undefined || location.pack.kind !== 'metadata' || location.codec === DELTA_CODEC) return []
  const { pack, offset } = location
  const bytes = await storage.get(packKey(pack.id), { range: { start: offset, end: Math.min(pack.size, offset + READ_SIZE_BYTES) } })
  const found: ReadBlock[] = []
  for (let at = 0; ; ) {
    const header = decodeBlockHeader(bytes, at)
    if (header === undefined || header.code !== DAG_CBOR_CODE || header.codec === DELTA_CODEC) return startingWith(cid, found)
    const end = at + BLOCK_HEADER_SIZE_BYTES + header.storedSize
    if (end > bytes.length) return startingWith(cid, found)
    const name = cidFromDigest(hasher, DAG_CBOR_CODE, header.digest.slice())
    try {
      found.push({ cid: name, bytes: openStoredBlock(platform, hasher, name, { ...header, pack, offset: offset + at }, bytes.subarray(at, end)) })
    } catch (error) {
      if (error instanceof CorruptBlockError) return startingWith(cid, found)
      throw error
    }
    at = end
  }
}

function startingWith(cid: CID, found: readonly ReadBlock[]): readonly ReadBlock[] {
  return found[0]?.cid.equals(cid) === true ? found : []
}
