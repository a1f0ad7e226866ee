import type { CID } from '../cid/cid.ts'
import { ManifestBuilder } from '../manifest/manifest.ts'
import type { Session } from '../repository/session.ts'
import { isPromise } from '../types.ts'
import { Checkpoints } from './checkpoints.ts'
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

/**
 * Stores all of a folder as a dataset. Nothing leads to it before the session commits something that does.
 * @throws what reading the folder throws (see `FolderPort.read`)
 */
export async function storeFolder(session: Session, port: FolderPort, folder: string, { chunker, before, ...options }: StoreFolderOptions): Promise<StoredRoot> {
  const store = new ChunkedContentStore(session, session, { encoded: session, ...(before === undefined ? {} : { predecessor: new Predecessor(session, before) }) })
  const builder = new ManifestBuilder(session, chunker)
  const checkpoints = new Checkpoints(session)
  for await (const entry of port.read(folder, store, options)) {
    const added = builder.add(entry)
    if (isPromise(added)) await added
    const checkpoint = checkpoints.perhaps()
    if (checkpoint !== undefined) await checkpoint
  }
  const { root, totals } = await builder.finish()
  return { root, files: totals.files, bytes: totals.bytes }
}
