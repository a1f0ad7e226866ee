import { toHex } from '../../bytes.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import { decodeDeltaPayload } from '../../codec/delta-payload.ts'
import { CorruptObjectError, MalformedDataError } from '../../errors.ts'
import { DigestTable } from '../digest-table.ts'
import { BLOCK_HEADER_SIZE_BYTES, packKey } from '../pack-format.ts'
import { readStored } from '../read-block.ts'
import type { BlockRepository } from '../repository.ts'
import { indexedBlocks } from './pack-usage.ts'

/** Live blocks that are stored as a delta against something that goes, and the packs, by the hex of their ids, that hold them. */
export interface OrphanedDeltas {
  readonly digests: DigestTable
  readonly packs: ReadonlySet<string>
}

/** Reads each live delta's payload, which names its bases. @throws CorruptObjectError if one cannot be made out */
export async function findOrphanedDeltas(repository: BlockRepository, live: DigestTable, signal?: AbortSignal): Promise<OrphanedDeltas> {
  const digests = new DigestTable()
  const packs = new Set<string>()
  for await (const { digest, location } of indexedBlocks(repository.indexes, signal)) {
    if (location.codec !== DELTA_CODEC || live.rowOf(digest) < 0) continue
    const stored = await readStored(repository.storage, location)
    if (basesOf(stored.subarray(BLOCK_HEADER_SIZE_BYTES), location.size, packKey(location.pack.id)).every((base) => live.rowOf(base) >= 0)) continue
    digests.add(digest)
    packs.add(toHex(location.pack.id))
  }
  return { digests, packs }
}

function basesOf(payload: Uint8Array, size: number, key: string): readonly Uint8Array[] {
  try {
    return decodeDeltaPayload(payload, size).bases
  } catch (cause) {
    if (!(cause instanceof MalformedDataError)) throw cause
    throw new CorruptObjectError(`Nothing was removed, because ${key} is damaged: ${cause.message}`, { cause, data: { key }, hint: 'Run `varve repair`, then collect garbage.' })
  }
}
