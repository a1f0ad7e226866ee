import { gearTable } from './gear.ts'
import type { ChunkerProfile, Cutter } from './interface.ts'

const HASH_BITS = 64
const LOW_HALF = 0xffffffffn

/**
 * Cuts in plain JavaScript, for places where WebAssembly is not allowed. The same cuts as `WasmCutter`.
 *
 * JavaScript has no fast 64-bit integers, so only the low half of the rolling hash is kept. Where its masked bits are all 0, which happens
 * about once in 500 to 2,000 bytes, the high half is made from the bytes before: a byte leaves the hash after 64 shifts.
 */
export class PlainCutter implements Cutter {
  readonly profile: ChunkerProfile
  readonly memory: Uint8Array
  readonly #gearLow: Int32Array
  readonly #gearHigh: Int32Array

  constructor(profile: ChunkerProfile, windowSizeBytes: number, gear: Readonly<BigUint64Array> = gearTable()) {
    this.profile = profile
    this.memory = new Uint8Array(windowSizeBytes)
    this.#gearLow = Int32Array.from(gear, (value) => Number(value & LOW_HALF) | 0)
    this.#gearHigh = Int32Array.from(gear, (value) => Number(value >> 32n) | 0)
  }

  cut(offset: number, length: number): number {
    const { minSizeBytes, averageSizeBytes, maxSizeBytes, maskSmall, maskLarge } = this.profile
    if (length <= minSizeBytes) return length
    const end = Math.min(length, maxSizeBytes)
    // The paper's loop takes two bytes a turn, so an odd last byte is never tested.
    const searchEnd = offset + (end & ~1)
    const center = offset + (Math.min(length, averageSizeBytes) & ~1)
    const first = offset + minSizeBytes
    let found = this.#search(first, first, center, maskSmall)
    if (found === center) found = this.#search(first, center, searchEnd, maskLarge)
    return found === searchEnd ? end : found - offset
  }

  /** The first place in [at, end) where the hash of the bytes from `first` on has only zeros under the mask, or `end`. */
  #search(first: number, at: number, end: number, mask: bigint): number {
    const memory = this.memory
    const gear = this.#gearLow
    const maskLow = Number(mask & LOW_HALF) | 0
    const maskHigh = Number(mask >> 32n) | 0
    let low = 0
    for (let index = Math.max(first, at - HASH_BITS); index < at; index++) low = ((low << 1) + (gear[memory[index] as number] as number)) | 0
    for (let index = at; index < end; index++) {
      low = ((low << 1) + (gear[memory[index] as number] as number)) | 0
      if ((low & maskLow) === 0 && (this.#highHalf(first, index) & maskHigh) === 0) return index
    }
    return end
  }

  /** Bits 32 to 63 of the hash after the byte at `last`, where the first byte that counts is at `first`. */
  #highHalf(first: number, last: number): number {
    const { memory } = this
    let low = 0
    let high = 0
    for (let index = Math.max(first, last - HASH_BITS + 1); index <= last; index++) {
      const byte = memory[index] as number
      const carriedBit = low >>> 31
      const sum = ((low << 1) >>> 0) + ((this.#gearLow[byte] as number) >>> 0)
      low = sum | 0
      high = ((high << 1) + carriedBit + (this.#gearHigh[byte] as number) + (sum > 0xffffffff ? 1 : 0)) | 0
    }
    return high
  }
}
