import type { CID } from '../../cid/cid.ts'
import { ChunkedContentStore } from '../../dataset/content-store.ts'
import { Predecessor } from '../../dataset/predecessor.ts'
import type { StoredRoot } from '../../dataset/store-folder.ts'
import { VarveError } from '../../errors.ts'
import type { ManifestValue } from '../../manifest/interface.ts'
import { ManifestBuilder } from '../../manifest/manifest.ts'
import { assertPath } from '../../manifest/path.ts'
import type { Session } from '../../repository/session.ts'
import { isPromise } from '../../types.ts'
import { bytesOf, type ByteText, lossyText } from '../byte-text.ts'
import { isExecutable, nodeFolderCalls, typeOf } from '../folder-calls.ts'
import { Pace } from '../pace.ts'
import { readFile } from '../read-file.ts'
import type { CodeCache } from './code-cache.ts'
import { BlobHashingStore } from './git-blob-id.ts'
import type { TreeFile } from './repository-tree.ts'
import { secretInFile } from './secret-file.ts'

export interface StoreFilesOptions {
  readonly chunker: string
  /** Root of the code of a run before. */
  readonly before?: CID | undefined
  /** Hex digits of the ids of git. Default 40. */
  readonly idLength?: number
  /** Files that stand as they did are not read. */
  readonly cache?: CodeCache | undefined
  readonly signal?: AbortSignal | undefined
}

export interface StoredContent {
  /** What git would call the bytes that were read; undefined if the file stands as it did when it was read for a capture before. */
  readonly blob: string | undefined
  /** Whether any of it was not in the repository before. */
  readonly isNew: boolean
}

export interface StoredFiles extends StoredRoot {
  /** What is known of each file and link that was stored, by path. */
  readonly contents: ReadonlyMap<ByteText, StoredContent>
  readonly missing: readonly string[]
  /** Paths of files with secrets in them, which were not stored. */
  readonly secrets: readonly ByteText[]
}

/** Stores files of a working tree, and empty folders, as a manifest. Of what is not as committed, files with well-known secrets in them are left out. Failures of the session are thrown. */
export async function storeFiles(session: Session, files: readonly TreeFile[], folders: readonly ByteText[], { chunker, before, signal, cache, idLength = 40 }: StoreFilesOptions): Promise<StoredFiles> {
  const store = new BlobHashingStore(new ChunkedContentStore(session, session, before === undefined ? {} : { predecessor: new Predecessor(session, before) }), idLength)
  const contents = new Map<ByteText, StoredContent>()
  const builder = new ManifestBuilder(session, chunker)
  const missing: string[] = []
  const secrets: ByteText[] = []
  const pace = new Pace(signal, () => undefined)
  const pause = (): Promise<void> | undefined => pace.pause()
  // What git tracks below a name that became a link meanwhile would be read through the link.
  let leaf: ByteText | undefined
  for (const item of inKeyOrder([...files, ...folders.map((path) => ({ path }))])) {
    await pause()
    const path = bytesOf(item.path)
    try {
      assertPath(path)
    } catch (error) {
      if (!(error instanceof VarveError)) throw error
      missing.push(`Not stored: ${error.message}`)
      continue
    }
    if (!('at' in item)) {
      await builder.add({ path, value: { kind: 'directory' } })
      continue
    }
    if (leaf !== undefined && item.path.startsWith(`${leaf}/`)) {
      missing.push(`${lossyText(item.path)} was not stored: ${lossyText(leaf)} is no folder`)
      continue
    }
    const secret = item.isCommitted ? undefined : secretInFile(item.at)
    if (secret !== undefined) {
      secrets.push(item.path)
      missing.push(`${lossyText(item.path)} was not stored: it holds what looks like ${secret}`)
      continue
    }
    const blocks = session.added.blocks
    const read = await readEntry(item, path, { store, cache, pause })
    if (typeof read === 'string') missing.push(`${lossyText(item.path)} was not stored: ${read}`)
    else {
      leaf = item.path
      contents.set(item.path, { blob: read.blob, isNew: session.added.blocks !== blocks })
      const added = builder.add({ path, value: read.value })
      if (isPromise(added)) await added
    }
  }
  const { root, totals } = await builder.finish()
  return { root, files: totals.files, bytes: totals.bytes, contents, missing, secrets }
}

interface EntryReading {
  readonly store: BlobHashingStore
  readonly cache: CodeCache | undefined
  readonly pause: () => Promise<void> | undefined
}

async function readEntry({ at, path, facts }: TreeFile, name: Uint8Array, { store, cache, pause }: EntryReading): Promise<{ readonly value: ManifestValue; readonly blob: string | undefined } | string> {
  if (typeOf(facts) === 'symlink') {
    try {
      const target = new Uint8Array(nodeFolderCalls.target(at))
      return { value: { kind: 'symlink', target }, blob: store.blobOf(target) }
    } catch (error) {
      return (error as Error).message
    }
  }
  const key = keyOf(path)
  const known = cache?.find(key, facts)
  if (known !== undefined && (await store.holds(known))) {
    cache?.remember(key, facts, known)
    return { value: { kind: isExecutable(facts) ? 'executable' : 'file', cid: known.cid, size: known.size }, blob: undefined }
  }
  store.expect(Number(facts.size))
  const reading = await readFile(at, store, { calls: nodeFolderCalls, name, pause })
  switch (reading.outcome) {
    case 'absent': return 'it was deleted meanwhile'
    case 'changed': return 'it was written to whenever it was read'
    case 'unreadable': return (reading.error as Error).message
    case 'read': {
      cache?.remember(key, reading.facts, reading.content)
      return { value: { kind: isExecutable(reading.facts) ? 'executable' : 'file', ...reading.content }, blob: store.blob }
    }
  }
}

function keyOf(path: ByteText): ByteText {
  return path.replaceAll('/', '\0') as ByteText
}

/** Sorted as keys of manifests are: `/` before every other character. */
function inKeyOrder<T extends { readonly path: ByteText }>(items: readonly T[]): readonly T[] {
  const keyed = items.map((item) => ({ key: keyOf(item.path), item }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ item }) => item)
}
