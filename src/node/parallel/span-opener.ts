import type { Hasher } from '../../cid/interface.ts'
import type { StartSpanOpener } from '../../repository/span-opener.ts'
import type { Storage } from '../../storage/interface.ts'

/** Less is read before threads have started. */
const OPEN_ALONE_BYTES: number = 64 * 1024 * 1024

/** Has the packs of a folder storage read by threads, where there is much to read and threads can be had. */
export function spanOpenerStarter(storage: Storage, hasher: Hasher): StartSpanOpener {
  return async (bytes) => {
    if (bytes < OPEN_ALONE_BYTES || hasher.name !== 'sha2-256' || typeof WebAssembly === 'undefined') return undefined
    const { ThreadedOpener } = await import('./threaded-opener.ts')
    try {
      return new ThreadedOpener(storage.location)
    } catch {
      // No thread, or no address space for their memory (ulimit): `get` does it too.
      return undefined
    }
  }
}
