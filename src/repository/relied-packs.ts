import { CorruptObjectError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import type { IndexedPack } from './index-format.ts'
import { packKey } from './pack-format.ts'

/**
 * Looks whether packs are there with the size that the index says. A pack that an index names may have been lost all the same; to rely on one costs a look, once
 * for those that `checked` takes note of.
 * @throws CorruptObjectError naming the first that is not
 */
export async function assertPacksThere(storage: Pick<Storage, 'stat'>, packs: Iterable<IndexedPack>, checked: Set<string>): Promise<void> {
  for (const pack of packs) {
    const key = packKey(pack.id)
    if (checked.has(key)) continue
    const size = (await storage.stat(key))?.size
    if (size !== pack.size) {
      throw new CorruptObjectError(`${key} is ${size === undefined ? 'missing' : 'truncated'}, and data to be committed is in it`, { data: { key, size, expected: pack.size } })
    }
    checked.add(key)
  }
}
