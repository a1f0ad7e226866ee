import { MalformedDataError } from '../errors.ts'

/** A decoding table of finite state entropy (RFC 8878, section 4.1): for each state a symbol, and how the next state is found. */
export interface FseTable {
  readonly accuracy: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
  readonly bases: Uint16Array
}

/** The table of a distribution; -1 stands for a probability below one. Its parts add up to 2^accuracy. */
export function fseTable(distribution: readonly number[], accuracy: number): FseTable {
  const size = 1 << accuracy
  const [symbols, bits, bases] = [new Uint8Array(size), new Uint8Array(size), new Uint16Array(size)]
  let high = size
  for (const [symbol, probability] of distribution.entries()) if (probability === -1) symbols[--high] = symbol
  const step = (size >> 1) + (size >> 3) + 3
  let place = 0
  for (const [symbol, probability] of distribution.entries()) {
    for (let count = 0; count < probability; count++) {
      symbols[place] = symbol
      do place = (place + step) & (size - 1)
      while (place >= high)
    }
  }
  const next = distribution.map((probability) => (probability === -1 ? 1 : probability))
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number
    const number = next[symbol] as number
    next[symbol] = number + 1
    const width = accuracy - (31 - Math.clz32(number))
    bits[state] = width
    bases[state] = (number << width) - size
  }
  return { accuracy, symbols, bits, bases }
}

/** A table with one state, that always gives the same symbol. */
export function singleSymbolTable(symbol: number): FseTable {
  return { accuracy: 0, symbols: Uint8Array.of(symbol), bits: Uint8Array.of(0), bases: Uint16Array.of(0) }
}

/** Reads a table (RFC 8878, section 4.1.1). @throws MalformedDataError if it is not one */
export function readFseTable(bytes: Uint8Array, start: number, maxSymbol: number, maxAccuracy: number): { table: FseTable; end: number } {
  let at = start * 8
  const peek = (count: number): number => {
    const byte = at >> 3
    const three = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16)
    return (three >> (at & 7)) & ((1 << count) - 1)
  }
  const accuracy = peek(4) + 5
  at += 4
  if (accuracy > maxAccuracy) throw unsound()
  const distribution: number[] = []
  for (let left = 1 << accuracy; left > 0; ) {
    if (distribution.length > maxSymbol) throw unsound()
    // Numbers from 0 to left + 1; the lower ones take a bit less.
    const width = 32 - Math.clz32(left + 1)
    const lower = (1 << (width - 1)) - 1
    const threshold = (1 << width) - 1 - (left + 1)
    let value = peek(width)
    if ((value & lower) < threshold) {
      value &= lower
      at += width - 1
    } else {
      if (value > lower) value -= threshold
      at += width
    }
    const probability = value - 1
    distribution.push(probability)
    left -= Math.abs(probability)
    if (probability !== 0) continue
    for (let repeat = 3; repeat === 3; ) {
      repeat = peek(2)
      at += 2
      for (let count = 0; count < repeat; count++) distribution.push(0)
      if (distribution.length > maxSymbol + 1) throw unsound()
    }
  }
  const end = (at + 7) >> 3
  if (end > bytes.length) throw unsound()
  return { table: fseTable(distribution, accuracy), end }
}

/** Bits that are read from the end of the bytes on; the highest bit that is set marks where they begin. */
export class BackwardBits {
  /** Bits that are still to be read. */
  left: number
  readonly #bytes: Uint8Array

  /** @throws MalformedDataError if no bit is set in the last byte */
  constructor(bytes: Uint8Array) {
    const last = bytes.at(-1) ?? 0
    if (last === 0) throw unsound()
    this.#bytes = bytes
    this.left = bytes.length * 8 - 8 + (31 - Math.clz32(last))
  }

  /** @throws MalformedDataError if there are not so many */
  skip(count: number): void {
    this.left -= count
    if (this.left < 0) throw unsound()
  }

  /** A number of up to 16 bits. @throws MalformedDataError if there are not so many */
  read(count: number): number {
    this.skip(count)
    const byte = this.left >> 3
    const three = (this.#bytes[byte] ?? 0) | ((this.#bytes[byte + 1] ?? 0) << 8) | ((this.#bytes[byte + 2] ?? 0) << 16)
    return (three >> (this.left & 7)) & ((1 << count) - 1)
  }
}

function unsound(): MalformedDataError {
  return new MalformedDataError('A Zstandard frame cannot be decompressed: a table or a run of bits in it is not sound')
}
