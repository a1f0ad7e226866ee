import type { CID } from '../cid/cid.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import { ManifestBuilder } from '../manifest/manifest.ts'
import type { Session } from '../repository/session.ts'
import { isPromise } from '../types.ts'
import { ChunkedContentStore } from './content-store.ts'
import type { FolderPort, FolderReadOptions } from './interface.ts'
import { Predecessor } from './predecessor.ts'

/** A dataset that a session holds: its root, and what it is made of. */
export interface StoredRoot {
  readonly root: CID
  readonly files: number
  readonly bytes: number
}

export interface StoreFolderOptions extends FolderReadOptions {
  /** Name of the chunker profile, recorded in the manifest. */
  readonly chunker: string
  /** Root that the folder may resemble, so that what changed a little is stored as a delta. */
  readonly before?: CID | undefined
}

/** What is stored is made visible this often, so that a run that is killed need not be repeated from the start. */
const CHECKPOINT_INTERVAL_MS = 30_000
/** A session remembers each block that is not indexed yet, at some 100 bytes: so many of them take no more than the rest of a snapshot does. */
const CHECKPOINT_BLOCKS = 100_000
/** Of small files, so many are stored between looks at whether it is time. */
const SMALL_FILES = 16
const SMALL_FILE_BYTES: number = 1024 * 1024

/**
 * Stores all of a folder as a dataset. Nothing leads to it before the session commits something that does.
 * @throws what reading the folder throws (see `FolderPort.read`)
 */
export async function storeFolder(session: Session, port: FolderPort, folder: string, { chunker, before, ...options }: StoreFolderOptions): Promise<StoredRoot> {
  const store = new ChunkedContentStore(session, session, { encoded: session, ...(before === undefined ? {} : { predecessor: new Predecessor(session, before) }) })
  const builder = new ManifestBuilder(session, chunker)
  let checkpointAt = performance.now() + CHECKPOINT_INTERVAL_MS
  let checkpointBlocks = session.added.blocks + CHECKPOINT_BLOCKS
  let small = 0
  for await (const entry of port.read(folder, store, options)) {
    const added = builder.add(entry)
    if (isPromise(added)) await added
    if (isSmall(entry) && ++small < SMALL_FILES) continue
    small = 0
    if (performance.now() > checkpointAt || session.added.blocks > checkpointBlocks) {
      await session.checkpoint()
      checkpointAt = performance.now() + CHECKPOINT_INTERVAL_MS
      checkpointBlocks = session.added.blocks + CHECKPOINT_BLOCKS
    }
  }
  const { root, totals } = await builder.finish()
  return { root, files: totals.files, bytes: totals.bytes }
}

function isSmall({ value }: ManifestEntry): boolean {
  return !('size' in value) || value.size < SMALL_FILE_BYTES
}
