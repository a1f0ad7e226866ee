import { toHex } from '../bytes.ts'
import { CorruptObjectError } from '../errors.ts'
import { PACK_TABLE_ROW_SIZE_BYTES, type IndexedPack } from './index-format.ts'
import { PACK_ID_SIZE_BYTES, packKindFromByte } from './pack-format.ts'

const SIZE_OFFSET = 16
const KIND_OFFSET = 24
/** Slots for each pack, so that a chain of taken slots stays short. */
const SLOTS_PER_PACK = 2

/**
 * The packs of an index file, kept as the bytes of the file: a repository may have tens of thousands, of which a command touches few. A pack becomes an object when
 * it is first asked for, and is the same object from then on.
 */
export class PackTable {
  readonly count: number
  readonly #rows: Uint8Array
  readonly #view: DataView
  readonly #decoded = new Map<number, IndexedPack>()
  /** Open addressing: row number + 1 by the first bytes of the id, which are random; 0 is free. Made when an id is first looked for. */
  #slots: Uint32Array | undefined

  /**
   * @param key of the index file, for errors
   * @param rows of the pack table; kept, not copied
   * @throws CorruptObjectError if a pack is of unknown kind
   */
  constructor(key: string, rows: Uint8Array) {
    this.count = rows.length / PACK_TABLE_ROW_SIZE_BYTES
    this.#rows = rows
    this.#view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength)
    for (let at = 0; at < rows.length; at += PACK_TABLE_ROW_SIZE_BYTES) {
      if (packKindFromByte(rows[at + KIND_OFFSET] as number) !== undefined) continue
      throw new CorruptObjectError(`${key} lists a pack of unknown kind`, { data: { key, pack: toHex(rows.subarray(at, at + PACK_ID_SIZE_BYTES)) } })
    }
  }

  /** The pack in a row, or undefined if there is no such row. */
  at(row: number): IndexedPack | undefined {
    const known = this.#decoded.get(row)
    if (known !== undefined || row >= this.count) return known
    const start = row * PACK_TABLE_ROW_SIZE_BYTES
    const kind = packKindFromByte(this.#rows[start + KIND_OFFSET] as number)
    if (kind === undefined) return undefined
    const pack = { id: this.#rows.slice(start, start + PACK_ID_SIZE_BYTES), size: Number(this.#view.getBigUint64(start + SIZE_OFFSET, true)), kind }
    this.#decoded.set(row, pack)
    return pack
  }

  /** All packs, in the order of the table. */
  *[Symbol.iterator](): Generator<IndexedPack, void, undefined> {
    for (let row = 0; row < this.count; row++) {
      const pack = this.at(row)
      if (pack !== undefined) yield pack
    }
  }

  has(id: Uint8Array): boolean {
    if (this.count === 0 || id.length !== PACK_ID_SIZE_BYTES) return false
    this.#slots ??= this.#fillSlots()
    for (let slot = firstSlot(id, 0, this.#slots.length); ; slot = (slot + 1) % this.#slots.length) {
      const taken = this.#slots[slot] as number
      if (taken === 0) return false
      if (this.#isAt(taken - 1, id, 0)) return true
    }
  }

  #fillSlots(): Uint32Array {
    const slots = new Uint32Array(this.count * SLOTS_PER_PACK)
    for (let row = 0; row < this.count; row++) {
      const start = row * PACK_TABLE_ROW_SIZE_BYTES
      let slot = firstSlot(this.#rows, start, slots.length)
      while (slots[slot] !== 0) slot = (slot + 1) % slots.length
      slots[slot] = row + 1
    }
    return slots
  }

  #isAt(row: number, id: Uint8Array, start: number): boolean {
    const at = row * PACK_TABLE_ROW_SIZE_BYTES
    for (let index = 0; index < PACK_ID_SIZE_BYTES; index++) if (this.#rows[at + index] !== id[start + index]) return false
    return true
  }
}

function firstSlot(bytes: Uint8Array, at: number, slots: number): number {
  const hash = (bytes[at] as number) + (bytes[at + 1] as number) * 2 ** 8 + (bytes[at + 2] as number) * 2 ** 16 + (bytes[at + 3] as number) * 2 ** 24
  return hash % slots
}
