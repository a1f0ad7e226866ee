import { DIGEST_SIZE_BYTES } from '../cid/cid.ts'

const INITIAL_SLOTS = 1024

/**
 * A set of digests that numbers its members in the order they came. Open addressing over typed arrays: 32 bytes and two 4-byte slots a
 * digest, nothing for the garbage collector to walk. Digests are uniform, so their first bytes serve as the hash.
 */
export class DigestTable {
  #digests: Uint8Array = new Uint8Array((INITIAL_SLOTS / 2) * DIGEST_SIZE_BYTES)
  #slots: Uint32Array = new Uint32Array(INITIAL_SLOTS)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** The number of a digest, or -1. */
  rowOf(digest: Uint8Array): number {
    return (this.#slots[this.#slotOf(digest)] as number) - 1
  }

  /** The digest of a number; a view. */
  digest(row: number): Uint8Array {
    return this.#digests.subarray(row * DIGEST_SIZE_BYTES, (row + 1) * DIGEST_SIZE_BYTES)
  }

  /** The first 4 bytes of the digest of a number, as a number that sorts as they do. */
  firstBytes(row: number): number {
    const [digests, at] = [this.#digests, row * DIGEST_SIZE_BYTES]
    return (((digests[at] as number) << 24) | ((digests[at + 1] as number) << 16) | ((digests[at + 2] as number) << 8) | (digests[at + 3] as number)) >>> 0
  }

  /** Adds a digest; false if it was there. */
  add(digest: Uint8Array): boolean {
    if ((this.#count + 1) * 2 > this.#slots.length) this.#grow()
    const slot = this.#slotOf(digest)
    if (this.#slots[slot] !== 0) return false
    this.#digests.set(digest, this.#count * DIGEST_SIZE_BYTES)
    this.#slots[slot] = ++this.#count
    return true
  }

  /** Forgets the members of which this is true. */
  drop(isToGo: (digest: Uint8Array) => boolean): void {
    const kept: Uint8Array[] = []
    for (let row = 0; row < this.#count; row++) if (!isToGo(this.digest(row))) kept.push(this.digest(row).slice())
    this.clear()
    for (const digest of kept) this.add(digest)
  }

  clear(): void {
    this.#slots.fill(0)
    this.#count = 0
  }

  #slotOf(digest: Uint8Array): number {
    const mask = this.#slots.length - 1
    for (let slot = hashAt(digest, 0) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] as number
      if (row === 0 || this.#holdsAt((row - 1) * DIGEST_SIZE_BYTES, digest)) return slot
    }
  }

  #holdsAt(at: number, digest: Uint8Array): boolean {
    for (let index = 0; index < DIGEST_SIZE_BYTES; index++) if (this.#digests[at + index] !== digest[index]) return false
    return true
  }

  #grow(): void {
    const digests = new Uint8Array(this.#digests.length * 2)
    digests.set(this.#digests)
    this.#digests = digests
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    // All are different: only a free slot is looked for.
    for (let row = 0; row < this.#count; row++) {
      let slot = hashAt(digests, row * DIGEST_SIZE_BYTES) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = row + 1
    }
    this.#slots = slots
  }
}

function hashAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
}
