/** Of a key, and of what each iteration keeps back as the key of the next. */
export const KEY_LENGTH_BYTES = 32

const KEY_WORDS = KEY_LENGTH_BYTES / 4
const BLOCK_WORDS = 16
/** Blocks whose words alternate in the output. */
const INTERLACED_BLOCKS = 4
/** Blocks that one key makes. */
const ITERATION_BLOCKS = 16
const ITERATION_WORDS = ITERATION_BLOCKS * BLOCK_WORDS
const DOUBLE_ROUNDS = 4
/** "expand 32-byte k" */
const CONSTANTS: readonly number[] = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]

/** The output of ChaCha8Rand (https://c2sp.org/chacha8rand) as words of 32 bits, the low half of each 64 bits first. */
export class ChaCha8Words {
  readonly #output = new Uint32Array(ITERATION_WORDS)
  readonly #key = new Uint32Array(KEY_WORDS)
  readonly #block = new Uint32Array(BLOCK_WORDS)
  #next = 0

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, key.length)
    for (let index = 0; index < KEY_WORDS; index++) this.#key[index] = view.getUint32(index * 4, true)
    this.#iterate()
  }

  next(): number {
    if (this.#next === ITERATION_WORDS - KEY_WORDS) {
      this.#key.set(this.#output.subarray(ITERATION_WORDS - KEY_WORDS))
      this.#iterate()
    }
    return this.#output[this.#next++] as number
  }

  #iterate(): void {
    for (let counter = 0; counter < ITERATION_BLOCKS; counter++) this.#makeBlock(counter)
    this.#next = 0
  }

  #makeBlock(counter: number): void {
    const block = this.#block
    block.fill(0)
    block.set(CONSTANTS)
    block.set(this.#key, CONSTANTS.length)
    block[12] = counter
    for (let round = 0; round < DOUBLE_ROUNDS; round++) {
      quarterRound(block, 0, 4, 8, 12)
      quarterRound(block, 1, 5, 9, 13)
      quarterRound(block, 2, 6, 10, 14)
      quarterRound(block, 3, 7, 11, 15)
      quarterRound(block, 0, 5, 10, 15)
      quarterRound(block, 1, 6, 11, 12)
      quarterRound(block, 2, 7, 8, 13)
      quarterRound(block, 3, 4, 9, 14)
    }
    // Of the state of before only the key is added: the rest is no secret.
    for (let index = 0; index < KEY_WORDS; index++) block[CONSTANTS.length + index] = (block[CONSTANTS.length + index] as number) + (this.#key[index] as number)
    const place = counter % INTERLACED_BLOCKS
    const start = (counter - place) * BLOCK_WORDS + place
    for (let index = 0; index < BLOCK_WORDS; index++) this.#output[start + index * INTERLACED_BLOCKS] = block[index] as number
  }
}

/** RFC 8439, section 2.1. */
function quarterRound(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  let xa = x[a] as number
  let xb = x[b] as number
  let xc = x[c] as number
  let xd = x[d] as number
  xa = (xa + xb) | 0
  xd = rotate(xd ^ xa, 16)
  xc = (xc + xd) | 0
  xb = rotate(xb ^ xc, 12)
  xa = (xa + xb) | 0
  xd = rotate(xd ^ xa, 8)
  xc = (xc + xd) | 0
  xb = rotate(xb ^ xc, 7)
  x[a] = xa
  x[b] = xb
  x[c] = xc
  x[d] = xd
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
