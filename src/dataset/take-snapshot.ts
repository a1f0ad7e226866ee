import { type CID, cidText } from '../cid/cid.ts'
import type { CompressionMode } from '../codec/block-compression.ts'
import { InvalidArgumentError, VarveError } from '../errors.ts'
import { diffManifests } from '../manifest/manifest.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { isTagName, parseUserRefName } from '../repository/ref-name.ts'
import type { Session } from '../repository/session.ts'
import type { AnyIterable, ProgressEvent } from '../types.ts'
import { ChunkedContentStore } from './content-store.ts'
import { storeEntries, type InputEntry } from './input-entries.ts'
import type { FolderPort, FolderReadOptions, SkippedPath } from './interface.ts'
import { Predecessor } from './predecessor.ts'
import { assertDetails, recordSnapshot, type RecordedSnapshot, type SnapshotDetails } from './record-snapshot.ts'
import { defaultRefName } from './default-ref-name.ts'
import type { SnapshotResult } from './results.ts'
import { rootOfRef } from './root-of-ref.ts'
import { readSnapshot } from './snapshot-object.ts'
import { storeFolder, type StoredRoot } from './store-folder.ts'

export interface SnapshotOptions extends SnapshotDetails, FolderReadOptions {
  /** Default: the name of the folder. Entries without a folder need one. */
  readonly ref?: string
  /** Default `auto`. */
  readonly compression?: CompressionMode
  /** Of several entries with one path, keep the last, as tar does; by default that is an error. */
  readonly lastWins?: boolean
}

/** What a snapshot is taken of. */
export type SnapshotInput = { readonly folder: string; readonly port: FolderPort } | { readonly entries: AnyIterable<InputEntry> }

export async function takeSnapshot(repository: BlockRepository, input: SnapshotInput, options: SnapshotOptions): Promise<SnapshotResult> {
  const startedAt = performance.now()
  const ref = chooseRef(input, options.ref)
  const skipped: SkippedPath[] = []
  assertDetails(options)
  await repository.refresh()
  const { stored, added, recorded, newFiles, restoredBlocks } = await repository.withSession(async (session) => {
    // Its files are what the new ones may resemble.
    const before = await rootOfRef(repository, ref)
    // What is not here cannot be what a delta is made from.
    const likely = before !== undefined && (await repository.isEvicted(before)) ? undefined : before
    const stored = await resumable(session, () => storeInput(session, repository, input, options, { before: likely, skipped }))
    const restoredBlocks = before?.equals(stored.root) === true ? session.added.blocks : 0
    const recorded = await recordSnapshot(repository, session, ref, stored.root, options)
    // While the session's lease stands, so that what it compares with cannot be removed.
    return { stored, recorded, restoredBlocks, newFiles: await countNewFiles(repository, recorded, stored), added: session.added }
  }, options.compression === undefined ? {} : { compression: options.compression })
  return {
    root: cidText(stored.root), snapshot: cidText(recorded.snapshot), ref, parent: recorded.parent === undefined ? null : cidText(recorded.parent), created: recorded.created,
    files: stored.files, bytes: stored.bytes, newFiles, newBytes: added.contentBytes, restoredBlocks, storedBytes: added.storedBytes,
    elapsedMs: Math.round(performance.now() - startedAt), skipped,
  }
}

/** If the work fails or is stopped, what is stored so far is kept for the next attempt, where that is still possible. */
async function resumable<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await session.checkpoint().catch(() => undefined)
    throw error
  }
}

async function storeInput(
  session: Session, repository: BlockRepository, input: SnapshotInput, options: SnapshotOptions, { before, skipped }: { readonly before: CID | undefined; readonly skipped: SkippedPath[] },
): Promise<StoredRoot> {
  const { chunker } = repository.config
  if ('entries' in input) {
    let files = 0
    let bytes = 0
    const onEntry = (size: number): void => options.onProgress?.({ type: 'store', files: ++files, bytes: (bytes += size), newBytes: session.added.contentBytes })
    const store = new ChunkedContentStore(session, session, { encoded: session, ...(before === undefined ? {} : { predecessor: new Predecessor(session, before) }) })
    return storeEntries(session, store, input.entries, { chunker, onEntry, ...pick(options) })
  }
  const readOptions: FolderReadOptions = {
    ...options,
    onSkipped: (path) => {
      skipped.push(path)
      options.onSkipped?.(path)
    },
    ...(options.onProgress === undefined ? {} : { onProgress: (event) => options.onProgress?.(asStoreEvent(event, session)) }),
  }
  return storeFolder(session, input.port, input.folder, { ...readOptions, chunker, before })
}

/** Readers report what they hash; only here is it known how much of that is new. */
function asStoreEvent(event: ProgressEvent, session: Session): ProgressEvent {
  return event.type === 'hash' ? { ...event, type: 'store', newBytes: session.added.contentBytes } : event
}

async function countNewFiles(repository: BlockRepository, recorded: RecordedSnapshot, stored: StoredRoot): Promise<number> {
  if (!recorded.created) return 0
  if (recorded.parent === undefined) return stored.files
  try {
    const before = (await readSnapshot(repository, recorded.parent)).root
    let count = 0
    for await (const { after } of diffManifests(repository, before, stored.root)) if (after?.kind === 'file' || after?.kind === 'executable') count++
    return count
  } catch (error) {
    // The snapshot is committed, and must not look failed because garbage collection drops the one before at this moment.
    if (error instanceof VarveError) return stored.files
    throw error
  }
}

function chooseRef(input: SnapshotInput, ref: string | undefined): string {
  const name = ref ?? ('folder' in input ? defaultRefName(input.port.nameOf(input.folder)) : undefined)
  if (name === undefined) throw new InvalidArgumentError('A snapshot of entries needs a ref', { hint: "Pass { ref: 'name' }." })
  if (isTagName(parseUserRefName(name))) {
    throw new InvalidArgumentError(`"${name}" is the name of a tag; a snapshot needs a ref`, { hint: 'Take the snapshot under the ref, then tag it.' })
  }
  return name
}

function pick({ lastWins, signal }: SnapshotOptions): { lastWins?: boolean; signal?: AbortSignal } {
  return { ...(lastWins === undefined ? {} : { lastWins }), ...(signal === undefined ? {} : { signal }) }
}
