import type { CID } from '../../cid/cid.ts'
import { InvalidArgumentError, StorageError } from '../../errors.ts'
import type { BlockCache } from '../../node/block-cache/block-cache.ts'
import { DigestTable } from '../../repository/digest-table.ts'

/** Blocks that reading elsewhere has handed out, each once: some 50 bytes each. */
export class HandedOut {
  readonly #digests = new DigestTable()
  readonly #sizes: number[] = []

  note({ multihash: { digest } }: CID, size: number): void {
    if (this.#digests.add(digest)) this.#sizes.push(size)
  }

  /**
   * Sees to it that all of them lie in the cache, so that they can be read again without the remote.
   * @param what was read, for people
   * @throws StorageError if the cache could not be written; InvalidArgumentError if it may not hold so much
   */
  async assertKept(cache: BlockCache, what: string): Promise<void> {
    const held = await cache.holder()
    let [absent, absentBytes, bytes] = [0, 0, 0]
    for (const [row, size] of this.#sizes.entries()) {
      bytes += size
      if (held(this.#digests.digest(row))) continue
      absent++
      absentBytes += size
    }
    if (absent === 0) return
    const { folder, limitBytes, failure } = cache
    const data = { what, folder, limitBytes, bytes, absent, absentBytes }
    const message = `${what} cannot be read without the remote: ${absent} of its blocks, ${absentBytes} of ${bytes} bytes, are not in the cache`
    if (failure !== undefined) {
      throw new StorageError(`${message}, since ${folder} cannot be written: ${failure.message}`, { cause: failure, data, hint: 'Make room there, or let it be written to, and run the same command again: what was written is kept.' })
    }
    throw new InvalidArgumentError(`${message}, which may hold ${limitBytes} bytes with lists of files and what its packs add`, { data, hint: 'Let the cache grow with `varve cache limit <size>` and run the same command again, name a part, or take all of it into the repository with `varve pull <ref>`.' })
  }
}
