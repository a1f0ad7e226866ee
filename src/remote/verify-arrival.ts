import { cidFromDigest } from '../cid/cid.ts'
import { CorruptObjectError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { IndexedPack } from '../repository/index-format.ts'
import { BLOCK_HEADER_SIZE_BYTES, packKey } from '../repository/pack-format.ts'
import { readTrailer } from '../repository/pack-reader.ts'
import { readStored } from '../repository/read-block.ts'
import { FILE_HEADER_SIZE_BYTES } from '../repository/tail.ts'
import { inParallel } from './transfer/in-parallel.ts'

/** Blocks of each new pack that are read back and hashed, at most; after the first no more than this share of its bytes, so that a small push costs what it sends and not twice that. */
const SAMPLES_PER_PACK = 4
const SAMPLED_SHARE: number = 1 / 8

/** What was read back from the place that something was sent to. */
export interface Arrival {
  readonly packs: number
  readonly blocks: number
}

/**
 * Looks at what was sent: every pack must have the size that the index says and a sound trailer, and some blocks of each must hash to their names.
 * Reads some kilobytes a pack, and those blocks.
 * @throws CorruptObjectError, CorruptBlockError
 */
export async function assertArrived(remote: BlockRepository, packs: readonly IndexedPack[], signal: AbortSignal | undefined): Promise<Arrival> {
  let blocks = 0
  await inParallel(packs, signal, async (pack) => {
    const size = (await remote.storage.stat(packKey(pack.id)))?.size
    if (size !== pack.size) {
      throw new CorruptObjectError(`${packKey(pack.id)} has ${size === undefined ? 'vanished' : `${size} bytes, not ${pack.size}`} at ${remote.storage.location} after it was stored`, {
        data: { key: packKey(pack.id) }, hint: 'The storage lost what it had taken. Check it with `varve storage check`, then mend the remote: `varve repair --repo <url> --from <this repository>`.',
      })
    }
    // Added afterwards: several packs are looked at at once.
    const count = await sampled(remote, pack)
    blocks += count
  })
  return { packs: packs.length, blocks }
}

async function sampled(remote: BlockRepository, pack: IndexedPack): Promise<number> {
  const headers = await readTrailer(remote.storage, remote.hasher, pack)
  const picks = picked(headers, pack.size * SAMPLED_SHARE, remote.platform.randomBytes(4 * SAMPLES_PER_PACK))
  let offset = FILE_HEADER_SIZE_BYTES
  for (const [index, { code, digest, codec, size, storedSize }] of headers.entries()) {
    const location = { pack, offset, codec, size, storedSize }
    if (picks.has(index)) await remote.openBlock(cidFromDigest(remote.hasher, code, digest), location, await readStored(remote.storage, location))
    offset += BLOCK_HEADER_SIZE_BYTES + storedSize
  }
  return picks.size
}

/** The numbers of the blocks to read: one for every 4 random bytes, but only the first if the others are more than `mostBytes`. */
function picked(headers: readonly { readonly storedSize: number }[], mostBytes: number, random: Uint8Array): ReadonlySet<number> {
  const numbers = new DataView(random.slice().buffer)
  const picks = new Set<number>()
  let bytes = 0
  for (let at = 0; at < random.length; at += 4) {
    const index = numbers.getUint32(at) % headers.length
    bytes += headers[index]?.storedSize ?? 0
    if (picks.size === 0 || bytes <= mostBytes) picks.add(index)
  }
  return picks
}
