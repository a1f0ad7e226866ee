import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE, DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import { MAX_NODE_SIZE_BYTES } from '../codec/dag-cbor.ts'
import { InvalidArgumentError, RefConflictError } from '../errors.ts'
import type { BlockRepository, Session } from '../repository/index.ts'
import type { JsonValue } from '../types.ts'
import { encodeSnapshot, readSnapshot, type SnapshotSource } from './snapshot-object.ts'

const PLACEHOLDER: CID = cidFromDigest({ code: 0x12 }, DAG_CBOR_CODE, new Uint8Array(DIGEST_SIZE_BYTES))

/** What a snapshot says beside its data. */
export interface SnapshotDetails {
  /** Why the data is as it is, or changed. */
  readonly message?: string
  readonly author?: string
  /** When the data became as it is, RFC 3339, UTC; default now. For history that is brought along. */
  readonly time?: string
  readonly source?: Partial<SnapshotSource>
  /** Any JSON. */
  readonly meta?: { readonly [key: string]: JsonValue }
  /** The CID that the ref must have now, or null if it must not exist; by default the snapshot follows whatever is there. */
  readonly expected?: CID | string | null
}

export interface RecordedSnapshot {
  readonly snapshot: CID
  readonly parent: CID | undefined
  /** False if the ref held the same data already and nothing new was said about it: no snapshot was made. */
  readonly created: boolean
}

/**
 * Commits a root as the next snapshot of a ref. All that the root leads to must have gone through the session. If another writer moved the ref meanwhile, the snapshot follows that one's.
 * @throws RefConflictError if `expected` was given and is not where the ref is
 */
export async function recordSnapshot(
  repository: BlockRepository, session: Session, ref: string, root: CID, details: SnapshotDetails, action = 'snapshot',
): Promise<RecordedSnapshot> {
  for (;;) {
    const parent = await repository.getRef(ref)
    assertExpected(ref, parent, details.expected)
    if (parent !== undefined && saysNothingNew(details) && (await readSnapshot(session, parent)).root.equals(root)) {
      // Blocks may have been stored again that were lost.
      await session.checkpoint()
      if (await repository.isEvicted(root)) await session.commit({ action: 'restore', whole: [root] })
      // Another process may have committed this snapshot a moment ago, and not be sure of it yet.
      await repository.settle()
      return { snapshot: parent, parent, created: false }
    }
    const { message = '', author = null } = details
    const bytes = encodeDetails(root, parent, repository.platform.now(), details)
    const snapshot = await session.put(DAG_CBOR_CODE, bytes)
    try {
      await session.commit({ action, message, actor: author, refs: [{ name: ref, expected: parent ?? null, target: snapshot }], whole: [root] })
      return { snapshot, parent, created: true }
    } catch (error) {
      if (!(error instanceof RefConflictError) || details.expected !== undefined) throw error
      await repository.refresh()
    }
  }
}

/**
 * Checks what can be checked before hours of storing.
 * @throws InvalidArgumentError if the details cannot be kept in a snapshot
 */
export function assertDetails(details: SnapshotDetails): void {
  const size = encodeDetails(PLACEHOLDER, PLACEHOLDER, new Date(0), details).length
  if (size > MAX_NODE_SIZE_BYTES) throw new InvalidArgumentError(`Message, source and meta of a snapshot take ${size} bytes; ${MAX_NODE_SIZE_BYTES} are possible`, { hint: 'Keep large data in the dataset itself.' })
}

function encodeDetails(root: CID, parent: CID | undefined, now: Date, { message = '', author, time = now.toISOString(), source, meta = {} }: SnapshotDetails): Uint8Array {
  return encodeSnapshot({ root, parents: parent === undefined ? [] : [parent], message, author: author ?? null, time, source: completeSource(source), meta })
}

function saysNothingNew({ message, source, meta }: SnapshotDetails): boolean {
  return (message === undefined || message === '') && source === undefined && (meta === undefined || Object.keys(meta).length === 0)
}

function completeSource(source: Partial<SnapshotSource> | undefined): SnapshotSource | null {
  return source === undefined ? null : { uri: source.uri ?? null, retrievedAt: source.retrievedAt ?? null, licence: source.licence ?? null }
}

function assertExpected(ref: string, actual: CID | undefined, expected: CID | string | null | undefined): void {
  if (expected === undefined) return
  const wanted = expected === null ? null : expected.toString()
  const found = actual === undefined ? null : cidText(actual)
  if (wanted !== found) {
    throw new RefConflictError(`${ref} points to ${found ?? 'nothing'} and not to ${wanted ?? 'nothing'}`, { data: { ref, expected: wanted, actual: found } })
  }
}
