import { equalBytes } from '../bytes.ts'
import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { RefConflictError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import { getValue, scanTree } from '../manifest/read-tree.ts'
import { TreeCursor } from '../manifest/tree-cursor.ts'
import type { BlockRepository, RefChange, Session } from '../repository/index.ts'
import { linkCodec } from '../repository/link-codec.ts'
import { type DerivationLinks, LINKS_REF, linksChange, linksCodec, linksOf, readLinks } from './derivation-links.ts'
import type { DerivationRun, NamedRoot } from './interface.ts'
import { encodeRun, encodeRunList, readRun, readRunList } from './run-object.ts'

/** The ref to a tree from the digest of each derivation to the list of its runs. */
export const MEMORY_REF = '_varve/derivations'
/** Runs that gave nothing are kept for their logs, the newest so many. */
const MOST_FAILURES = 16

export interface RememberedRun extends DerivationRun {
  readonly cid: CID
}

export interface RememberedDerivation {
  readonly derivation: CID
  readonly runs: readonly RememberedRun[]
}

/** What is known of one derivation. */
export interface Realisations {
  /** Oldest first; the first that succeeded is the pinned one. */
  readonly runs: readonly RememberedRun[]
}

/** All runs of a derivation. Reads some four blocks, and one for each run. */
export async function recall(repository: BlockRepository, derivation: CID): Promise<Realisations> {
  const tree = await repository.getRef(MEMORY_REF)
  const list = tree === undefined ? undefined : await getValue(repository, tree, linkCodec, derivation.multihash.digest)
  return { runs: list === undefined ? [] : await readRuns(repository, list) }
}

/** Every derivation that was run, in the order of their digests. */
export async function* remembered(repository: BlockRepository): AsyncGenerator<RememberedDerivation> {
  for await (const list of rememberedLists(repository)) yield readRemembered(repository, list)
}

/** The lists of runs of every derivation, in the same order: as long as one is the same, so are they. */
export async function* rememberedLists(repository: BlockRepository): AsyncGenerator<CID> {
  const tree = await repository.getRef(MEMORY_REF)
  if (tree === undefined) return
  for await (const { value } of scanTree(repository, tree, linkCodec, {})) yield value
}

export async function readRemembered(source: BlockSource, list: CID): Promise<RememberedDerivation> {
  const { derivation } = await readRunList(source, list)
  return { derivation, runs: await readRuns(source, list) }
}

/** The same without their runs, and with what they link to. Reads a few nodes, and four blocks for each derivation that is not in the tree of links as it is now. */
export async function rememberedLinks(repository: BlockRepository): Promise<readonly (DerivationLinks & { readonly derivation: CID })[]> {
  const tree = await repository.getRef(MEMORY_REF)
  if (tree === undefined) return []
  const found: (DerivationLinks & { readonly derivation: CID })[] = []
  const links = await TreeCursor.open(repository, linksCodec, (await repository.getRef(LINKS_REF)) ?? null)
  for await (const { key, value } of scanTree(repository, tree, linkCodec, {})) {
    await links.seek(key)
    const { item } = links
    const known = linksOf(repository, item !== undefined && equalBytes(item.key, key) ? item.value : undefined, value)
    const derivation = cidFromDigest(repository.hasher, DAG_CBOR_CODE, key)
    found.push({ derivation, ...(known ?? (await readLinks(repository, derivation, await readRuns(repository, value)))) })
  }
  return found
}

/** What stands for the derivation: the outputs of the first run that succeeded. */
export function pinnedRun({ runs }: Realisations): RememberedRun | undefined {
  return runs.find(({ status }) => status === 'succeeded')
}

/** True if both have the same roots under the same names. */
export function sameOutputs(a: readonly NamedRoot[], b: readonly NamedRoot[]): boolean {
  return a.length === b.length && a.every(({ name, root }, at) => name === b[at]?.name && root.equals(b[at].root))
}

export interface RememberOptions {
  readonly action: string
  readonly message: string
  readonly actor?: string | null
  /** What else moves in the same commit, given all that is remembered with this run. Asked again whenever another writer was first. */
  readonly refs?: (known: Realisations) => Promise<readonly RefChange[]>
}

/**
 * Commits a run, with all that the session has stored: the run's outputs and its log must be among that, to the last chunk. Other processes may remember runs of the same derivation at the same time: all
 * are kept.
 * @returns what is remembered now
 */
export async function remember(repository: BlockRepository, session: Session, run: DerivationRun, { refs, ...request }: RememberOptions): Promise<Realisations> {
  const cid = await session.put(DAG_CBOR_CODE, encodeRun(run))
  const whole = [...run.outputs.map(({ root }) => root), run.log]
  for (;;) {
    const tree = await repository.getRef(MEMORY_REF)
    const key = run.derivation.multihash.digest
    const before = tree === undefined ? undefined : await getValue(session, tree, linkCodec, key)
    const runs = withoutOldFailures([...(before === undefined ? [] : await readRuns(session, before)), { ...run, cid }])
    const list = await session.put(DAG_CBOR_CODE, encodeRunList({ derivation: run.derivation, runs: runs.map((known) => known.cid) }))
    const target = await editTree(session, session, tree ?? null, linkCodec, [{ key, value: list }])
    const links = await linksChange(repository, session, [{ derivation: run.derivation, list, runs }])
    const others = [...(links === undefined ? [] : [links]), ...((await refs?.({ runs })) ?? [])]
    try {
      await session.commit({ ...request, refs: [{ name: MEMORY_REF, expected: tree ?? null, target, own: true }, ...others], whole })
      return { runs }
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      await repository.refresh()
    }
  }
}

async function readRuns(source: BlockSource, list: CID): Promise<readonly RememberedRun[]> {
  const { runs } = await readRunList(source, list)
  return Promise.all(runs.map(async (cid) => ({ ...(await readRun(source, cid)), cid })))
}

/** What is kept of runs, oldest first: all that succeeded, and the newest of the others. */
export function withoutOldFailures(runs: readonly RememberedRun[]): readonly RememberedRun[] {
  const failures = runs.filter(({ status }) => status !== 'succeeded')
  const dropped = new Set(failures.slice(0, -MOST_FAILURES))
  return runs.filter((run) => !dropped.has(run))
}

/** What is known of a derivation, and then runs that were found elsewhere. What is known stays as it is and where it is, so that the result that counts does not change. */
export function withFoundRuns(known: readonly RememberedRun[], found: readonly RememberedRun[]): readonly RememberedRun[] {
  const names = new Set(known.map(({ cid }) => cidText(cid)))
  const added = new Map(found.filter(({ cid }) => !names.has(cidText(cid))).map((run) => [cidText(run.cid), run]))
  const kept = new Set(withoutOldFailures([...added.values(), ...known]))
  return [...known, ...[...added.values()].filter((run) => kept.has(run))]
}
