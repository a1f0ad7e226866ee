const BITS_A_DIGEST = 16
/** With 16 bits a digest, one in a thousand that are not in the set passes for one that may be: `(1 - e^(-6/16))^6`. A digest has bytes for eight. */
const PROBES = 6

/**
 * Says of most digests that are not in a set that they are not, and never of one that is: a Bloom filter (Burton H. Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970).
 * Digests are uniform, so their own bytes serve as its hashes. Takes 2 bytes a digest.
 */
export class AbsenceFilter {
  readonly #words: Uint32Array
  readonly #bits: number

  /** @param count how many digests will be added */
  constructor(count: number) {
    this.#words = new Uint32Array(Math.ceil((count * BITS_A_DIGEST) / 32) + 1)
    this.#bits = this.#words.length * 32
  }

  /** Adds the digest at `offset` of `bytes`. */
  add(bytes: Uint8Array, offset: number): void {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.#bit(bytes, offset, probe)
      this.#words[bit >>> 5] = (this.#words[bit >>> 5] as number) | (1 << (bit & 31))
    }
  }

  /** True if the digest was certainly not added. */
  excludes(digest: Uint8Array): boolean {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.#bit(digest, 0, probe)
      if (((this.#words[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return true
    }
    return false
  }

  #bit(bytes: Uint8Array, offset: number, probe: number): number {
    const at = offset + probe * 4
    return (((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0) % this.#bits
  }
}
