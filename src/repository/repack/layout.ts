import type { BaseCost, ReadBound } from './read-cost.ts'

const INITIAL_ROWS = 1024

/** What it will cost to read each block whose place is settled, by its number: 10 bytes a block. */
export class Layout {
  readonly bound: ReadBound
  #sizes: Uint32Array = new Uint32Array(INITIAL_ROWS)
  #unpacks: Float32Array = new Float32Array(INITIAL_ROWS)
  /** One more than the depth; 0 for a block that is not settled, or can be no base. */
  #depths: Uint8Array = new Uint8Array(INITIAL_ROWS)

  constructor(bound: ReadBound) {
    this.bound = bound
  }

  settle(row: number, size: number, unpack: number, depth: number): void {
    if (row >= this.#sizes.length) this.#grow(row)
    this.#sizes[row] = size
    this.#unpacks[row] = unpack
    this.#depths[row] = depth + 1
  }

  isSettled(row: number): boolean {
    return row >= 0 && (this.#depths[row] ?? 0) > 0
  }

  mayBeBase(row: number): boolean {
    return this.isSettled(row) && this.bound.allowsBase(this.cost(row), this.depth(row))
  }

  cost(row: number): BaseCost {
    return { size: this.#sizes[row] ?? 0, unpack: this.#unpacks[row] ?? 0 }
  }

  depth(row: number): number {
    return (this.#depths[row] ?? 0) - 1
  }

  #grow(row: number): void {
    const length = Math.max(row + 1, this.#sizes.length * 2)
    const sizes = new Uint32Array(length)
    sizes.set(this.#sizes)
    this.#sizes = sizes
    const unpacks = new Float32Array(length)
    unpacks.set(this.#unpacks)
    this.#unpacks = unpacks
    const depths = new Uint8Array(length)
    depths.set(this.#depths)
    this.#depths = depths
  }
}
