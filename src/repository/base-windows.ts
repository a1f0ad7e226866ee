import { toHex } from '../bytes.ts'
import type { Storage } from '../storage/interface.ts'
import { BaseCache } from './base-cache.ts'
import type { BlockLocation } from './index-set.ts'
import { packKey } from './pack-format.ts'
import { readStored, storedLength } from './read-block.ts'

/** Read at once. The deltas of one version of a file are a few KiB each and lie side by side: a request for each would cost more than undoing it. */
const WINDOW_SIZE_BYTES: number = 64 * 1024
const CACHE_SIZE_BYTES: number = 2 * 1024 * 1024

interface Window {
  readonly start: number
  readonly bytes: Uint8Array
}

/** Reads what deltas are made from, and what lies behind it. Keeps for each pack what it read last. */
export class BaseWindows {
  readonly #storage: Pick<Storage, 'get'>
  readonly #windows = new BaseCache<Window>(CACHE_SIZE_BYTES, ({ bytes }) => [bytes])

  constructor(storage: Pick<Storage, 'get'>) {
    this.#storage = storage
  }

  /** The header and payload of a block, in an array of their own; unchecked. With `anew`, as they are in storage now. */
  async read(location: BlockLocation, anew: boolean): Promise<Uint8Array> {
    const length = storedLength(location)
    if (length > WINDOW_SIZE_BYTES / 2) return readStored(this.#storage, location)
    const name = toHex(location.pack.id)
    const known = anew ? undefined : this.#windows.get(name)
    if (known !== undefined && location.offset >= known.start && location.offset + length <= known.start + known.bytes.length) return part(known, location.offset, length)
    const start = location.offset
    const end = Math.max(start + length, Math.min(start + WINDOW_SIZE_BYTES, location.pack.size))
    const window = { start, bytes: await this.#storage.get(packKey(location.pack.id), { range: { start, end } }) }
    this.#windows.set(name, window)
    return part(window, start, length)
  }
}

function part({ start, bytes }: Window, offset: number, length: number): Uint8Array {
  return bytes.slice(offset - start, offset - start + length)
}
