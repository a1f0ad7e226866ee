import { toHex } from '../../bytes.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import { decodeDeltaPayload } from '../../codec/delta-payload.ts'
import type { BlockLocation } from '../index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES } from '../pack-format.ts'
import { readStored } from '../read-block.ts'
import type { BlockRepository } from '../repository.ts'

const MAX_DEPTH = 64
/** Writers keep chains far shorter; beyond this somebody wishes harm, and the copy counts as one that does not stand. */
const MAX_READS = 4096

/**
 * Tells copies that can be read without any pack that goes. Of a block that is stored twice, one copy may be a delta against something that is itself a delta against
 * the other: to keep the wrong one would leave two deltas that lead to each other.
 */
export class StandingCopies {
  readonly #repository: BlockRepository
  readonly #going: ReadonlySet<string>
  /** Blocks, by the hex of their digests, of which a copy was found to stand. */
  readonly #standing = new Set<string>()

  constructor(repository: BlockRepository, going: ReadonlySet<string>) {
    this.#repository = repository
    this.#going = going
  }

  /** Reads the payloads of the chain, no more. The copy itself is in a pack that stays. @throws MalformedDataError for a payload that is none */
  async stands(location: BlockLocation, depth: number = MAX_DEPTH, reads: { left: number } = { left: MAX_READS }): Promise<boolean> {
    if (location.codec !== DELTA_CODEC) return true
    if (depth === 0 || reads.left-- <= 0) return false
    const stored = await readStored(this.#repository.storage, location)
    for (const base of decodeDeltaPayload(stored.subarray(BLOCK_HEADER_SIZE_BYTES), location.size).bases) if (!(await this.#hasStanding(base, depth - 1, reads))) return false
    return true
  }

  async #hasStanding(digest: Uint8Array, depth: number, reads: { left: number }): Promise<boolean> {
    const name = toHex(digest)
    if (this.#standing.has(name)) return true
    for (const location of await this.#repository.indexes.find(digest)) {
      if (this.#going.has(toHex(location.pack.id)) || !(await this.stands(location, depth, reads))) continue
      this.#standing.add(name)
      return true
    }
    return false
  }
}
