import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8 } from '../bytes.ts'
import { InvalidArgumentError } from '../errors.ts'
import { ChaCha8Words, KEY_LENGTH_BYTES } from './chacha8.ts'

/** A stream of random numbers that is decided by its key. */
export interface Random {
  /** 64 bits. */
  nextBigUint64(): bigint
  /** A multiple of 2^-53, at least 0 and below 1. */
  nextFloat(): number
  /** A whole number from 0 to `below` - 1, each as likely as the others; `below` is from 1 to 2^53 - 1. */
  nextInt(below: number): number
  /** The items in random order, in an array of their own (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[]
}

const SALT = utf8('varve/random/1')
const TWO_TO_53 = 2 ** 53

/**
 * The key of a stream: HKDF-SHA256 (RFC 5869) of the seed, for a step of work, a label within it and, where the step is done for each file by itself, the file's path.
 * Streams of different parts have nothing to do with each other, in whatever process and order they are made (FORMAT.md, section 11).
 * @returns 32 bytes
 */
export function labelledKey(seed: string, step: string, label: string, file?: string): Uint8Array {
  const parts = file === undefined ? [step, label] : [step, label, file]
  // Lengths, so that no two lists of parts look the same.
  const info = concatBytes(parts.map(utf8).flatMap((part) => [lengthOf(part), part]))
  return hkdf(sha256, utf8(seed), SALT, info, KEY_LENGTH_BYTES)
}

function lengthOf(part: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, part.length)
  return bytes
}

/**
 * The generator ChaCha8Rand (https://c2sp.org/chacha8rand), which is also ChaCha8 of Go's math/rand/v2. How numbers are made from its output: FORMAT.md, section 11.
 * @param key 32 bytes
 * @throws InvalidArgumentError for a key of another length, and `nextInt` for what is not a whole number from 1 to 2^53 - 1
 */
export function chacha8Random(key: Uint8Array): Random {
  if (key.length !== KEY_LENGTH_BYTES) throw new InvalidArgumentError(`A key has ${KEY_LENGTH_BYTES} bytes, not ${key.length}`)
  const words = new ChaCha8Words(key)

  function next53Bits(): number {
    const low = words.next()
    return words.next() * 0x200000 + (low >>> 11)
  }

  function nextInt(below: number): number {
    if (!Number.isSafeInteger(below) || below < 1) throw new InvalidArgumentError(`nextInt takes a whole number from 1 to 2^53 - 1, not ${below}`)
    // Only whole rounds of `below` numbers count, or the smaller ones would come up more often.
    const limit = TWO_TO_53 - (TWO_TO_53 % below)
    let value = next53Bits()
    while (value >= limit) value = next53Bits()
    return value % below
  }

  return {
    nextBigUint64() {
      const low = words.next()
      return (BigInt(words.next()) << 32n) | BigInt(low)
    },
    nextFloat: () => next53Bits() / TWO_TO_53,
    nextInt,
    shuffle<T>(items: readonly T[]) {
      const shuffled = [...items]
      for (let last = shuffled.length - 1; last > 0; last--) {
        const chosen = nextInt(last + 1)
        const item = shuffled[last] as T
        shuffled[last] = shuffled[chosen] as T
        shuffled[chosen] = item
      }
      return shuffled
    },
  }
}
