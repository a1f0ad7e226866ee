import type { BlockRepository } from '../repository/index.ts'

/** What caches on this machine must be of, to be believed: another repository, or one with other cuts, has others. */
export function cacheIdentity({ config: { id, hash, chunker } }: Pick<BlockRepository, 'config'>): string {
  return `${id} ${hash} ${chunker}`
}
