import type { CID } from '../cid/cid.ts'
import type { HashName } from '../cid/interface.ts'
import type { CompressionMode } from '../codec/block-compression.ts'
import type { PackableBlock } from '../repository/encode-block.ts'
import type { BlockRun } from '../repository/block-run.ts'
import type { Loan } from '../repository/pack-stream.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import type { MaybePromise, OperationOptions } from '../types.ts'

/** The content of a file, stored or merely hashed. */
export interface FileContent {
  readonly cid: CID
  /** Bytes. */
  readonly size: number
}

/**
 * Takes the content of one file after another. Readers fill its memory directly, so that bytes are never copied between the system call
 * and the hash:
 *
 *     store.begin()
 *     while ((n = read(store.space())) > 0) await store.advance(n)
 *     const content = await store.finish()
 *
 * `advance` and `finish` answer with a promise only if they must wait for storage. `begin` also drops a file that was left half done.
 */
export interface ContentStore {
  /** `path`: where in the dataset the content belongs, so that it can be told what it may resemble. */
  begin(path?: Uint8Array): void
  /** Free memory to read into, at least 64 KiB; valid until the next call. */
  space(): Uint8Array
  advance(bytes: number): MaybePromise<void>
  finish(): MaybePromise<FileContent>
  /** True if all of this content is there already, to the last chunk; nothing is read but list nodes. */
  holds(content: FileContent): MaybePromise<boolean>
  /** For content that is read, cut and hashed by others, such as threads; absent if this store must see every byte itself. */
  readonly chunks?: ChunkTaker
}

/**
 * Takes chunks that were cut by the store's chunker and hashed with its hash:
 *
 *     store.begin(path)
 *     for (const { digest, bytes } of chunks) if (await taker.take(digest, bytes)) toBeEncoded.push(…)
 *     const content = await store.finish()
 *     for (const chunk of toBeEncoded) await taker.putEncoded(…)
 */
export interface ChunkTaker {
  readonly hash: HashName
  /** How to encode what `take` asks for. */
  readonly compression: CompressionMode
  /**
   * The next chunk of the content that was begun. True if it is to be encoded and given to `putEncoded`, once, before the snapshot is made. `bytes` is read only
   * before this answers, or settles.
   */
  take(digest: Uint8Array, bytes: Uint8Array): MaybePromise<boolean>
  /** See `Session.putRun`. */
  putRun(run: BlockRun, loan: Loan | undefined): Promise<void> | undefined
  /** See `Session.putEncoded`. */
  putEncoded(digest: Uint8Array, size: number, block: PackableBlock, loan: Loan | undefined): Promise<void> | undefined
}

/** Why something in a folder is not in its manifest. */
export interface SkippedPath {
  /** Relative to the folder, as text (FORMAT.md, section 10). A folder that is skipped stands for all below it. */
  readonly path: string
  readonly reason: 'default-ignore' | 'repository' | 'special-file' | 'unreadable'
  /** The rule or the system's words. */
  readonly detail: string
}

export interface FolderReadOptions extends OperationOptions {
  /** More rules in the syntax of gitignore, relative to the folder. */
  readonly ignore?: readonly string[]
  /** Leave out `.git`, `.varve`, `node_modules`, `.env*`, private keys. Default true. */
  readonly defaultIgnores?: boolean
  /** Read `.varveignore` files. Default true. */
  readonly ignoreFiles?: boolean
  /** Record what cannot be read as skipped instead of failing. Default false. */
  readonly skipUnreadable?: boolean
  /** Count files and bytes first, so that progress has totals; costs one more walk. Default false. */
  readonly countFirst?: boolean
  readonly onSkipped?: (skipped: SkippedPath) => void
}

/**
 * What a checkout writes, one after the other. `data` belongs to the `file` before it; a file is complete when its size is reached. The bytes of `data` are valid until
 * `write` answers, or settles, and may lie in shared memory.
 */
export type CheckoutStep =
  | { readonly type: 'file'; readonly path: Uint8Array; readonly size: number; readonly executable: boolean }
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  | { readonly type: 'symlink'; readonly path: Uint8Array; readonly target: Uint8Array }
  | { readonly type: 'directory'; readonly path: Uint8Array }

/** How names of a file system can fall together. */
export interface NameFolding {
  /** `A` and `a` are one file. */
  readonly case: boolean
  /** The composed and the decomposed form of a letter are one file. */
  readonly normalization: boolean
  /** Names that Windows reserves or changes are refused. */
  readonly windows: boolean
}

/** A fresh folder beside a target, which is filled and then takes the target's place in one step. */
export interface FolderWriter extends AsyncDisposable {
  readonly folding: NameFolding
  write(step: CheckoutStep): MaybePromise<void>
  /**
   * Creates the links, and puts the folder where the target is. `replace`: what is there goes; else it must be absent or empty.
   * Unless `force` is set, what is there stays if anything in it has changed since it was last inspected, or since the writer was made.
   * @throws WouldOverwriteError if the target may not be replaced; it is as it was
   */
  commit(options: { readonly replace: boolean; readonly force?: boolean }): Promise<void>
  /** Removes what was written; nothing if committed. */
  [Symbol.asyncDispose](): Promise<void>
}

/** What the dataset layer needs of a file system. */
export interface FolderPort {
  /**
   * Everything in a folder, in the order of manifest keys, its content given to `store`.
   * @throws NotFoundError if there is no such folder; @throws InvalidArgumentError if it is a file
   * @throws UnreadableFilesError listing all that cannot be read; @throws FileChangedError for files that never held still
   */
  read(folder: string, store: ContentStore, options: FolderReadOptions): AsyncIterable<ManifestEntry>
  /** How a target stands before a checkout. */
  inspect(folder: string): Promise<'absent' | 'empty' | 'occupied'>
  /** Names that must not be replaced by a checkout even if forced: repositories (`.git`, `.varve`) right in the folder. */
  protectedNames(folder: string): Promise<readonly string[]>
  beginWrite(folder: string): Promise<FolderWriter>
  /** The name that a ref for this folder gets by default: its last segment. */
  nameOf(folder: string): string
}
