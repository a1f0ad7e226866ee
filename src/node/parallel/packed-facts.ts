import type { EntryFacts } from '../folder-calls.ts'

/** Numbers that describe a file: device, inode, mode, size, modification and change time in ns. */
export const FACTS_A_FILE = 6

/** Facts of many files as they travel between threads. */
export function packFacts(files: readonly EntryFacts[]): BigInt64Array {
  const packed = new BigInt64Array(files.length * FACTS_A_FILE)
  files.forEach((facts, index) => setFacts(packed, index, facts))
  return packed
}

/** Writes those of the file with this index. */
export function setFacts(packed: BigInt64Array, index: number, { dev, ino, mode, size, mtimeNs, ctimeNs }: EntryFacts): void {
  const at = index * FACTS_A_FILE
  packed[at] = dev
  packed[at + 1] = ino
  packed[at + 2] = mode
  packed[at + 3] = size
  packed[at + 4] = mtimeNs
  packed[at + 5] = ctimeNs
}

/** Those of the file with this index: a view. */
export function factsAt(packed: BigInt64Array, index: number): EntryFacts {
  return new PackedFacts(packed, index * FACTS_A_FILE)
}

/** Makes a number only when it is asked for: of a file that has not changed hardly any is, and to make six for each would cost more than to compare them. */
class PackedFacts implements EntryFacts {
  readonly #packed: BigInt64Array
  readonly #at: number

  constructor(packed: BigInt64Array, at: number) {
    this.#packed = packed
    this.#at = at
  }

  get dev(): bigint {
    return BigInt.asUintN(64, this.#packed[this.#at] as bigint)
  }

  get ino(): bigint {
    return BigInt.asUintN(64, this.#packed[this.#at + 1] as bigint)
  }

  get mode(): bigint {
    return this.#packed[this.#at + 2] as bigint
  }

  get size(): bigint {
    return this.#packed[this.#at + 3] as bigint
  }

  get mtimeNs(): bigint {
    return this.#packed[this.#at + 4] as bigint
  }

  get ctimeNs(): bigint {
    return this.#packed[this.#at + 5] as bigint
  }
}
