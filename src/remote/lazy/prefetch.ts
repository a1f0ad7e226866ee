import { type CID, cidText } from '../../cid/cid.ts'
import { checkoutSteps } from '../../dataset/checkout-steps.ts'
import type { Repository } from '../../dataset/repository.ts'
import { resolveRevision } from '../../dataset/revision.ts'
import { type Selection, selectEntries } from '../../dataset/select-entries.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { CidText, OperationOptions } from '../../types.ts'
import { newBlocks } from '../transfer/new-blocks.ts'
import type { RequestTally } from '../request-tally.ts'
import { HandedOut } from './handed-out.ts'
import { LazyBlocks } from './lazy-blocks.ts'

export interface PrefetchOptions extends OperationOptions {
  /** Globs (`train/**`, `*.csv`) or paths of files and folders; by default everything. */
  readonly paths?: readonly string[]
}

export interface PrefetchResult {
  readonly root: CidText
  /** Files of the part that was asked for, and their bytes. */
  readonly files: number
  readonly bytes: number
  /** Blocks that came from a remote, and their bytes; the others were here. */
  readonly fetchedBlocks: number
  readonly fetchedBytes: number
  readonly requests: RequestTally
}

/**
 * Reads a revision, or a part of it, so that it can be read afterwards without the remote that it was left at: its tree nodes and content go to the cache on this machine, and stay there as long as that has room for them. When it resolves, all of it is there.
 *
 * @param revision perhaps with a path, `mnist/raw:train`
 * @throws InvalidArgumentError if it is more than the cache may hold; NotFoundError if nothing matches; StorageError if the remote cannot be read, or the cache cannot be written
 *
 * @example
 * await prefetch(repository, 'mnist/raw:train')
 */
export async function prefetch(repository: Repository, revision: string, options: PrefetchOptions = {}): Promise<PrefetchResult> {
  return keeping(repository.blocks, revision, (lazy) => prefetchInto(repository.blocks, revision, lazy, options))
}

/**
 * Does something that reads what was left at remotes, then sees to it that all that it has read is in the cache.
 * @param what is read, for people
 * @throws InvalidArgumentError if it is more than the cache may hold; StorageError if the cache cannot be written
 */
export async function keeping<T>(blocks: BlockRepository, what: string, work: (lazy: LazyBlocks | undefined) => Promise<T>): Promise<T> {
  const place = await blocks.elsewhere()
  if (!(place instanceof LazyBlocks)) return work(undefined)
  const list = new HandedOut()
  const result = await place.noting(list, () => work(place))
  await list.assertKept(place.cache, what)
  return result
}

/**
 * Reads a revision, or a part of it, without a look at what became of it in the cache.
 * @param lazy where it was left, if anything was
 * @throws NotFoundError if nothing matches, with the `paths` that it was given in its data
 */
export async function prefetchInto(blocks: BlockRepository, revision: string, lazy: LazyBlocks | undefined, { paths = [], signal, onProgress, onFile }: PrefetchOptions & { readonly onFile?: OnFile }): Promise<PrefetchResult> {
  const { root, path } = await resolveRevision(blocks, revision)
  const before = { ...lazy?.fetched }
  if (path === undefined || path === '') await readManifests(blocks, [root], signal)
  const selection = await selectEntries(blocks, root, { paths, path: path === '' ? undefined : path })
  const { files, bytes, entries } = await amountOf(selection, onFile)
  if (entries === 0 && (paths.length > 0 || path !== undefined)) throw new NotFoundError(`Nothing in ${revision} matches`, { data: { revision, paths }, hint: `\`varve ls ${revision.replace(/:.*$/s, '')}\` lists what there is.` })
  if (lazy !== undefined && bytes > lazy.cache.limitBytes) {
    throw new InvalidArgumentError(`${revision} has ${bytes} bytes, and the cache may hold ${lazy.cache.limitBytes}`, { data: { revision, bytes, limitBytes: lazy.cache.limitBytes }, hint: 'Name a part, let the cache grow with `varve cache limit <size>`, or take all of it into the repository with `varve pull <ref>`.' })
  }
  let [done, read] = [0, 0]
  for await (const step of checkoutSteps(blocks, selection.entries())) {
    signal?.throwIfAborted()
    if (step.type === 'file') done++
    if (step.type === 'data') onProgress?.({ type: 'checkout', files: done, bytes: (read += step.bytes.length), totalFiles: files, totalBytes: bytes })
  }
  const after = lazy?.fetched
  return { root: cidText(root), files, bytes, fetchedBlocks: (after?.blocks ?? 0) - (before.blocks ?? 0), fetchedBytes: (after?.bytes ?? 0) - (before.bytes ?? 0), requests: lazy?.requests ?? {} }
}

/** Reads the tree nodes of manifests, the highest first, many at a time, each that they share once. */
export async function readManifests(blocks: BlockRepository, roots: readonly CID[], signal?: AbortSignal): Promise<void> {
  for await (const _block of newBlocks(blocks, roots, { whole: [], bases: [], near: blocks }, { signal })) continue
}

/** Told of each file that matches. */
export type OnFile = (path: Uint8Array, content: CID, size: number) => void

async function amountOf(selection: Selection, onFile?: OnFile): Promise<{ readonly entries: number; readonly files: number; readonly bytes: number }> {
  let [entries, files, bytes] = [0, 0, 0]
  for await (const { path, value } of selection.entries()) {
    entries++
    if (value.kind !== 'file' && value.kind !== 'executable') continue
    onFile?.(path, value.cid, value.size)
    files++
    bytes += value.size
  }
  return { entries, files, bytes }
}
