import { cidText } from '../cid/cid.ts'
import { NotFoundError, WouldOverwriteError } from '../errors.ts'
import type { ManifestEntry, ManifestTotals } from '../manifest/interface.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isPromise, type OperationOptions } from '../types.ts'
import { checkoutSteps } from './checkout-steps.ts'
import { assertNothingLost, folderSnapshot } from './replaceable.ts'
import type { FolderPort, FolderWriter } from './interface.ts'
import type { CheckoutResult } from './results.ts'
import { resolveWhole } from './revision.ts'
import { selectEntries } from './select-entries.ts'
import { PathGuard } from './safe-path.ts'

export interface CheckoutOptions extends OperationOptions {
  /** Globs (`train/**`, `*.csv`) or paths of files and folders; by default everything. */
  readonly paths?: readonly string[]
  /** Replace what stands in the folder, even if no snapshot holds it. */
  readonly force?: boolean
  /** Allow `.git` and `.varve` as names in the data. */
  readonly allowRepositoryNames?: boolean
  /** Allow symbolic links that are absolute or lead out of the folder. */
  readonly allowExternalLinks?: boolean
}

export async function checkoutFolder(
  repository: BlockRepository, port: FolderPort, revision: string, folder: string, options: CheckoutOptions,
): Promise<CheckoutResult> {
  const startedAt = performance.now()
  const { root, path } = await resolveWhole(repository, revision)
  const within = path === '' ? undefined : path
  const paths = [...(options.paths ?? []), ...(within === undefined ? [] : [within])]
  const selected = await selectEntries(repository, root, { paths: options.paths ?? [], path: within })
  const result = (totals: { files: number; bytes: number }, unchanged: boolean): CheckoutResult => ({
    root: cidText(root), files: totals.files, bytes: totals.bytes, elapsedMs: Math.round(performance.now() - startedAt), unchanged,
  })
  const occupied = (await port.inspect(folder)) === 'occupied'
  if (occupied) {
    await assertReplaceable(port, folder)
    if (options.force !== true) {
      if (paths.length > 0) throw partialReplacement(folder, paths)
      const current = await folderSnapshot(repository, port, folder, options.signal)
      if (current.root.equals(root)) return result(selected.totals, true)
      await assertNothingLost(repository, current, folder, root)
    }
  }
  const writer = await port.beginWrite(folder)
  try {
    const totals = await assertSafe(selected.entries(), writer, options)
    if (paths.length > 0 && totals.entries === 0) throw nothingMatches(revision, paths)
    await writeAll(repository, writer, selected.entries(), totals, options)
    await writer.commit({ replace: occupied, force: options.force === true })
    return result(totals, false)
  } finally {
    await writer[Symbol.asyncDispose]()
  }
}

function partialReplacement(folder: string, paths: readonly string[]): WouldOverwriteError {
  return new WouldOverwriteError(`${folder} is not empty, and a checkout of a part would replace all of it`, {
    data: { folder, paths }, hint: 'Check the part out into another folder, and copy from there what you need.',
  })
}

function nothingMatches(revision: string, paths: readonly string[]): NotFoundError {
  const globs = paths.map((glob) => `"${glob}"`).join(', ')
  return new NotFoundError(`Nothing in ${revision} matches ${globs}`, { data: { revision, paths }, hint: `\`varve ls ${revision}\` lists what there is.` })
}

/** Looks at every entry before the first is written. */
async function assertSafe(entries: AsyncIterable<ManifestEntry>, writer: FolderWriter, options: CheckoutOptions): Promise<ManifestTotals> {
  const guard = new PathGuard({ folding: writer.folding, allowRepositoryNames: options.allowRepositoryNames === true, allowExternalLinks: options.allowExternalLinks === true })
  let [count, files, bytes] = [0, 0, 0]
  for await (const entry of entries) {
    options.signal?.throwIfAborted()
    guard.check(entry)
    count++
    if (entry.value.kind === 'file' || entry.value.kind === 'executable') {
      files++
      bytes += entry.value.size
    }
  }
  return { entries: count, files, bytes }
}

async function writeAll(
  repository: BlockRepository, writer: FolderWriter, entries: AsyncIterable<ManifestEntry>, totals: { files: number; bytes: number }, options: CheckoutOptions,
): Promise<void> {
  let files = 0
  let bytes = 0
  for await (const step of checkoutSteps(repository, entries, totals.bytes)) {
    options.signal?.throwIfAborted()
    const written = writer.write(step)
    if (isPromise(written)) await written
    if (step.type === 'file') files++
    if (step.type === 'data') bytes += step.bytes.length
    options.onProgress?.({ type: 'checkout', files, bytes, totalFiles: totals.files, totalBytes: totals.bytes })
  }
}

async function assertReplaceable(port: FolderPort, folder: string): Promise<void> {
  const names = await port.protectedNames(folder)
  if (names.length > 0) {
    throw new WouldOverwriteError(`${folder} holds ${names.join(' and ')}: a checkout would replace the whole folder`, {
      data: { folder, paths: names }, hint: 'Check out into another folder.',
    })
  }
}
