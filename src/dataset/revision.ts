import { type CID, cidText, parseCid } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import { AmbiguousRevisionError, InvalidArgumentError, MalformedDataError, NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { evictedError } from '../repository/evicted.ts'
import { parseRefName } from '../repository/ref-name.ts'
import { isReservedName } from '../repository/reserved-name.ts'
import { shownTracked, trackedRef } from '../repository/tracked-ref.ts'
import { bringBack } from './evicted-data.ts'
import { snapshotRefs, walkHistory } from './history.ts'
import { firstNames, nearest } from './near-names.ts'
import { readSnapshot, type Snapshot } from './snapshot-object.ts'

/** A revision as typed: `mnist/raw@v2~1:train/0.png`. */
interface ParsedRevision {
  /** A ref, a tag, a CID, or the beginning of one. */
  readonly base: string
  /** How many first parents to go back. */
  readonly ancestors: number
  readonly path: string | undefined
}

/** What a revision stands for. */
export interface ResolvedRevision {
  /** Undefined if the revision names a root by its CID: a root has no history. */
  readonly snapshot: CID | undefined
  readonly root: CID
  readonly path: string | undefined
  /** The ref or tag by which it was named, if it was. */
  readonly ref: string | undefined
}

const MIN_PREFIX_LENGTH = 8
const REVISION = /^([^~:]+)((?:~\d*)*)(?::(.*))?$/su

/** @throws InvalidArgumentError if the text is no revision */
function parseRevision(text: string): ParsedRevision {
  const match = REVISION.exec(text)
  if (match?.[1] === undefined) {
    throw new InvalidArgumentError(`"${text}" is not a revision`, {
      data: { revision: text }, hint: 'Write a ref, ref@tag, ref~1, a CID or the beginning of one, with :path for a path in it.',
    })
  }
  const steps = (match[2] ?? '').split('~').slice(1)
  return { base: match[1], ancestors: steps.reduce((sum, step) => sum + (step === '' ? 1 : Number(step)), 0), path: match[3]?.replace(/^(\.\/)+/, '') }
}

/**
 * Finds what a revision stands for. A ref or tag comes before a CID of the same letters.
 * @throws NotFoundError if nothing has that name, the history is too short, or garbage collection has removed the data
 * @throws AmbiguousRevisionError if the beginning of a CID fits more than one snapshot or root
 */
export async function resolveRevision(repository: BlockRepository, text: string): Promise<ResolvedRevision> {
  const resolved = await resolveRecord(repository, text)
  const { snapshot, root } = resolved
  if (snapshot !== undefined && (await repository.isEvicted(snapshot)) && !(await repository.has(root))) throw evictedError(snapshot)
  await bringBack(repository, root)
  return resolved
}

/** The same for what needs all of the data: of a snapshot that garbage collection dropped, some may still happen to be there. */
export async function resolveWhole(repository: BlockRepository, text: string): Promise<ResolvedRevision> {
  const resolved = await resolveRecord(repository, text)
  const { snapshot, root } = resolved
  if (snapshot !== undefined && (await repository.isEvicted(snapshot))) throw evictedError(snapshot)
  await bringBack(repository, root)
  return resolved
}

/** The same for a snapshot of which only the record may be left. */
export async function resolveRecord(repository: BlockRepository, text: string): Promise<ResolvedRevision> {
  const { base, ancestors, path } = parseRevision(text)
  const found = await resolveBase(repository, base)
  if (ancestors === 0) return { ...found, path }
  if (found.snapshot === undefined) {
    throw new InvalidArgumentError(`"${base}" is a root, which has no history: ~${ancestors} cannot be applied`, { hint: 'Name a ref or a snapshot instead.' })
  }
  let cid = found.snapshot
  let snapshot = await readSnapshot(repository, cid)
  for (let step = 0; step < ancestors; step++) {
    const [parent] = snapshot.parents
    if (parent === undefined) {
      throw new NotFoundError(`"${text}" goes back ${ancestors} snapshots, but ${base} has only ${step} before it`, { data: { revision: text } })
    }
    cid = parent
    snapshot = await readSnapshot(repository, cid)
  }
  return { snapshot: cid, root: snapshot.root, path, ref: found.ref }
}

async function resolveBase(repository: BlockRepository, base: string): Promise<Omit<ResolvedRevision, 'path'>> {
  const cid = tryCid(base)
  if (cid !== undefined) return { ...(await classify(repository, cid)), ref: undefined }
  const here = isRefName(base) ? await repository.getRef(base) : undefined
  const there = isRefName(base) ? await ofRemote(repository, base) : undefined
  if (here !== undefined && there !== undefined && !here.equals(there)) {
    const { name, tracked } = { name: base, tracked: trackedRef(base) ?? base }
    throw new AmbiguousRevisionError(`"${name}" is a ref here, and also what a remote had under that name`, { data: { revision: name, candidates: [cidText(here), cidText(there)] }, hint: `Write ${tracked} for the remote's, or the CID of either; better give the ref here another name.` })
  }
  const target = here ?? there
  if (target !== undefined) return { snapshot: target, root: (await readSnapshot(repository, target)).root, ref: base }
  const matches = await findByPrefix(repository, base)
  const [match] = matches
  if (match === undefined) {
    const near = nearest(base, await refNames(repository))
    throw new NotFoundError(`There is no ref, tag, snapshot or root "${base}" in ${repository.storage.location}`, {
      data: { revision: base, near: near ?? null }, ...(near === undefined ? {} : { hint: `Did you mean "${near}"? \`varve refs\` lists what exists.` }),
    })
  }
  if (matches.length > 1) {
    const candidates = matches.map(({ name }) => name)
    throw new AmbiguousRevisionError(`"${base}" is the beginning of ${matches.length} CIDs: ${firstNames(candidates, 5)}`, {
      data: { revision: base, candidates },
    })
  }
  return match.found
}

/** What `origin/raw` was when that remote was last seen. */
async function ofRemote(repository: BlockRepository, text: string): Promise<CID | undefined> {
  const name = trackedRef(text)
  return name === undefined || !isRefName(name) ? undefined : repository.getRef(name)
}

async function refNames(repository: BlockRepository): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of repository.refs()) {
    const shown = shownTracked(name) ?? name
    if (!isReservedName(shown)) names.push(shown)
  }
  return names
}

/** Tells a snapshot from a root by its content. */
async function classify(repository: BlockRepository, cid: CID): Promise<{ snapshot: CID | undefined; root: CID }> {
  const type = cid.code === 0x71 ? (decodeCbor(await repository.get(cid)) as { type?: unknown } | null)?.type : undefined
  if (type === 'manifest') return { snapshot: undefined, root: cid }
  if (type === 'snapshot') return { snapshot: cid, root: (await readSnapshot(repository, cid)).root }
  throw new InvalidArgumentError(`${cidText(cid)} is neither a snapshot nor a root`, {
    data: { cid: cidText(cid) }, hint: '`varve log` and `varve refs` print the CIDs of snapshots and roots.',
  })
}

interface PrefixMatch {
  readonly name: string
  readonly found: { readonly snapshot: CID | undefined; readonly root: CID; readonly ref: undefined }
}

/** Snapshots and roots in the history of any ref whose CID begins with `prefix`. Reads every snapshot once. */
async function findByPrefix(repository: BlockRepository, prefix: string): Promise<readonly PrefixMatch[]> {
  if (prefix.length < MIN_PREFIX_LENGTH || !/^b[a-z2-7]+$/.test(prefix)) return []
  const matches = new Map<string, PrefixMatch>()
  for await (const { cid, snapshot } of allSnapshots(repository)) {
    const name = cidText(cid)
    const rootName = cidText(snapshot.root)
    if (name.startsWith(prefix)) matches.set(name, { name, found: { snapshot: cid, root: snapshot.root, ref: undefined } })
    if (rootName.startsWith(prefix)) matches.set(rootName, { name: rootName, found: { snapshot: undefined, root: snapshot.root, ref: undefined } })
  }
  return [...matches.values()]
}

async function* allSnapshots(repository: BlockRepository): AsyncGenerator<{ cid: CID; snapshot: Snapshot }> {
  const seen = new Set<string>()
  for await (const { target } of snapshotRefs(repository)) yield* walkHistory(repository, target, seen)
}

function isRefName(text: string): boolean {
  try {
    parseRefName(text)
    return true
  } catch {
    return false
  }
}

function tryCid(text: string): CID | undefined {
  try {
    return parseCid(text)
  } catch (error) {
    if (error instanceof MalformedDataError || error instanceof InvalidArgumentError) return undefined
    throw error
  }
}
