import { toHex } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import { VarveError } from '../../errors.ts'
import { placed } from '../../node/block-cache/block-cache.ts'
import { PlaceTable } from '../../node/block-cache/place-table.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { IndexedPack } from '../../repository/index-format.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import { encodePackHeader } from '../../repository/pack-format.ts'
import { headersIn, readTrailerRows } from '../../repository/pack-reader.ts'
import type { Storage } from '../../storage/interface.ts'
import { inParallel } from '../transfer/in-parallel.ts'

/** Blocks that are looked up in the index before anything is known of where the others are. */
const FIRST_ROUND = 2
/** Blocks whose places are remembered; some 70 bytes each. */
const MOST_PLACES = 400_000
/** The end of a pack that is read at once: the trailer of most packs of content is in it. */
const TAIL_SIZE_BYTES: number = 16 * 1024

/**
 * Where blocks of a repository on a network are. An index is sorted by digest, so that the blocks of one folder are anywhere in it, and each costs a page. They were written together: once two are known to be in one pack, its
 * trailer says where all its others are. What is wrong with a trailer only costs pages.
 */
export class BlockPlaces {
  readonly #blocks: BlockRepository
  readonly #places = new PlaceTable()
  readonly #packs: IndexedPack[] = []
  /** How many blocks of a pack were looked for; infinite once its trailer was read. */
  readonly #hits = new Map<string, number>()

  constructor(blocks: BlockRepository) {
    this.#blocks = blocks
  }

  /** The places of blocks, in their order; undefined for one that is not there. */
  async locate(cids: readonly CID[]): Promise<(BlockLocation | undefined)[]> {
    const found = cids.map((cid) => this.#known(cid))
    let unknown = [...cids.keys()].filter((at) => found[at] === undefined)
    for (let round = FIRST_ROUND; unknown.length > 0; round *= 2) {
      const looked = unknown.splice(0, round)
      await inParallel(looked, undefined, async (at) => {
        found[at] = await this.#blocks.indexes.findOne((cids[at] as CID).multihash.digest)
      })
      if (unknown.length === 0) break
      await inParallel(this.#worthReading(looked.map((at) => found[at])), undefined, (pack) => this.#readTrailer(pack))
      for (const at of unknown) found[at] = this.#known(cids[at] as CID)
      unknown = unknown.filter((at) => found[at] === undefined)
    }
    return found
  }

  #known({ multihash: { digest } }: CID): BlockLocation | undefined {
    const place = this.#places.find(digest)
    const pack = place === undefined ? undefined : this.#packs[place.pack]
    // Garbage collection may have moved it.
    return place === undefined || pack === undefined || !this.#blocks.indexes.hasPack(pack.id) ? undefined : { ...place, pack }
  }

  /** Packs that two of the blocks are in, or one of them and one of before. */
  #worthReading(locations: readonly (BlockLocation | undefined)[]): readonly IndexedPack[] {
    const worth: IndexedPack[] = []
    for (const location of locations) {
      if (location === undefined) continue
      const name = toHex(location.pack.id)
      const hits = (this.#hits.get(name) ?? 0) + 1
      this.#hits.set(name, hits)
      if (hits < 2 || hits === Number.POSITIVE_INFINITY) continue
      this.#hits.set(name, Number.POSITIVE_INFINITY)
      worth.push(location.pack)
    }
    return worth
  }

  async #readTrailer(pack: IndexedPack): Promise<void> {
    if (this.#places.count > MOST_PLACES) this.#forget()
    try {
      const rows = await readTrailerRows(tailFirst(this.#blocks.storage, pack), this.#blocks.hasher, pack)
      const number = this.#packs.push(pack) - 1
      for (const [offset, header] of placed(headersIn(rows))) this.#places.set(header.digest, { ...header, offset, pack: number })
    } catch (error) {
      if (!(error instanceof VarveError)) throw error
    }
  }

  #forget(): void {
    this.#places.clear()
    this.#packs.length = 0
    this.#hits.clear()
  }
}

/** The same pack by fewer reads: its end is read once, and the header that all packs of its kind have, which the trailer's hash covers, is known. */
function tailFirst(storage: Storage, pack: IndexedPack): Pick<Storage, 'get'> {
  const start = Math.max(0, pack.size - TAIL_SIZE_BYTES)
  let tail: Promise<Uint8Array> | undefined
  return {
    async get(key, options = {}) {
      const { range } = options
      if (range?.start === 0) return encodePackHeader(pack.kind).subarray(0, range.end)
      if (range === undefined || range.start < start) return storage.get(key, options)
      tail ??= storage.get(key, { range: { start, end: pack.size } })
      return (await tail).slice(range.start - start, range.end - start)
    },
  }
}
