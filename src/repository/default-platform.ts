import type { Platform } from '../cid/interface.ts'

/** Loaded when it is needed: its hashing and compression take longer to load than all the rest, and on Node nobody uses them. */
export async function loadPortablePlatform(): Promise<Platform> {
  return (await import('../cid/portable-platform.ts')).portablePlatform
}
