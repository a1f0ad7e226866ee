import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Repository } from '../../dataset/repository.ts'
import { BlockCache } from '../../node/block-cache/block-cache.ts'
import { LazyBlocks } from './lazy-blocks.ts'

/**
 * The cache on this machine of what a repository reads from remotes: its bound, and what is in it. It may be removed at any time; nothing is lost with it. Of a repository with a lazy remote it is
 * the one in use, which is closed with the repository; close any other.
 *
 * @example
 * const cache = await openCache(repository)
 * await cache.limit(10 * 1024 ** 3)
 */
export async function openCache({ blocks, workFolder }: Repository): Promise<BlockCache> {
  const place = await blocks.elsewhere()
  if (place instanceof LazyBlocks) return place.cache
  return new BlockCache(join(workFolder ?? join(tmpdir(), 'varve', 'cache'), 'blocks'), blocks.platform, blocks.hasher)
}
