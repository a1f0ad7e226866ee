import { MalformedDataError } from '../errors.ts'
import { BackwardBits, type FseTable, fseTable, readFseTable, singleSymbolTable } from './zstd-fse.ts'

/** Tables of the blocks before, which a block may use again. */
export interface SequenceTables {
  literals?: FseTable
  offsets?: FseTable
  matches?: FseTable
}

interface Kind {
  readonly name: keyof SequenceTables
  readonly maxSymbol: number
  readonly maxAccuracy: number
  readonly standard: FseTable
}

/** Base value and number of further bits of each code (RFC 8878, section 3.1.1.3.2.1.1). */
const LITERAL_BITS: readonly number[] = [...Array<number>(16).fill(0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
const MATCH_BITS: readonly number[] = [...Array<number>(32).fill(0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
const LITERAL_BASES: readonly number[] = [...Array.from({ length: 16 }, (_, code) => code), 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
const MATCH_BASES: readonly number[] = [...Array.from({ length: 32 }, (_, code) => code + 3), 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539]

const STANDARD_LITERALS = fseTable([4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1], 6)
const STANDARD_OFFSETS = fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5)
const STANDARD_MATCHES = fseTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array<number>(37).fill(1), -1, -1, -1, -1, -1, -1, -1], 6)

const KINDS: readonly Kind[] = [
  { name: 'literals', maxSymbol: 35, maxAccuracy: 9, standard: STANDARD_LITERALS },
  { name: 'offsets', maxSymbol: 31, maxAccuracy: 8, standard: STANDARD_OFFSETS },
  { name: 'matches', maxSymbol: 52, maxAccuracy: 9, standard: STANDARD_MATCHES },
]

/**
 * Bytes that the sequences of a block copy from what came before. Stops as soon as they are more than `limit`.
 * @param section the block from the end of its literals on
 * @throws MalformedDataError if they use more literals or bits than there are
 */
export function sequencesSize(section: Uint8Array, literals: number, limit: number, tables: SequenceTables): number {
  const [first = 0, second = 0, third = 0] = section
  if (first === 0) return ends(section.length === 1, 0)
  let at = first < 128 ? 1 : first < 255 ? 2 : 3
  const count = first < 128 ? first : first < 255 ? ((first - 128) << 8) | second : second + (third << 8) + 0x7f00
  const modes = section[at++] ?? 0xff
  if ((modes & 3) !== 0) throw unsound()
  for (const [index, kind] of KINDS.entries()) {
    const read = readTable(section, at, (modes >> (6 - 2 * index)) & 3, kind, tables[kind.name])
    tables[kind.name] = read.table
    at = read.end
  }
  const { literals: byLiterals, offsets, matches } = tables
  if (byLiterals === undefined || offsets === undefined || matches === undefined) throw unsound()
  const bits = new BackwardBits(section.subarray(at))
  let literalState = bits.read(byLiterals.accuracy)
  let offsetState = bits.read(offsets.accuracy)
  let matchState = bits.read(matches.accuracy)
  let used = 0
  let copied = 0
  for (let left = count; left > 0; left--) {
    const literalCode = byLiterals.symbols[literalState] as number
    const matchCode = matches.symbols[matchState] as number
    bits.skip(offsets.symbols[offsetState] as number)
    copied += (MATCH_BASES[matchCode] as number) + bits.read(MATCH_BITS[matchCode] as number)
    used += (LITERAL_BASES[literalCode] as number) + bits.read(LITERAL_BITS[literalCode] as number)
    if (used > literals || copied > limit) throw unsound()
    if (left === 1) break
    literalState = (byLiterals.bases[literalState] as number) + bits.read(byLiterals.bits[literalState] as number)
    matchState = (matches.bases[matchState] as number) + bits.read(matches.bits[matchState] as number)
    offsetState = (offsets.bases[offsetState] as number) + bits.read(offsets.bits[offsetState] as number)
  }
  return ends(bits.left === 0, copied)
}

function readTable(section: Uint8Array, at: number, mode: number, { maxSymbol, maxAccuracy, standard }: Kind, before: FseTable | undefined): { table: FseTable; end: number } {
  if (mode === 0) return { table: standard, end: at }
  if (mode === 2) return readFseTable(section, at, maxSymbol, maxAccuracy)
  if (mode === 3) {
    if (before === undefined) throw unsound()
    return { table: before, end: at }
  }
  const symbol = section[at]
  if (symbol === undefined || symbol > maxSymbol) throw unsound()
  return { table: singleSymbolTable(symbol), end: at + 1 }
}

function ends(isEnd: boolean, copied: number): number {
  if (!isEnd) throw unsound()
  return copied
}

function unsound(): MalformedDataError {
  return new MalformedDataError('A Zstandard frame cannot be decompressed: the sequences of a block are not sound')
}
