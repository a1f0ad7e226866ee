/**
 * xoshiro128** 1.1 of Blackman and Vigna (https://prng.di.unimi.it/xoshiro128starstar.c) on unsigned 32-bit integers, so that every engine makes the same
 * numbers. The state is filled from the seed by a 32-bit splitmix, as its authors advise.
 */
export class Random {
  #a
  #b
  #c
  #d

  /** @param {number} seed any 32-bit integer */
  constructor(seed) {
    let state = seed | 0
    const split = () => {
      state = (state + 0x9e3779b9) | 0
      let mixed = state ^ (state >>> 16)
      mixed = Math.imul(mixed, 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      return mixed ^ (mixed >>> 15)
    }
    this.#a = split()
    this.#b = split()
    this.#c = split()
    this.#d = split()
  }

  /**
   * Fills an array with numbers of 32 bits.
   * @template {Uint32Array} T
   * @param {T} numbers
   * @returns {T}
   */
  fillWords(numbers) {
    let a = this.#a
    let b = this.#b
    let c = this.#c
    let d = this.#d
    for (let index = 0; index < numbers.length; index++) {
      const times5 = Math.imul(b, 5)
      numbers[index] = Math.imul((times5 << 7) | (times5 >>> 25), 9)
      const shifted = b << 9
      c ^= a
      d ^= b
      b ^= c
      a ^= d
      c ^= shifted
      d = (d << 11) | (d >>> 21)
    }
    this.#a = a
    this.#b = b
    this.#c = c
    this.#d = d
    return numbers
  }

  #one = new Uint32Array(1)

  /** The next number, 0 to 2^32 - 1. */
  next() {
    return this.fillWords(this.#one)[0]
  }

  /**
   * A whole number from 0 to `limit - 1`. Exact integer arithmetic for limits up to 2^21.
   * @param {number} limit
   */
  below(limit) {
    return Math.floor((this.next() * limit) / 2 ** 32)
  }
}
