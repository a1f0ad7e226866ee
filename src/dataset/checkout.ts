import picomatch from 'picomatch'
import { type CID, cidText } from '../cid/cid.ts'
import { NotFoundError, WouldOverwriteError } from '../errors.ts'
import type { ManifestEntry, ManifestTotals } from '../manifest/interface.ts'
import { openManifest } from '../manifest/manifest.ts'
import { displayPath, pathToText } from '../manifest/path.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isPromise, type OperationOptions } from '../types.ts'
import { checkoutSteps } from './checkout-steps.ts'
import { compareEntries } from './compare.ts'
import { folderEntries, rootOf } from './folder-state.ts'
import { walkHistory } from './history.ts'
import type { FolderPort, FolderWriter } from './interface.ts'
import type { CheckoutResult } from './results.ts'
import { resolveRevision } from './revision.ts'
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

const REPORTED_PATHS = 10
/** Everything counts when it is about to be replaced, ignored or not. */
const EVERYTHING = { defaultIgnores: false, ignoreFiles: false }

export async function checkoutFolder(
  repository: BlockRepository, port: FolderPort, revision: string, folder: string, options: CheckoutOptions,
): Promise<CheckoutResult> {
  const startedAt = performance.now()
  const { root, path } = await resolveRevision(repository, revision)
  const paths = [...(options.paths ?? []), ...(path === undefined || path === '' ? [] : [path])]
  const selected = await selectEntries(repository, root, paths)
  const result = (totals: { files: number; bytes: number }, unchanged: boolean): CheckoutResult => ({
    root: cidText(root), files: totals.files, bytes: totals.bytes, elapsedMs: Math.round(performance.now() - startedAt), unchanged,
  })
  const occupied = (await port.inspect(folder)) === 'occupied'
  if (occupied) {
    await assertReplaceable(port, folder)
    const held = options.force === true ? 'elsewhere' : await whoHolds(repository, port, folder, root, options)
    if (held === 'target' && paths.length === 0) return result(selected.totals, true)
    if (held === 'nobody') throw await wouldOverwrite(repository, port, folder, revision, root)
  }
  const writer = await port.beginWrite(folder)
  try {
    const totals = await assertSafe(selected.entries(), writer, options)
    if (paths.length > 0 && totals.entries === 0) throw nothingMatches(revision, paths)
    await writeAll(repository, writer, selected.entries(), totals, options)
    await writer.commit({ replace: occupied })
    return result(totals, false)
  } finally {
    await writer[Symbol.asyncDispose]()
  }
}

function nothingMatches(revision: string, paths: readonly string[]): NotFoundError {
  const globs = paths.map((glob) => `"${glob}"`).join(', ')
  return new NotFoundError(`Nothing in ${revision} matches ${globs}`, { data: { revision, paths }, hint: `\`varve ls ${revision}\` lists what there is.` })
}

interface Selection {
  readonly totals: ManifestTotals
  entries(): AsyncIterable<ManifestEntry>
}

async function selectEntries(repository: BlockRepository, root: CID, paths: readonly string[]): Promise<Selection> {
  const manifest = await openManifest(repository, root)
  if (paths.length === 0) return { totals: manifest.totals, entries: () => manifest.entries({}) }
  const globs = paths.flatMap((path) => [path, `${path.replace(/\/+$/, '')}/**`])
  const matches = picomatch(globs, { dot: true })
  const literal = new Set(paths.map((path) => path.replace(/\/+$/, '')))
  async function* entries(): AsyncGenerator<ManifestEntry> {
    for await (const entry of manifest.entries({})) {
      const text = pathToText(entry.path)
      // A path that looks like a glob may also be meant as it is.
      if (literal.has(text) || matches(text)) yield entry
    }
  }
  return { totals: manifest.totals, entries }
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
  for await (const step of checkoutSteps(repository, entries)) {
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

/** Whether what stands in a folder is the wanted root, some snapshot's, or nobody's. */
async function whoHolds(
  repository: BlockRepository, port: FolderPort, folder: string, wanted: CID, options: OperationOptions,
): Promise<'target' | 'elsewhere' | 'nobody'> {
  const { signal } = options
  const { root } = await rootOf(repository, folderEntries(repository, port, folder, { ...EVERYTHING, ...(signal === undefined ? {} : { signal }) }))
  if (root.equals(wanted)) return 'target'
  const seen = new Set<string>()
  for await (const { target } of repository.refs()) {
    for await (const { snapshot } of walkHistory(repository, target, seen)) if (snapshot.root.equals(root)) return 'elsewhere'
  }
  return 'nobody'
}

async function wouldOverwrite(repository: BlockRepository, port: FolderPort, folder: string, revision: string, root: CID): Promise<WouldOverwriteError> {
  const manifest = await openManifest(repository, root)
  const lost: string[] = []
  let count = 0
  for await (const { path, after } of compareEntries(manifest.entries({}), folderEntries(repository, port, folder, EVERYTHING))) {
    if (after === undefined) continue
    count++
    if (lost.length < REPORTED_PATHS) lost.push(displayPath(path))
  }
  const shown = lost.join(', ') + (count > lost.length ? `, and ${count - lost.length} more` : '')
  return new WouldOverwriteError(`${folder} holds changes that no snapshot has: ${shown}`, { data: { folder, revision, paths: lost, count } })
}

