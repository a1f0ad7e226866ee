import { resolve } from 'node:path'
import { splitAtNul } from './git-history.ts'
import type { InputEntry } from '../../dataset/input-entries.ts'
import { firstNames } from '../../dataset/near-names.ts'
import type { SnapshotDetails } from '../../dataset/record-snapshot.ts'
import type { Repository } from '../../dataset/repository.ts'
import { readSnapshot } from '../../dataset/snapshot-object.ts'
import type { SnapshotResult } from '../../dataset/results.ts'
import { NotFoundError } from '../../errors.ts'
import { displayPath } from '../../manifest/path.ts'
import type { Git } from '../capture/git-command.ts'
import { BlobReader, gathered } from './blob-reader.ts'
import { gitTopOf, type ImportGitOptions, pathInGit, pathWithin } from './git-top.ts'
import { lfsContent, lfsFile, type LfsPointer, lfsPointer, MOST_POINTER_BYTES } from './lfs-pointer.ts'

/** Paths that a message names. */
const MOST_SHOWN = 10

/** A file, link or submodule of a commit. */
interface TreeEntry {
  readonly mode: string
  readonly id: string
  /** In bytes; 0 for a submodule. */
  readonly size: number
  /** In the dataset. */
  readonly path: Uint8Array
}

/**
 * Takes a snapshot of a folder in a git repository as one commit has it, with the files that git LFS keeps in the place of their pointers. All of them must have been fetched; nothing is stored otherwise.
 * The working files are not looked at.
 *
 * @throws NotFoundError if there is no git repository, revision or path, or git LFS lacks files (`data.paths`)
 * @throws CorruptObjectError for a file of git LFS that is not what its pointer says
 */
export async function importLfs(repository: Repository, folder: string, options: ImportGitOptions & SnapshotDetails): Promise<SnapshotResult> {
  const { path: named, revision = 'HEAD', variables: _variables, ...snapshotOptions } = options
  const path = pathInGit(named)
  const top = await gitTopOf(resolve(folder), options)
  const commit = await commitOf(top.git, revision)
  const tree = await treeOf(top.git, commit, path)
  if (tree.length === 0) throw new NotFoundError(`${revision} has no "${path}" in ${top.folder}`, { data: { path }, hint: 'The path begins at the top of the git repository.' })
  const reader = new BlobReader(top.words, top.env)
  try {
    const kept = await keptFiles(reader, top.gitFolder, tree, options.signal)
    // Said of the newest snapshot already, it is nothing new.
    const meta = options.meta === undefined && (await isOf(repository, options.ref, commit, path)) ? {} : { meta: { ...options.meta, git: { commit, path } } }
    return await repository.snapshot(entriesOf(reader, tree, kept, options), { ...snapshotOptions, ...meta })
  } finally {
    reader.close()
  }
}

/** Whether the newest snapshot of a ref was taken of that commit. */
async function isOf({ blocks }: Repository, ref: string, commit: string, path: string): Promise<boolean> {
  const head = await blocks.getRef(ref)
  const origin = head === undefined ? undefined : ((await readSnapshot(blocks, head)).meta['git'] as { readonly commit?: unknown; readonly path?: unknown } | null | undefined)
  return origin?.commit === commit && origin.path === path
}

async function commitOf(git: Git, revision: string): Promise<string> {
  const found = await git.run(['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`])
  if (!found.ok) throw new NotFoundError(`git does not know ${revision}: ${found.trouble}`, { data: { revision }, hint: 'Name a branch, tag or commit with --rev.' })
  return found.output.toString('latin1').trim()
}

async function treeOf(git: Git, commit: string, path: string): Promise<readonly TreeEntry[]> {
  const listed = await git.run(['ls-tree', '-r', '-l', '-z', '--full-tree', commit, '--', ...(path === '' ? [] : [path])])
  if (!listed.ok) throw new NotFoundError(`git cannot list ${commit}: ${listed.trouble}`, { data: { commit, path } })
  return splitAtNul(listed.output).map((line) => {
    const tab = line.indexOf(0x09)
    const [mode = '', , id = '', size = ''] = line.subarray(0, tab).toString('latin1').split(/ +/)
    return { mode, id, size: size === '-' ? 0 : Number(size), path: pathWithin(line.subarray(tab + 1), path) }
  })
}

/** Of each pointer, by the id of its blob, the file that git LFS keeps. @throws NotFoundError with all that it lacks */
async function keptFiles(reader: BlobReader, gitFolder: string, tree: readonly TreeEntry[], signal: AbortSignal | undefined): Promise<ReadonlyMap<string, { readonly file: string; readonly pointer: LfsPointer }>> {
  const kept = new Map<string, { readonly file: string; readonly pointer: LfsPointer }>()
  const missing: string[] = []
  for (const { mode, id, size, path } of tree) {
    signal?.throwIfAborted()
    if (!mode.startsWith('100') || size >= MOST_POINTER_BYTES || kept.has(id)) continue
    const pointer = lfsPointer(await gathered(reader.read(id)))
    if (pointer === undefined) continue
    const file = lfsFile(gitFolder, pointer)
    if (file === undefined) missing.push(displayPath(path))
    else kept.set(id, { file, pointer })
  }
  if (missing.length > 0) throw new NotFoundError(`git LFS lacks the content of ${firstNames(missing, MOST_SHOWN)}`, { data: { paths: missing }, hint: 'Run `git lfs fetch` in the repository, with the revision if it is not checked out, then import again.' })
  return kept
}

async function* entriesOf(reader: BlobReader, tree: readonly TreeEntry[], kept: Awaited<ReturnType<typeof keptFiles>>, { onProgress }: ImportGitOptions): AsyncGenerator<InputEntry, void, undefined> {
  for (const { mode, id, path } of tree) {
    const found = kept.get(id)
    if (mode === '160000') onProgress?.({ type: 'warning', path: displayPath(path), message: 'a submodule is not imported' })
    else if (mode === '120000') yield { path, symlink: await gathered(reader.read(id)) }
    else yield { path, content: found === undefined ? reader.read(id) : lfsContent(found.file, found.pointer), executable: mode === '100755' }
  }
}
