import { type BlockCode, type CID, cidOf, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { VarveError, WouldOverwriteError } from '../errors.ts'
import { diffManifests, ManifestBuilder } from '../manifest/manifest.ts'
import { displayPath } from '../manifest/path.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import { isDropped } from './evicted-data.ts'
import { folderEntries } from './folder-state.ts'
import { formerSnapshots } from './former-snapshots.ts'
import { goneDigests } from './left-at-remote.ts'
import { snapshotRefs, walkHistory } from './history.ts'
import type { FolderPort } from './interface.ts'

const REPORTED_PATHS = 10

/** What a folder holds now: a manifest whose nodes are in memory, beside those of the repository. */
export interface FolderSnapshot {
  readonly root: CID
  readonly nodes: BlockSource
}

/** Hashes everything in a folder, ignored or not: all of it counts when it is about to be replaced. */
export async function folderSnapshot(repository: BlockRepository, port: FolderPort, folder: string, signal: AbortSignal | undefined): Promise<FolderSnapshot> {
  const nodes = new NodesBeside(repository)
  const builder = new ManifestBuilder(nodes, repository.config.chunker)
  const entries = folderEntries(repository, port, folder, { defaultIgnores: false, ignoreFiles: false, ...(signal === undefined ? {} : { signal }) })
  for await (const entry of entries) {
    const added = builder.add(entry)
    if (isPromise(added)) await added
  }
  return { root: (await builder.finish()).root, nodes }
}

/**
 * A folder may be replaced if the revision that is wanted, or one snapshot of any ref, holds every file and link that is in it. It may lack some.
 * @throws WouldOverwriteError naming what would be lost, beside the snapshot that comes closest
 */
export async function assertNothingLost(repository: BlockRepository, current: FolderSnapshot, folder: string, wanted: CID): Promise<void> {
  let closest = await lostBeside(current, wanted)
  const seen = new Set<string>()
  const gone = await goneDigests(repository)
  for await (const { target } of snapshotRefs(repository)) {
    for await (const { cid, snapshot } of walkHistory(repository, target, seen)) {
      if (closest.count === 0) return
      if (isDropped(gone, cid, snapshot.root)) continue
      const lost = await lostBeside(current, snapshot.root)
      if (lost.count < closest.count) closest = lost
    }
  }
  if (closest.count === 0) return
  await assertNotFormer(repository, current, folder, seen)
  const { count, paths } = closest
  const more = count > paths.length ? `, and ${count - paths.length} more` : ''
  throw new WouldOverwriteError(`${folder} holds what no snapshot has: ${paths.join(', ')}${more}`, { data: { folder, paths, count } })
}

/** A snapshot that a ref has led to may be about to go, so that it does not count; but another snapshot is not what keeps it. @throws WouldOverwriteError */
async function assertNotFormer(repository: BlockRepository, current: FolderSnapshot, folder: string, known: ReadonlySet<string>): Promise<void> {
  for await (const { cid, snapshot, ref } of formerSnapshots(repository, known)) {
    if ((await beside(current, snapshot.root)).count > 0) continue
    const name = cidText(cid)
    throw new WouldOverwriteError(`${folder} holds what only snapshot ${name} has, which ${ref} was moved away from: nothing leads to it any more`, {
      data: { folder, snapshot: name, ref }, hint: `To keep it, give it a name: varve tag ${ref.split('@')[0]}@before ${name}. To let go of it: --force.`,
    })
  }
}

/** The same; where the data of a root is gone, everything counts as lost. */
async function beside(current: FolderSnapshot, held: CID): Promise<{ count: number; paths: readonly string[] }> {
  try {
    return await lostBeside(current, held)
  } catch (error) {
    if (error instanceof VarveError) return { count: Infinity, paths: [] }
    throw error
  }
}

/** What a folder has and a root has not, or otherwise. An empty folder is nothing to lose. */
async function lostBeside({ root, nodes }: FolderSnapshot, held: CID): Promise<{ count: number; paths: readonly string[] }> {
  const paths: string[] = []
  let count = 0
  for await (const { path, after } of diffManifests(nodes, held, root)) {
    if (after === undefined || after.kind === 'directory') continue
    count++
    if (paths.length < REPORTED_PATHS) paths.push(displayPath(path))
  }
  return { count, paths }
}

/** Nodes of a manifest that is in no repository, kept in memory: some 60 bytes a file. */
class NodesBeside implements BlockSource, BlockSink {
  readonly #repository: BlockRepository
  readonly #nodes = new Map<string, Uint8Array>()

  constructor(repository: BlockRepository) {
    this.#repository = repository
  }

  get(cid: CID): MaybePromise<Uint8Array> {
    return this.#nodes.get(cidText(cid)) ?? this.#repository.get(cid)
  }

  put(code: BlockCode, bytes: Uint8Array): CID {
    const cid = cidOf(this.#repository.hasher, code, bytes)
    if (code === DAG_CBOR_CODE) this.#nodes.set(cidText(cid), bytes.slice())
    return cid
  }
}
