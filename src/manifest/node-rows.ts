import { compareBytes, equalBytes } from '../bytes.ts'
import type { CborInput } from '../codec/cbor-decoder.ts'

interface Row {
  readonly key: Uint8Array
}

/** The rows of a node as its block has them. */
export interface EncodedRows {
  readonly bytes: Uint8Array
  /** Where the first row begins, and where each ends. */
  readonly bounds: readonly number[]
}

/**
 * Reads the rows of a node, taking over those that the node beside it in another tree has as well: a row is the same if its bytes and the key before it are. Most
 * of a comparison is reading nodes of which a row or two differ.
 *
 * @param readRow reads one row at `input.at`
 * @param bounds is filled
 */
export function readRows<R extends Row>(input: CborInput, count: number, readRow: (previous: Uint8Array | undefined) => R, bounds: number[] | undefined, twin: TwinRows<R> | undefined): R[] {
  const rows: R[] = []
  let previous: Uint8Array | undefined
  bounds?.push(input.at)
  for (let index = 0; index < count; index++) {
    let row = twin?.take(input, previous)
    if (row === undefined) {
      row = readRow(previous)
      twin?.passTo(row.key)
    }
    rows.push(row)
    bounds?.push(input.at)
    previous = row.key
  }
  return rows
}

/** A place in the rows of another node, which moves on with the keys that are read. */
export class TwinRows<R extends Row> {
  readonly #rows: readonly R[]
  readonly #encoded: EncodedRows
  #next = 0

  constructor(rows: readonly R[], encoded: EncodedRows) {
    this.#rows = rows
    this.#encoded = encoded
  }

  /** The row at `input.at`, if it is the next one here; the input then stands behind it. */
  take(input: CborInput, previous: Uint8Array | undefined): R | undefined {
    const row = this.#rows[this.#next]
    if (row === undefined) return undefined
    const before = this.#rows[this.#next - 1]?.key
    if (before === undefined || previous === undefined ? before !== previous : !equalBytes(before, previous)) return undefined
    const { bytes, bounds } = this.#encoded
    const start = bounds[this.#next] as number
    const length = (bounds[this.#next + 1] as number) - start
    // Beyond the end of the input there is undefined, which no byte equals.
    for (let index = 0; index < length; index++) if (bytes[start + index] !== input.bytes[input.at + index]) return undefined
    input.at += length
    this.#next++
    return row
  }

  passTo(key: Uint8Array): void {
    for (let row = this.#rows[this.#next]; row !== undefined && compareBytes(row.key, key) <= 0; row = this.#rows[this.#next]) this.#next++
  }
}
