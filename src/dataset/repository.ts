import { type CID, cidText } from '../cid/cid.ts'
import { InvalidArgumentError, NotFoundError } from '../errors.ts'
import { diffManifests, openManifest } from '../manifest/manifest.ts'
import { pathFromText, pathToText } from '../manifest/path.ts'
import { type ManifestProof, provePath } from '../manifest/proof.ts'
import type { RepackReport } from '../repository/repack/interface.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { isTagName, parseUserRefName } from '../repository/ref-name.ts'
import type { AnyIterable, OperationOptions } from '../types.ts'
import { writeCar } from './car-writer.ts'
import { collectRepository, type CollectOptions, type CollectResult } from './collect-garbage.ts'
import { type DiskUsage, measureRepository } from './disk-usage.ts'
import { measurePaths, type PathUsage } from './path-usage.ts'
import { changeRef, refInfo } from './change-ref.ts'
import { type CheckoutOptions, checkoutFolder } from './checkout.ts'
import { collectDifferences, type DiffResult, entryInfo } from './compare.ts'
import { hashFolder, statusOfFolder } from './folder-state.ts'
import { snapshotRefs, walkHistory } from './history.ts'
import { importCar, type ImportOptions } from './import-car.ts'
import type { InputEntry } from './input-entries.ts'
import type { FolderPort, FolderReadOptions } from './interface.ts'
import { type ByteSpan, readContent } from './read-content.ts'
import type { CheckoutResult, HashResult, ListedEntry, MovedRef, RefInfo, RevisionInfo, SnapshotInfo, SnapshotResult } from './results.ts'
import type { RepairRepositoryOptions, RepairResult } from './repair.ts'
import { repackRepository, type RepackRepositoryOptions } from './repack.ts'
import { type ResolvedRevision, resolveRecord, resolveRevision } from './revision.ts'
import { dataPlaces, snapshotInfo } from './snapshot-info.ts'
import { readSnapshot } from './snapshot-object.ts'
import { takeSnapshot, type SnapshotOptions } from './take-snapshot.ts'
import { verifyRepository, verifyRevision, type VerifyResult } from './verify.ts'

export interface SetRefOptions {
  readonly expected?: CID | null | 'any'
  readonly message?: string
  readonly author?: string
}

/**
 * Datasets over a repository of blocks: snapshots of folders or of any entries, and the way back. Made by `openRepository` on Node; elsewhere
 * construct one from a `BlockRepository`, and pass a `FolderPort` if there are folders.
 *
 * @example
 * await using repository = await openRepository('.varve', { create: true })
 * const { root } = await repository.snapshot('./data', { ref: 'mnist/raw', message: 'as downloaded' })
 */
export class Repository {
  readonly blocks: BlockRepository
  /** Where this machine may keep what can be made again, if anywhere. */
  readonly workFolder: string | undefined
  readonly #folders: FolderPort | undefined
  readonly #defaults: OperationOptions

  /** `defaults` are the signal and progress listener of every call that brings none of its own. */
  constructor(blocks: BlockRepository, options: { readonly folders?: FolderPort; readonly defaults?: OperationOptions; readonly workFolder?: string } = {}) {
    this.blocks = blocks
    this.workFolder = options.workFolder
    this.#folders = options.folders
    this.#defaults = options.defaults ?? {}
  }

  /** Where the repository is, for people. */
  get location(): string {
    return this.blocks.storage.location
  }

  /**
   * Stores a folder, or entries from anywhere, as the next snapshot of a ref. When it resolves, a power cut does not lose it. If it fails or is
   * stopped, the ref is where it was, and what was stored is not stored again next time.
   *
   * @throws UnreadableFilesError, FileChangedError: nothing was committed; both list the paths
   * @throws RefConflictError if `expected` was given and the ref is elsewhere
   */
  snapshot(source: string | AnyIterable<InputEntry>, options: SnapshotOptions = {}): Promise<SnapshotResult> {
    return takeSnapshot(this.blocks, typeof source === 'string' ? { folder: source, port: this.#port() } : { entries: source }, this.#with(options))
  }

  /** The root that a snapshot of the folder would have. Stores nothing. */
  hash(folder: string, options: FolderReadOptions = {}): Promise<HashResult> {
    return hashFolder(this.blocks, this.#port(), folder, this.#with(options))
  }

  /**
   * Writes a revision, or the paths of it that match `paths`, into a folder, which appears in one step. A folder that is there is replaced only if a
   * snapshot of this repository holds everything in it, or with `force`.
   *
   * @throws WouldOverwriteError naming what would be lost
   * @throws UnsafePathError before anything is written, if the data could do harm
   */
  checkout(revision: string, folder: string, options: CheckoutOptions = {}): Promise<CheckoutResult> {
    return checkoutFolder(this.blocks, this.#port(), revision, folder, this.#with(options))
  }

  /** What differs between two revisions. Reads only what differs. */
  async diff(before: string, after: string): Promise<DiffResult> {
    const [a, b] = [await this.#whole(before), await this.#whole(after)]
    return collectDifferences(diffManifests(this.blocks, a.root, b.root))
  }

  /** What differs between a revision and a folder as it is now. */
  async status(folder: string, revision: string, options: FolderReadOptions = {}): Promise<DiffResult> {
    await this.#whole(revision)
    return statusOfFolder(this.blocks, this.#port(), folder, revision, this.#with(options))
  }

  /** Reads and hashes every byte of a revision; without one, of the whole repository. Damage is in the result, not an error. */
  async verify(revision?: string, options: OperationOptions = {}): Promise<VerifyResult> {
    if (revision === undefined) return verifyRepository(this.blocks, this.#with(options))
    await this.#whole(revision)
    return verifyRevision(this.blocks, revision, this.#with(options))
  }

  /** A snapshot and those before it, newest first. */
  async *log(revision: string): AsyncGenerator<SnapshotInfo> {
    const { snapshot } = wholeRevision(revision, await resolveRecord(this.blocks, revision))
    if (snapshot === undefined) throw new InvalidArgumentError(`"${revision}" is a root, which has no history`, { hint: 'Name a ref or a snapshot instead.' })
    const places = await dataPlaces(this.blocks)
    for await (const visited of walkHistory(this.blocks, snapshot)) yield snapshotInfo(visited.cid, visited.snapshot, places)
  }

  /** All that is known of a revision. */
  async show(revision: string): Promise<RevisionInfo> {
    const { root, snapshot } = await this.#whole(revision)
    const { totals, chunker } = await openManifest(this.blocks, root)
    const refs: string[] = []
    for await (const { name, target } of this.blocks.refs()) if (snapshot?.equals(target) === true) refs.push(name)
    return { root: cidText(root), ...totals, chunker, snapshot: snapshot === undefined ? null : snapshotInfo(snapshot, await readSnapshot(this.blocks, snapshot), await dataPlaces(this.blocks)), refs }
  }

  /**
   * Entries of a revision in order of their keys; with a prefix, the entry of that path or all below that folder.
   * @throws NotFoundError if there is nothing at the prefix
   */
  async *entries(revision: string, prefix?: string): AsyncGenerator<ListedEntry> {
    const { root, path } = await this.resolve(revision)
    const folder = prefix ?? path ?? ''
    const manifest = await openManifest(this.blocks, root)
    const below = folder.replace(/^(\.\/)+/, '').replace(/\/+$/, '')
    let found = below === ''
    for await (const entry of manifest.entries(found ? {} : { prefix: pathFromText(below) })) {
      found = true
      yield { path: pathToText(entry.path), ...entryInfo(entry.value) }
    }
    if (!found) throw new NotFoundError(`There is no "${folder}" in ${revision}`, { data: { revision, path: folder }, hint: `\`varve ls ${revision}\` lists what there is.` })
  }

  /** The content of a file, or bytes `start` to `end` of it, at once. @throws NotFoundError if the revision has no such file */
  async read(revision: string, path: string, span: ByteSpan = {}): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await new Response(this.stream(revision, path, span)).arrayBuffer())
  }

  /** The same as a stream, which reads as it is read. */
  stream(revision: string, path: string, span: ByteSpan = {}): ReadableStream<Uint8Array<ArrayBuffer>> {
    return readContent(this.blocks, revision, path, span)
  }

  /** All refs and tags whose name begins with `prefix`. */
  async *refs(prefix = ''): AsyncGenerator<RefInfo> {
    for await (const { name, target } of snapshotRefs(this.blocks, prefix)) yield refInfo(this.blocks, name, target)
  }

  /**
   * Points a ref or tag (`mnist/raw@v2`) to a revision.
   * @param options.expected the CID that it must have now; null, the default, if it must not exist; `any` to move it from wherever it is
   * @throws RefConflictError if it is elsewhere
   * @throws NotFoundError if there is no such revision, or garbage collection has removed part of it
   */
  async setRef(name: string, revision: string, options: SetRefOptions = {}): Promise<RefInfo> {
    parseUserRefName(name)
    const { expected = null, message, author } = options
    const { snapshot } = await this.#whole(revision)
    if (snapshot === undefined) {
      throw new InvalidArgumentError(`"${revision}" is a root; a ref points to a snapshot`, { hint: 'Name a ref or a snapshot instead.' })
    }
    await changeRef(this.blocks, name, snapshot, { ...(expected === 'any' ? {} : { expected }), ...(message === undefined ? {} : { message }), ...(author === undefined ? {} : { author }) })
    return refInfo(this.blocks, name, snapshot)
  }

  /**
   * Points a ref that exists to another snapshot, such as an earlier one of its own. What it pointed to is in no history of it any more, and goes with the next
   * garbage collection if nothing else leads there. `message` and `author` go to the log of operations.
   *
   * @param options.expected the CID that it must have now; default: where it is when this is called
   * @throws NotFoundError if there is no such ref or revision, or garbage collection has removed part of it
   * @throws RefConflictError if it is elsewhere, or another writer moves it meanwhile
   * @throws InvalidArgumentError for a tag, which `setRef` moves, and for a revision that is a root
   *
   * @example
   * await repository.moveRef('mnist/raw', 'mnist/raw~1', { message: 'the labels were shifted' })
   */
  async moveRef(name: string, revision: string, options: { readonly expected?: CID; readonly message?: string; readonly author?: string } = {}): Promise<MovedRef> {
    if (isTagName(parseUserRefName(name))) throw new InvalidArgumentError(`"${name}" is a tag, which stays where it is`, { data: { ref: name }, hint: 'To move it all the same, use `varve tag --force`, or setRef with `expected`.' })
    await this.blocks.refresh()
    const now = await this.blocks.getRef(name)
    if (now === undefined) throw new NotFoundError(`There is no ref "${name}" in ${this.location}`, { data: { ref: name } })
    const { snapshot } = await this.#whole(revision)
    const { expected = now } = options
    if (snapshot?.equals(now) === true && expected.equals(now)) return { ...(await refInfo(this.blocks, name, now)), before: cidText(now), moved: false }
    return { ...(await this.setRef(name, revision, { ...options, expected })), before: cidText(expected), moved: true }
  }

  /** Removes a ref or tag. What it pointed to stays until garbage is collected. */
  async deleteRef(name: string, options: { readonly expected?: CID; readonly message?: string; readonly author?: string } = {}): Promise<void> {
    const target = await this.blocks.getRef(name)
    if (target === undefined) throw new NotFoundError(`There is no ref or tag "${name}"`, { data: { ref: name } })
    await changeRef(this.blocks, name, null, { expected: target, ...options })
  }

  /** Proof that a revision holds a path, which anyone can check with the root alone (`checkProof`). */
  async prove(revision: string, path: string): Promise<ManifestProof> {
    const { root } = await this.#whole(revision)
    return provePath(this.blocks, root, pathFromText(path))
  }

  /** A revision as a CAR file: its manifest and content; with `history`, its snapshot and all before it too. */
  async *exportCar(revision: string, options: OperationOptions & { readonly history?: boolean } = {}): AsyncGenerator<Uint8Array> {
    const { root, snapshot } = await this.#whole(revision)
    yield* writeCar(this.blocks, options.history === true && snapshot !== undefined ? snapshot : root, this.#with(options))
  }

  /** Brings in a CAR file that `exportCar` made. Nothing is committed before all of it has been verified. */
  importCar(source: AnyIterable<Uint8Array>, options: ImportOptions): Promise<SnapshotResult> {
    return importCar(this.blocks, source, this.#with(options))
  }

  /**
   * Removes what no ref, tag or kept snapshot needs; with `keepLast` or `keepWithinMs` also the data of older snapshots, whose records stay in the log.
   * Writers and readers go on meanwhile.
   */
  collectGarbage(options: CollectOptions = {}): Promise<CollectResult> {
    return collectRepository(this.blocks, this.#with(options))
  }

  /**
   * Rebuilds the index from packs, drops damaged blocks from it so that they can be stored anew, takes them from another repository if one is given, and lists every path
   * of every snapshot that is still affected. Damage is in the result, not an error. Nobody has to stop for it.
   *
   * @throws CorruptObjectError if `from` is a storage whose repository cannot be opened
   */
  async repair(options: RepairRepositoryOptions = {}): Promise<RepairResult> {
    const { repairRepository } = await import('./repair.ts')
    return repairRepository(this.blocks, this.#with(options))
  }

  /**
   * Stores all versions in less room: finds better deltas, gathers small packs, drops garbage. Reads and hashes everything; writers and readers go on meanwhile.
   * @throws CorruptObjectError if the repository is not whole: nothing was changed
   */
  repack(options: RepackRepositoryOptions = {}): Promise<RepackReport> {
    return repackRepository(this.blocks, this.#with(options))
  }

  /** Where the space goes, and what each ref would free. Reads every tree node. */
  diskUsage(options: OperationOptions = {}): Promise<DiskUsage> {
    return measureRepository(this.blocks, this.#with(options))
  }

  /** The same for the paths of one revision, each block counted for the first path that has it. */
  pathUsage(revision: string, options: OperationOptions & { readonly depth?: number } = {}): Promise<readonly PathUsage[]> {
    return measurePaths(this.blocks, revision, this.#with(options))
  }

  /** What a revision stands for. @throws NotFoundError, AmbiguousRevisionError */
  async resolve(revision: string): Promise<ResolvedRevision> {
    return resolveRevision(this.blocks, revision)
  }

  async close(): Promise<void> {
    await this.blocks.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #whole(revision: string): Promise<ResolvedRevision> {
    return wholeRevision(revision, await this.resolve(revision))
  }

  #port(): FolderPort {
    if (this.#folders === undefined) {
      throw new InvalidArgumentError('This repository was opened without access to folders', { hint: 'Pass entries instead of a folder, or open it with openRepository on Node.' })
    }
    return this.#folders
  }

  #with<T extends OperationOptions>(options: T): T {
    return { ...this.#defaults, ...options }
  }
}

/** @throws InvalidArgumentError for a revision with a path, where only all of it makes sense */
function wholeRevision(revision: string, resolved: ResolvedRevision): ResolvedRevision {
  if (resolved.path === undefined) return resolved
  throw new InvalidArgumentError(`"${revision}" names a path; a whole revision is needed here`, { data: { revision }, hint: 'Leave out the part from ":" on.' })
}
