import { concatBytes } from '../../src/bytes.ts'
import { mutateCbor } from './mutate-cbor.ts'
import type { Random } from './random.ts'

/** Numbers at which decoders go wrong: ends of ranges, and what lies beside them. */
const EDGES: readonly bigint[] = [0n, 1n, 2n, 16n, 23n, 24n, 31n, 32n, 48n, 64n, 127n, 128n, 255n, 256n, 4095n, 4096n, 4097n, 65535n, 65536n, 2n ** 20n, 2n ** 20n + 1n, 2n ** 24n - 1n]
  .concat([2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n])

/** What a mutation works with. */
export interface MutationOptions {
  /** The bytes hold dag-cbor: change heads and items as well as bytes. */
  readonly cbor?: boolean
}

type Mutation = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array

function at(random: Random, bytes: Uint8Array, change: (copy: Uint8Array, index: number) => void): Uint8Array {
  const copy = bytes.slice()
  if (copy.length > 0) change(copy, random.below(copy.length))
  return copy
}

/** A part of the bytes, more often short than long. */
function span(random: Random, length: number): { start: number; end: number } {
  const start = random.below(length + 1)
  return { start, end: start + random.below(Math.min(length - start, 2 ** random.below(16)) + 1) }
}

const MUTATIONS: readonly Mutation[] = [
  (random, bytes) => at(random, bytes, (copy, index) => (copy[index] = (copy[index] ?? 0) ^ (1 << random.below(8)))),
  (random, bytes) => at(random, bytes, (copy, index) => (copy[index] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]))),
  (random, bytes) => at(random, bytes, (copy, index) => (copy[index] = (copy[index] ?? 0) + (random.chance(0.5) ? 1 : -1))),
  (random, bytes) => bytes.slice(0, random.below(bytes.length + 1)),
  (random, bytes) => bytes.slice(random.chance(0.5) ? random.below(bytes.length + 1) : Math.min(bytes.length, random.below(17))),
  (random, bytes) => {
    const index = random.below(bytes.length + 1)
    return concatBytes([bytes.subarray(0, index), random.bytes(random.below(20)), bytes.subarray(index)])
  },
  // A part comes twice, is left out, or stands in another place.
  (random, bytes) => {
    const { start, end } = span(random, bytes.length)
    const index = random.below(bytes.length + 1)
    return concatBytes([bytes.subarray(0, index), bytes.subarray(start, end), bytes.subarray(index)])
  },
  (random, bytes) => {
    const { start, end } = span(random, bytes.length)
    return concatBytes([bytes.subarray(0, start), bytes.subarray(end)])
  },
  (random, bytes) => {
    const { start, end } = span(random, bytes.length)
    return at(random, bytes, (copy, index) => copy.set(bytes.subarray(start, Math.min(end, start + bytes.length - index)), index))
  },
  // The beginning of one sample and the end of another.
  (random, bytes, other) => concatBytes([bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1))]),
  (random, bytes, other) => {
    const { start, end } = span(random, other.length)
    const index = random.below(bytes.length + 1)
    return concatBytes([bytes.subarray(0, index), other.subarray(start, end), bytes.subarray(index + end - start)])
  },
  (random, bytes) => {
    const width = random.pick([1, 2, 4, 8] as const)
    if (bytes.length < width) return bytes.slice()
    const copy = bytes.slice()
    const number = BigInt.asUintN(width * 8, random.pick(EDGES))
    const little = random.chance(0.6)
    const start = random.chance(0.5) ? random.below(bytes.length - width + 1) : Math.floor(random.below(bytes.length - width + 1) / width) * width
    for (let index = 0; index < width; index++) copy[start + (little ? index : width - 1 - index)] = Number((number >> BigInt(index * 8)) & 0xffn)
    return copy
  },
]

/** A sample with one change in it, or up to six. The samples stay as they are. */
export function mutate(random: Random, samples: readonly Uint8Array[], options: MutationOptions = {}): Uint8Array {
  let bytes = random.pick(samples)
  const count = random.chance(0.5) ? 1 : 1 + random.below(6)
  for (let index = 0; index < count; index++) {
    const other = random.pick(samples)
    bytes = options.cbor === true && random.chance(0.6) ? mutateCbor(random, bytes, other) : random.pick(MUTATIONS)(random, bytes, other)
  }
  return bytes
}
