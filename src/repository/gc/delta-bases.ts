import { toHex } from '../../bytes.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import { decodeDeltaPayload } from '../../codec/delta-payload.ts'
import { CorruptObjectError, MalformedDataError } from '../../errors.ts'
import { DigestTable } from '../digest-table.ts'
import type { BlockLocation } from '../index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES, packKey } from '../pack-format.ts'
import { readStored } from '../read-block.ts'
import type { BlockRepository } from '../repository.ts'

/**
 * What deltas are made from. A pack never changes, so that what was read of one holds in every later state of the repository, and a collection that is overtaken by a commit
 * reads only the payloads that the commit brought. Some 60 bytes a delta.
 */
export class DeltaBases {
  readonly #digests = new DigestTable()
  /** By the hex of a pack's id and a block's offset: the first of its numbers in `#rows`, and behind that how many there are. */
  readonly #places = new Map<string, Map<number, number>>()
  #rows: Uint32Array = new Uint32Array(1024)
  #used = 0

  /** The digests are views. Reads the payload the first time. @throws CorruptObjectError if that cannot be made out */
  async of({ storage }: Pick<BlockRepository, 'storage'>, location: BlockLocation): Promise<readonly Uint8Array[]> {
    if (location.codec !== DELTA_CODEC) return []
    const pack = toHex(location.pack.id)
    const known = this.#places.get(pack)?.get(location.offset)
    if (known !== undefined) return this.#at(known)
    const stored = await readStored(storage, location)
    const bases = basesOf(stored.subarray(BLOCK_HEADER_SIZE_BYTES), location.size, packKey(location.pack.id))
    return this.#at(this.#keep(pack, location.offset, bases))
  }

  #at(start: number): readonly Uint8Array[] {
    return Array.from({ length: this.#rows[start] as number }, (_, base) => this.#digests.digest(this.#rows[start + 1 + base] as number))
  }

  #keep(pack: string, offset: number, bases: readonly Uint8Array[]): number {
    const start = this.#used
    if (start + 1 + bases.length > this.#rows.length) {
      const rows = new Uint32Array(this.#rows.length * 2)
      rows.set(this.#rows)
      this.#rows = rows
    }
    this.#rows[this.#used++] = bases.length
    for (const base of bases) {
      this.#digests.add(base)
      this.#rows[this.#used++] = this.#digests.rowOf(base)
    }
    const places = this.#places.get(pack) ?? new Map<number, number>()
    this.#places.set(pack, places.set(offset, start))
    return start
  }
}

function basesOf(payload: Uint8Array, size: number, key: string): readonly Uint8Array[] {
  try {
    return decodeDeltaPayload(payload, size).bases
  } catch (cause) {
    if (!(cause instanceof MalformedDataError)) throw cause
    throw new CorruptObjectError(`Nothing was removed, because ${key} is damaged: ${cause.message}`, { cause, data: { key }, hint: 'Run `varve repair`, then collect garbage.' })
  }
}
