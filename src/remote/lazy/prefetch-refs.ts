import { concatBytes } from '../../bytes.ts'
import { NotFoundError } from '../../errors.ts'
import { DigestTable } from '../../repository/digest-table.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { CidText, OperationOptions } from '../../types.ts'
import { keeping, prefetchInto } from './prefetch.ts'

/** Files that were fetched ahead, and their bytes; a file that several refs have at the same path counts once. */
export interface PrefetchedRefs {
  readonly files: number
  readonly bytes: number
}

/**
 * Fetches ahead what matches in each of several datasets.
 * @param refs their names, and their snapshots
 * @param paths globs or paths
 * @throws NotFoundError if nothing matches in any; InvalidArgumentError or StorageError if the cache did not keep all of it
 */
export async function prefetchRefs(blocks: BlockRepository, refs: readonly { readonly ref: string; readonly after: CidText }[], paths: readonly string[], options: OperationOptions): Promise<PrefetchedRefs> {
  const names = refs.map(({ ref }) => ref).join(', ')
  const sum = { files: 0, bytes: 0 }
  const counted = new DigestTable()
  let isMatched = false
  await keeping(blocks, `What matches ${paths.join(', ')} in ${names}`, async (lazy) => {
    for (const snapshot of new Set(refs.map(({ after }) => after))) {
      try {
        await prefetchInto(blocks, snapshot, lazy, {
          ...options, paths,
          onFile: (path, { multihash: { digest } }, size) => {
            if (!counted.add(blocks.hasher.digest(concatBytes([digest, path])))) return
            sum.files++
            sum.bytes += size
          },
        })
        isMatched = true
      } catch (error) {
        if (!(error instanceof NotFoundError) || error.data['paths'] !== paths) throw error
      }
    }
  })
  if (!isMatched && refs.length > 0) throw new NotFoundError(`Nothing in ${names} matches ${paths.join(', ')}`, { data: { refs: refs.map(({ ref }) => ref), paths }, hint: '`varve ls <ref>` lists what there is.' })
  return sum
}
