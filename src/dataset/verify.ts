import { toHex } from '../bytes.ts'
import { type CID, cidText, RAW_CODE } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { CorruptBlockError, MalformedDataError, NotFoundError, VarveError } from '../errors.ts'
import { verifyList } from '../file/index.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import { diffManifests, openManifest, verifyManifest } from '../manifest/manifest.ts'
import { pathToText } from '../manifest/path.ts'
import { addReachable } from '../repository/reachable.ts'
import { ReachedBlocks } from '../repository/reached-blocks.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { type ObjectProblem, type StorageReport, verifyStorage } from '../repository/verify-storage.ts'
import { Pause } from '../repository/pause.ts'
import type { AnyIterable, OperationOptions } from '../types.ts'
import { isDropped } from './evicted-data.ts'
import { snapshotRefs, walkHistory } from './history.ts'
import { leftRoots } from './left-at-remote.ts'
import { resolveWhole } from './revision.ts'

/** A block that cannot be had, and what needs it. */
export interface DamagedBlock {
  readonly cid: string
  readonly reason: string
  /** As `revision:path`, for the newest snapshot of each ref that has it; the revision alone if the damage is in its manifest. */
  readonly paths: readonly string[]
}

export interface VerifyResult {
  readonly ok: boolean
  /** Blocks that were read and hashed, and their bytes. */
  readonly blocks: number
  readonly bytes: number
  readonly damaged: readonly DamagedBlock[]
  /** Objects of the repository that are not as they were written. */
  readonly problems: readonly ObjectProblem[]
  /** Snapshots whose data was left at a remote: nothing of it was looked at. */
  readonly leftAtRemotes: number
  /** Only there, and false, where the repository cannot be listed: what its newest root record leads to was verified, and nothing else was looked for. */
  readonly listed?: false
}

/** A chunk, with the path that needs it, as bytes in a revision, and the size it is said to have. */
interface WantedChunk {
  readonly base: string
  readonly path: Uint8Array
  readonly cid: CID
  readonly size: number
}

/** Gathers damage by block. */
class DamageList {
  readonly #found = new Map<string, { reason: string; paths: Set<string> }>()

  note(cid: CID, reason: string, where?: string): void {
    const name = cidText(cid)
    const entry = this.#found.get(name) ?? { reason, paths: new Set<string>() }
    this.#found.set(name, entry)
    if (where !== undefined) entry.paths.add(where)
  }

  /** What a failed read says about a block; anything else is thrown on. */
  noteError(error: unknown, cid: CID, where: string): void {
    if (!(error instanceof CorruptBlockError || error instanceof NotFoundError || error instanceof MalformedDataError)) throw error
    this.note(cid, error.message, where)
  }

  get isAny(): boolean {
    return this.#found.size > 0
  }

  list(): readonly DamagedBlock[] {
    return [...this.#found].map(([cid, { reason, paths }]) => ({ cid, reason, paths: [...paths] }))
  }
}

/**
 * Reads and hashes every byte of one snapshot: its manifest, whose canonical form is checked too, and the content of every file. Content
 * that stands in several places is read once for each run of neighbours.
 */
export async function verifyRevision(repository: BlockRepository, revision: string, options: OperationOptions = {}): Promise<VerifyResult> {
  const { root } = await resolveWhole(repository, revision)
  const transientBytes = await totalBytes(repository, root)
  const damage = new DamageList()
  let blocks = 0
  let bytes = 0
  const base = revision.replace(/:.*$/s, '')
  const waiting: WantedChunk[] = []
  const chunks = chunksOfEntries(repository, guarded(verifyManifest(repository, root), (error) => damage.noteError(error, root, base)), base, damage, waiting)
  for await (const result of repository.readMany(chunks, { transientBytes })) {
    options.signal?.throwIfAborted()
    const wanted = waiting.shift()
    if ('error' in result) damage.noteError(result.error, result.cid, wanted === undefined ? base : placeOf(wanted))
    else bytes += result.bytes.length
    blocks++
    options.onProgress?.({ type: 'verify', blocks, bytes })
  }
  const damaged = damage.list()
  return { ok: damaged.length === 0, blocks, bytes, damaged, problems: [], leftAtRemotes: 0 }
}

/** What a manifest says; 0 if it cannot be read, which is found out later. */
async function totalBytes(repository: BlockRepository, root: CID): Promise<number> {
  try {
    return (await openManifest(repository, root)).totals.bytes
  } catch (error) {
    if (error instanceof VarveError) return 0
    throw error
  }
}

/** Reads and hashes every byte that the repository holds, then follows every ref through its history and names the paths that damage reaches. */
export async function verifyRepository(repository: BlockRepository, options: OperationOptions = {}): Promise<VerifyResult> {
  const report = await verifyStorage(repository, options)
  const damage = new DamageList()
  for (const { cid, reason } of report.damaged.values()) damage.note(cid, reason)
  const problems = [...report.problems]
  const seen = new Set<string>()
  let leftAtRemotes = 0
  try {
    const evicted = await repository.evicted()
    const left = await leftRoots(repository)
    for await (const { name, target } of snapshotRefs(repository)) {
      options.signal?.throwIfAborted()
      await verifyHistory(repository, report, damage, { name, target, seen, evicted, onDropped: (root) => (leftAtRemotes += left.has(toHex(root.multihash.digest)) ? 1 : 0) })
    }
    for await (const { name, target } of repository.refs(OWN_REFS)) await verifyRecords(repository, damage, { name, target, evicted })
  } catch (error) {
    if (!(error instanceof VarveError)) throw error
    const known = problems.some(({ key }) => key === error.data['key'])
    if (!known) problems.push({ key: 'the tree of refs', problem: error.message })
  }
  const damaged = damage.list()
  return { ok: damaged.length === 0 && problems.length === 0, blocks: report.blocks, bytes: report.bytes, damaged, problems, leftAtRemotes, ...(report.isListed ? {} : { listed: false }) }
}

const OWN_REFS = '_varve/'

/** What varve keeps for itself, as the records of derivations: that all they lead to is there, but for what was dropped. Reads every tree node below, and holds 40 bytes a block. */
async function verifyRecords(repository: BlockRepository, damage: DamageList, { name, target, evicted }: Pick<HistoryOfRef, 'name' | 'target' | 'evicted'>): Promise<void> {
  await addReachable(repository.here, [target], new ReachedBlocks(), {
    follows: (cid) => !evicted.has(toHex(cid.multihash.digest)),
    onMissing: (cid, error) => damage.note(cid, error?.message ?? 'it is not in the repository', name),
  })
}

interface HistoryOfRef {
  readonly name: string
  readonly target: CID
  readonly seen: Set<string>
  readonly evicted: ReadonlySet<string>
  /** Told of the root of each snapshot whose data is not to be here. */
  readonly onDropped: (root: CID) => void
}

/**
 * The newest snapshot of a ref is checked entry by entry; of each older one only what the one after it does not have, unless damage
 * was found, whose paths are wanted in all of them.
 */
async function verifyHistory(repository: BlockRepository, report: StorageReport, damage: DamageList, { name, target, seen, evicted, onDropped }: HistoryOfRef): Promise<void> {
  const { here } = repository
  let age = 0
  let newer: CID | undefined
  try {
    for await (const { cid, snapshot } of walkHistory(here, target, seen)) {
      // Its data was removed on purpose, or left elsewhere; only the record of it is kept.
      if (isDropped(evicted, cid, snapshot.root)) {
        onDropped(snapshot.root)
        age++
        continue
      }
      const revision = age === 0 ? name : `${name}~${age}`
      const older = newer
      const entries = older === undefined || report.damaged.size > 0 || report.brokenPacks.size > 0 || damage.isAny ? verifyManifest(here, snapshot.root) : onlyIn(here, older, snapshot.root)
      const noteManifest = (error: unknown): void => damage.noteError(error, snapshot.root, revision)
      for await (const chunk of contentOf(here, guarded(entries, noteManifest), revision, damage)) {
        const reason = await lost(repository, report, chunk)
        if (reason !== undefined) damage.note(chunk.cid, reason, placeOf(chunk))
      }
      newer = snapshot.root
      age++
    }
  } catch (error) {
    damage.noteError(error, target, age === 0 ? name : `${name}~${age}`)
  }
}

async function* onlyIn(repository: BlockSource, newer: CID, older: CID): AsyncGenerator<ManifestEntry> {
  for await (const { path, after } of diffManifests(repository, newer, older)) if (after !== undefined) yield { path, value: after }
}

/** Why a block that a manifest names cannot be had, or undefined if it can. */
async function lost(repository: BlockRepository, report: StorageReport, { cid, size }: WantedChunk): Promise<string | undefined> {
  const locations = await repository.indexes.find(cid.multihash.digest)
  if (locations.length === 0) return 'it is not in the repository'
  if (locations.some((location) => location.size !== size)) return `the link to it says that it has ${size} bytes`
  const known = report.damaged.size === 0 ? undefined : report.damaged.get(toHex(cid.multihash.digest))
  if (known !== undefined) return known.reason
  if (!locations.every(({ pack }) => report.brokenPacks.has(pack))) return undefined
  try {
    await repository.here.get(cid)
    return undefined
  } catch (error) {
    if (error instanceof VarveError) return error.message
    throw error
  }
}

/** The chunks of all entries, each with its path; list trees are checked on the way. */
async function* contentOf(repository: BlockSource, entries: AnyIterable<ManifestEntry>, base: string, damage: DamageList): AsyncGenerator<WantedChunk> {
  const pause = new Pause()
  for await (const { path, value } of entries) {
    await pause.take()
    if (value.kind !== 'file' && value.kind !== 'executable') continue
    if (value.cid.code === RAW_CODE) yield { base, path, cid: value.cid, size: value.size }
    else {
      const chunks = guarded(verifyList(repository, value, { seen: new Set() }), (error) => damage.noteError(error, value.cid, placeOf({ base, path })))
      for await (const { cid, size } of chunks) yield { base, path, cid, size }
    }
  }
}

/** Made into text only where it is told: most chunks are sound. */
function placeOf({ base, path }: Pick<WantedChunk, 'base' | 'path'>): string {
  return `${base}:${pathToText(path)}`
}

/** The same for a reader: notes in `waiting`, in order, which path each chunk is for. */
async function* chunksOfEntries(
  repository: BlockRepository, entries: AnyIterable<ManifestEntry>, base: string, damage: DamageList, waiting: WantedChunk[],
): AsyncGenerator<WantedChunk> {
  for await (const chunk of contentOf(repository, entries, base, damage)) {
    waiting.push(chunk)
    yield chunk
  }
}

/** Ends the iteration where it fails, and reports why. */
async function* guarded<T>(items: AsyncIterable<T>, onError: (error: unknown) => void): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    onError(error)
  }
}
