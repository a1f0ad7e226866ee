import type { CID } from '../../cid/cid.ts'
import { ReachedBlocks } from '../../repository/reached-blocks.ts'
import type { Rank } from './ranks.ts'

/** Blocks that wait to be read, by rank. Each is taken once, however often it is added. Memory: some 40 bytes for each that was ever added. */
export class Frontier {
  readonly #seen = new ReachedBlocks()
  readonly #waiting = new Map<Rank, Map<string, CID>>()

  /** True if the block was added before. */
  has(cid: CID): boolean {
    return this.#seen.has(cid)
  }

  /** False if it was added before. */
  add(cid: CID, rank: Rank): boolean {
    if (!this.#seen.add(cid)) return false
    let waiting = this.#waiting.get(rank)
    if (waiting === undefined) this.#waiting.set(rank, (waiting = new Map()))
    waiting.set(cid.toString(), cid)
    return true
  }

  /** Marks what is not to be read, such as file content. False if it was there. */
  mark(cid: CID): boolean {
    return this.#seen.add(cid)
  }

  /** The highest rank at which something waits. */
  get highest(): Rank | undefined {
    let highest: Rank | undefined
    for (const [rank, waiting] of this.#waiting) {
      if (waiting.size === 0) this.#waiting.delete(rank)
      else if (highest === undefined || rank > highest) highest = rank
    }
    return highest
  }

  /** Takes at most `count` of the blocks that wait at a rank. */
  take(rank: Rank, count: number): CID[] {
    const waiting = this.#waiting.get(rank)
    if (waiting === undefined) return []
    const taken: CID[] = []
    for (const [name, cid] of waiting) {
      if (taken.length === count) break
      taken.push(cid)
      waiting.delete(name)
    }
    return taken
  }
}
