import { type CID, cidText, DAG_CBOR_CODE, RAW_CODE } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { InvalidArgumentError, MalformedDataError, NotFoundError, RefConflictError } from '../errors.ts'
import { verifyList } from '../file/index.ts'
import { openManifest, verifyManifest } from '../manifest/manifest.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { parseUserRefName } from '../repository/ref-name.ts'
import type { Session } from '../repository/session.ts'
import { Pause } from '../repository/pause.ts'
import type { AnyIterable, OperationOptions } from '../types.ts'
import { readCar } from './car-reader.ts'
import { walkHistory } from './history.ts'
import { recordSnapshot, type SnapshotDetails } from './record-snapshot.ts'
import type { SnapshotResult } from './results.ts'
import { rootOfRef } from './root-of-ref.ts'
import { readSnapshot } from './snapshot-object.ts'

export interface ImportOptions extends OperationOptions, SnapshotDetails {
  /** Where the imported data goes. A CAR file with history becomes this ref, which must be new or one of the snapshots in it. */
  readonly ref: string
}

/**
 * Brings in a CAR file: every block is hashed, the manifest checked to be canonical, and every chunk known to be there, before a ref points to it.
 * @throws MalformedDataError if the file is damaged, incomplete, or holds something else than a dataset
 */
export async function importCar(repository: BlockRepository, source: AnyIterable<Uint8Array>, options: ImportOptions): Promise<SnapshotResult> {
  await repository.refresh()
  return repository.withSession((session) => importInto(repository, session, source, options))
}

async function importInto(repository: BlockRepository, session: Session, source: AnyIterable<Uint8Array>, options: ImportOptions): Promise<SnapshotResult> {
  const startedAt = performance.now()
  const ref = parseUserRefName(options.ref)
  const before = await rootOfRef(repository, ref)
  const top = await storeBlocks(session, source, options)
  const storedBlocks = session.added.blocks
  const heads = await rootsToCheck(session, top)
  const checked = new Set<string>()
  for (const root of heads) await assertComplete(session, root, { checked, pause: new Pause(options.signal) })
  const parent = await repository.getRef(ref)
  const isRoot = heads.length === 1 && heads[0]?.equals(top) === true
  const recorded = isRoot ? await recordSnapshot(repository, session, ref, top, options, 'import') : await adoptHistory(session, ref, { snapshot: top, parent, whole: heads }, options)
  const root = isRoot ? top : (await readSnapshot(session, top)).root
  const { totals } = await openManifest(session, root)
  const { contentBytes, storedBytes } = session.added
  return {
    root: cidText(root), snapshot: cidText(recorded.snapshot), ref, parent: recorded.parent === undefined ? null : cidText(recorded.parent), created: recorded.created,
    files: totals.files, bytes: totals.bytes, newFiles: totals.files, newBytes: contentBytes, restoredBlocks: before?.equals(root) === true ? storedBlocks : 0, storedBytes, elapsedMs: Math.round(performance.now() - startedAt), skipped: [],
  }
}

async function storeBlocks(session: Session, source: AnyIterable<Uint8Array>, options: OperationOptions): Promise<CID> {
  const car = await readCar(source)
  let [blocks, total] = [0, 0]
  for await (const { cid, bytes } of car.blocks) {
    options.signal?.throwIfAborted()
    const stored = await session.put(cid.code === RAW_CODE ? RAW_CODE : DAG_CBOR_CODE, bytes)
    if (!stored.equals(cid)) throw new MalformedDataError(`Block ${cidText(cid)} of the CAR file does not hash to its CID`, { data: { cid: cidText(cid) } })
    options.onProgress?.({ type: 'transfer', blocks: ++blocks, bytes: (total += bytes.length) })
  }
  return car.root
}

/** The manifests below the top block: itself, or those of a snapshot and all before it. */
async function rootsToCheck(session: Session, top: CID): Promise<readonly CID[]> {
  const type = top.code === DAG_CBOR_CODE ? (decodeCbor(await fromFile(session, top)) as { type?: unknown } | null)?.type : undefined
  if (type === 'manifest') return [top]
  if (type !== 'snapshot') {
    throw new MalformedDataError('The CAR file holds no dataset of varve', {
      hint: 'Import what `varve export --format car` wrote, or unpack the file with the tool that made it and take a snapshot.',
    })
  }
  const roots: CID[] = []
  for await (const { snapshot } of walkHistory(stored(session), top)) roots.push(snapshot.root)
  return roots
}

async function assertComplete(session: Session, root: CID, { checked, pause }: { checked: Set<string>; pause: Pause }): Promise<void> {
  const nodes = stored(session)
  for await (const { value } of verifyManifest(nodes, root)) {
    await pause.take()
    if (value.kind !== 'file' && value.kind !== 'executable') continue
    if (value.cid.code === RAW_CODE) await assertThere(session, value)
    else {
      for await (const chunk of verifyList(nodes, value, { seen: checked })) {
        await pause.take()
        await assertThere(session, chunk)
      }
    }
  }
}

async function assertThere(session: Session, { cid, size }: { readonly cid: CID; readonly size: number }): Promise<void> {
  const actual = await session.sizeOf(cid)
  if (actual === undefined) throw new MalformedDataError(`The CAR file is incomplete: block ${cidText(cid)} is missing`, { data: { cid: cidText(cid) } })
  if (actual !== size) {
    throw new MalformedDataError(`Block ${cidText(cid)} of the CAR file has ${actual} bytes and not ${size}, as the link to it says`, {
      data: { cid: cidText(cid) },
    })
  }
}

/** What the repository itself holds: that a remote has a block does not make the file complete. */
function stored(session: Session): BlockSource {
  return {
    get: async (cid) => {
      if (await session.has(cid)) return session.get(cid)
      throw new NotFoundError(`Block ${cidText(cid)} is neither in the file nor in the repository`, { data: { cid: cidText(cid) } })
    },
  }
}

async function fromFile(session: Session, cid: CID): Promise<Uint8Array> {
  try {
    return await stored(session).get(cid)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new MalformedDataError(`The CAR file is incomplete: its root ${cidText(cid)} is missing`, { cause: error, data: { cid: cidText(cid) } })
  }
}

/** Points the ref to an imported snapshot, if that does not drop anything that the ref held. */
async function adoptHistory(
  session: Session, ref: string, { snapshot, parent, whole }: { readonly snapshot: CID; readonly parent: CID | undefined; readonly whole: readonly CID[] }, { message = '', author, expected }: SnapshotDetails,
): Promise<{ snapshot: CID; parent: CID | undefined; created: boolean }> {
  if (expected !== undefined && String(expected) !== String(parent ?? null)) {
    throw new RefConflictError(`${ref} points to ${String(parent ?? 'nothing')} and not to ${String(expected ?? 'nothing')}`, { data: { ref, expected: String(expected), actual: parent?.toString() ?? null } })
  }
  if (parent !== undefined) {
    let follows = false
    for await (const { cid } of walkHistory(session, snapshot)) follows ||= cid.equals(parent)
    if (!follows) {
      throw new InvalidArgumentError(`${ref} holds a history that the file does not continue`, { data: { ref }, hint: 'Import it under another ref.' })
    }
  }
  await session.commit({ action: 'import', message, actor: author ?? null, refs: [{ name: ref, expected: parent ?? null, target: snapshot }], whole })
  return { snapshot, parent, created: parent?.equals(snapshot) !== true }
}
