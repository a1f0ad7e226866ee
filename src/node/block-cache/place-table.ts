import { DigestTable } from '../../repository/digest-table.ts'

/** Where a cached block is: the number of its pack, and its place in it. */
export interface CachedPlace {
  readonly pack: number
  readonly offset: number
  readonly storedSize: number
  readonly size: number
  readonly codec: number
}

const FIELDS = 5
const NOWHERE = 0xffffffff

/** Places of cached blocks by digest; a later one takes the place of an earlier. Off the heap, some 70 bytes a block. */
export class PlaceTable {
  readonly #digests = new DigestTable()
  #fields: Uint32Array = new Uint32Array(512 * FIELDS)

  /** Digests that were ever set since it was cleared. */
  get count(): number {
    return this.#digests.count
  }

  find(digest: Uint8Array): CachedPlace | undefined {
    const row = this.#digests.rowOf(digest)
    const at = row * FIELDS
    if (row < 0 || this.#fields[at] === NOWHERE) return undefined
    const [pack, offset, storedSize, size, codec] = this.#fields.subarray(at, at + FIELDS)
    return { pack: pack as number, offset: offset as number, storedSize: storedSize as number, size: size as number, codec: codec as number }
  }

  set(digest: Uint8Array, { pack, offset, storedSize, size, codec }: CachedPlace): void {
    this.#digests.add(digest)
    const at = this.#digests.rowOf(digest) * FIELDS
    if (at + FIELDS > this.#fields.length) {
      const larger = new Uint32Array(this.#fields.length * 2)
      larger.set(this.#fields)
      this.#fields = larger
    }
    this.#fields.set([pack, offset, storedSize, size, codec], at)
  }

  /** The block is not where it was. */
  forget(digest: Uint8Array): void {
    const row = this.#digests.rowOf(digest)
    if (row >= 0) this.#fields[row * FIELDS] = NOWHERE
  }

  clear(): void {
    this.#digests.clear()
  }
}
