import { existsSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { compareBytes } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import { ChunkedContentStore, storeContent } from '../../dataset/content-store.ts'
import { Predecessor } from '../../dataset/predecessor.ts'
import { recordSnapshot } from '../../dataset/record-snapshot.ts'
import type { Repository } from '../../dataset/repository.ts'
import { MalformedDataError, NotFoundError } from '../../errors.ts'
import type { ManifestEdit } from '../../manifest/interface.ts'
import { editManifest, ManifestBuilder } from '../../manifest/manifest.ts'
import { keyFromPath, pathToText } from '../../manifest/path.ts'
import type { Session } from '../../repository/index.ts'
import type { OperationOptions } from '../../types.ts'
import { Git } from '../capture/git-command.ts'
import { changesBetween, commitsOf } from '../import-git/git-history.ts'
import type { ImportGitResult } from '../import-git/import-git.ts'
import { headOf, knownCommits } from '../import-git/known-commits.ts'
import { DvcCache } from './dvc-cache.ts'
import { parseDvcFile } from './dvc-file.ts'
import { cacheFolderOf, projectOf } from './dvc-project.ts'
import { placesInFile, type TrackedFile, trackedFiles } from './tracked-files.ts'

export interface ImportDvcHistoryOptions extends OperationOptions {
  /** The ref that gets the snapshots. */
  readonly ref: string
  /** As for `importDvc`. */
  readonly cache?: string
  /** A branch, tag or commit of git; default `HEAD`. */
  readonly revision?: string
  /** Variables that git is started with: of them, only those that say where git and its configuration are. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

type Listing = ReadonlyMap<string, TrackedFile>

const GIT_TIMEOUT_MS = 600_000
const HINT = 'Run `dvc fetch --all-commits` in the project, then import again: it goes on from here. A cache or remote in another folder is named with --cache.'

/**
 * Takes over the history of what one `.dvc` file tracks: each commit of git's main line that changed the file becomes a snapshot with its message, author and time, and `{ dvc: { commit, path } }` in `meta`.
 * Content that two commits share is read once. Run again, it goes on after the last commit that it knows.
 *
 * @param path a `.dvc` file, or what it is for
 * @throws NotFoundError if git or its cache lacks something; @throws RefConflictError if the ref has other snapshots; and what `importDvc` throws
 */
export async function importDvcHistory(repository: Repository, path: string, options: ImportDvcHistoryOptions): Promise<ImportGitResult> {
  const { blocks } = repository
  const { ref, revision = 'HEAD', signal, onProgress } = options
  const file = resolve(path.endsWith('.dvc') ? path : `${path}.dvc`)
  const cache = new DvcCache(options.cache === undefined ? await cacheFolderOf(projectOf(dirname(file))) : resolve(options.cache))
  const { git, inGit } = await placeInGit(file, options)
  const commits = await commitsOf(git, revision, inGit)
  if (commits.length === 0) throw new NotFoundError(`No commit of ${revision} has ${inGit}`, { data: { path: inGit }, hint: 'Name a .dvc file that is committed to git, and a branch, tag or commit with --rev.' })
  const known = await knownCommits(blocks, ref, { kind: 'dvc', path: inGit }, commits)
  return blocks.withSession(async (session) => {
    let [files, bytes] = [0, 0]
    const onStored = (size: number): void => onProgress?.({ type: 'store', files: ++files, bytes: (bytes += size), newBytes: session.added.contentBytes })
    try {
      let root = (await new ManifestBuilder(session, blocks.config.chunker).finish()).root
      let before: Listing = new Map()
      for (let number = known; number < commits.length; number++) {
        const commit = commits[number] as (typeof commits)[number]
        // From the first of this session on everything is there.
        const change = (await changesBetween(git, number === known ? undefined : commits[number - 1]?.id, commit.id, inGit))[0]
        const after = change === undefined && number > known ? before : await listingOf(cache, change === undefined || change.mode === '000000' ? undefined : await blobOf(git, change.id), `${inGit} of ${commit.id.slice(0, 12)}`, signal)
        root = await edited(session, root, { before, after, cache, signal, onStored })
        const { id, author, time, message } = commit
        await recordSnapshot(blocks, session, ref, root, { message, author, time, meta: { dvc: { commit: id, path: inGit } } }, 'import-dvc')
        before = after
      }
    } finally {
      await session.checkpoint().catch(() => undefined)
    }
    return { ref, imported: commits.length - known, known, ...(await headOf(blocks, ref)), storedBytes: session.added.storedBytes }
  })
}

/** The git repository and the file's path in it, whether or not it is checked out. */
async function placeInGit(file: string, { variables, signal }: ImportDvcHistoryOptions): Promise<{ readonly git: Git; readonly inGit: string }> {
  const folder = dirname(file)
  if (!existsSync(folder)) throw new NotFoundError(`There is no folder ${folder}`, { data: { folder }, hint: 'Name a .dvc file in a git repository.' })
  const options = { variables, timeoutMs: GIT_TIMEOUT_MS, signal }
  const found = await new Git(folder, options).run(['rev-parse', '--show-toplevel', '--show-prefix'])
  if (!found.ok) throw new NotFoundError(`There is no git repository in ${folder}: ${found.isAbsent ? 'git is not installed' : found.trouble}`, { data: { folder }, hint: 'Leave out --history to import what is tracked now.' })
  const [top = '', prefix = ''] = found.output.toString('utf8').split('\n')
  return { git: new Git(top, options, [], { GIT_LITERAL_PATHSPECS: '1' }), inGit: prefix + basename(file) }
}

async function blobOf(git: Git, id: string): Promise<Buffer> {
  const read = await git.run(['cat-file', 'blob', id])
  if (!read.ok) throw new NotFoundError(`git does not have the content ${id}: ${read.trouble}`, { data: { id }, hint: 'A shallow or partial clone lacks some: run `git fetch --unshallow`, or clone it whole.' })
  return read.output
}

/** What the `.dvc` file tracks, by path; nothing if there is none. */
async function listingOf(cache: DvcCache, bytes: Buffer | undefined, name: string, signal: AbortSignal | undefined): Promise<Listing> {
  const listing = new Map<string, TrackedFile>()
  if (bytes === undefined) return listing
  for (const file of await trackedFiles(cache, placesInFile(await parseDvcFile(bytes.toString('utf8'), name)), { hint: HINT, signal })) {
    const path = pathToText(file.path)
    if (listing.has(path)) throw new MalformedDataError(`${file.name} comes twice in what ${name} tracks`, { data: { path: file.name }, hint: 'Run `dvc add` on it again, and import from that commit on.' })
    listing.set(path, file)
  }
  return listing
}

interface Step {
  readonly before: Listing
  readonly after: Listing
  readonly cache: DvcCache
  readonly signal: AbortSignal | undefined
  /** After each file, with its size in bytes. */
  readonly onStored: (size: number) => void
}

/** The root with what differs between the listings. */
async function edited(session: Session, root: CID, { before, after, cache, signal, onStored }: Step): Promise<CID> {
  const store = new ChunkedContentStore(session, session, { predecessor: new Predecessor(session, root) })
  const edits: (ManifestEdit & { readonly key: Uint8Array })[] = []
  for (const [text, { path }] of before) if (!after.has(text)) edits.push({ path, key: keyFromPath(path), value: undefined })
  for (const [text, { path, name, md5, hash, executable }] of after) {
    const old = before.get(text)
    if (old?.md5 === md5 && old.hash === hash && old.executable === executable) continue
    const { cid, size } = await storeContent(store, cache.content(md5, hash, name), { path, signal })
    onStored(size)
    edits.push({ path, key: keyFromPath(path), value: { kind: executable ? 'executable' : 'file', cid, size } })
  }
  edits.sort((a, b) => compareBytes(a.key, b.key))
  return (await editManifest(session, session, root, edits)).root
}
