import { resolve } from 'node:path'
import { compareBytes, concatBytes } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import { ChunkedContentStore, storeContent } from '../../dataset/content-store.ts'
import { Predecessor } from '../../dataset/predecessor.ts'
import { recordSnapshot } from '../../dataset/record-snapshot.ts'
import type { Repository } from '../../dataset/repository.ts'
import { readSnapshot } from '../../dataset/snapshot-object.ts'
import { NotFoundError } from '../../errors.ts'
import type { ManifestEdit, ManifestValue } from '../../manifest/interface.ts'
import { editManifest, ManifestBuilder } from '../../manifest/manifest.ts'
import { keyFromPath, pathToText } from '../../manifest/path.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import type { CidText } from '../../types.ts'
import { BlobReader, gathered } from './blob-reader.ts'
import { changesBetween, commitsOf, type GitChange, type GitCommit } from './git-history.ts'
import { gitTopOf, type GitTop, type ImportGitOptions, pathInGit, pathWithin } from './git-top.ts'
import { headOf, knownCommits } from './known-commits.ts'
import { lfsContent, lfsFile, lfsPointer, MOST_POINTER_BYTES } from './lfs-pointer.ts'

export type { ImportGitOptions } from './git-top.ts'

export interface ImportGitResult {
  readonly ref: string
  /** Commits that became snapshots now, and those that were imported before. */
  readonly imported: number
  readonly known: number
  readonly root: CidText | null
  readonly snapshot: CidText | null
  readonly storedBytes: number
}

/**
 * Takes over the history of a folder in a git repository: each commit of the main line that touched it becomes a snapshot with its message, author and time. Files that git LFS keeps elsewhere are taken
 * from there, if they were fetched; a pointer without its file is kept as it is, with a warning. Run again, it goes on after the last commit that it knows.
 *
 * @throws NotFoundError if there is no git repository, revision or path; @throws RefConflictError if the ref has other snapshots
 */
export async function importGit(repository: Repository, folder: string, options: ImportGitOptions): Promise<ImportGitResult> {
  const { blocks } = repository
  const path = pathInGit(options.path)
  const top = await gitTopOf(resolve(folder), options)
  const commits = await commitsOf(top.git, options.revision ?? 'HEAD', path)
  if (commits.length === 0) throw new NotFoundError(`No commit of ${options.revision ?? 'HEAD'} touched "${path}" in ${top.folder}`, { data: { path }, hint: 'The path begins at the top of the git repository.' })
  const known = await knownCommits(blocks, options.ref, { kind: 'git', path }, commits)
  const reader = new BlobReader(top.words, top.env)
  try {
    return await blocks.withSession(async (session) => {
      const history = new ImportedHistory(blocks, session, top, reader, { ...options, path })
      try {
        for (const [number, commit] of commits.entries()) if (number >= known) await history.take(commit, commits[number - 1]?.id)
      } finally {
        await session.checkpoint().catch(() => undefined)
      }
      return { ref: options.ref, imported: commits.length - known, known, ...(await headOf(blocks, options.ref)), storedBytes: session.added.storedBytes }
    })
  } finally {
    reader.close()
  }
}

/** Commits as snapshots, one after another. */
class ImportedHistory {
  readonly #blocks: BlockRepository
  readonly #session: Session
  readonly #top: GitTop
  readonly #reader: BlobReader
  readonly #options: ImportGitOptions & { readonly path: string }
  #root: CID | undefined
  #files = 0
  #bytes = 0

  constructor(blocks: BlockRepository, session: Session, top: GitTop, reader: BlobReader, options: ImportGitOptions & { readonly path: string }) {
    this.#blocks = blocks
    this.#session = session
    this.#top = top
    this.#reader = reader
    this.#options = options
  }

  async take(commit: GitCommit, before: string | undefined): Promise<void> {
    const { ref, path, signal } = this.#options
    const base = (this.#root ??= await this.#begin())
    const store = new ChunkedContentStore(this.#session, this.#session, { predecessor: new Predecessor(this.#session, base) })
    const edits: (ManifestEdit & { readonly key: Uint8Array })[] = []
    for (const change of await changesBetween(this.#top.git, before, commit.id, path)) {
      signal?.throwIfAborted()
      const name = pathWithin(change.path, path)
      edits.push({ path: name, key: keyFromPath(name), value: await this.#value(store, change, name) })
    }
    edits.sort((a, b) => compareBytes(a.key, b.key))
    const { root } = await editManifest(this.#session, this.#session, base, edits)
    const { id, author, time, message } = commit
    await recordSnapshot(this.#blocks, this.#session, ref, root, { message, author, time, meta: { git: { commit: id, path } } }, 'import-git')
    this.#root = root
  }

  /** Where an earlier import has ended, or an empty dataset. */
  async #begin(): Promise<CID> {
    const target = await this.#blocks.getRef(this.#options.ref)
    return target === undefined ? (await new ManifestBuilder(this.#session, this.#blocks.config.chunker).finish()).root : (await readSnapshot(this.#blocks, target)).root
  }

  async #value(store: ChunkedContentStore, { mode, id }: GitChange, path: Uint8Array): Promise<ManifestValue | undefined> {
    const { onProgress, signal } = this.#options
    if (mode === '000000') return undefined
    if (mode === '160000') {
      onProgress?.({ type: 'warning', path: pathToText(path), message: 'a submodule is not imported' })
      return undefined
    }
    if (mode === '120000') return { kind: 'symlink', target: await gathered(this.#reader.read(id)) }
    const { cid, size } = await storeContent(store, this.#content(id, path), { path, signal })
    onProgress?.({ type: 'store', files: ++this.#files, bytes: (this.#bytes += size), newBytes: this.#session.added.contentBytes })
    return { kind: mode === '100755' ? 'executable' : 'file', cid, size }
  }

  /** What git has, or, where that stands for a file that git LFS keeps, that file. */
  async *#content(id: string, path: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    let held: Uint8Array | undefined = new Uint8Array(0)
    for await (const part of this.#reader.read(id)) {
      held = held === undefined ? undefined : concatBytes([held, part])
      if (held === undefined) yield part
      else if (held.length >= MOST_POINTER_BYTES) {
        yield held
        held = undefined
      }
    }
    const pointer = held === undefined ? undefined : lfsPointer(held)
    const file = pointer === undefined ? undefined : lfsFile(this.#top.gitFolder, pointer)
    if (pointer !== undefined && file !== undefined) yield* lfsContent(file, pointer)
    else if (held !== undefined) yield held
    if (pointer !== undefined && file === undefined) this.#options.onProgress?.({ type: 'warning', path: pathToText(path), message: 'is kept by git LFS and was not fetched: only its pointer is imported. Run `git lfs fetch --all` first' })
  }
}
