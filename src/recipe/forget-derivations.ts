import { compareBytes, toHex } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import { snapshotRefs, walkHistory } from '../dataset/history.ts'
import { RefConflictError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import { linkCodec } from '../repository/link-codec.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { CidText } from '../types.ts'
import { withoutLinks } from './derivation-links.ts'
import { readDerivation } from './derivation-object.ts'
import { parseDerivedSource } from './derived-source.ts'
import type { NamedRootInfo } from './explain.ts'
import { withoutFamilyRuns } from './map/map-family.ts'
import { MEMORY_REF, remembered } from './memory.ts'
import { readRecipe } from './recipe-object.ts'

/** A derivation to whose outputs no ref leads, by its history or by what was derived from them. */
export interface UnreachedDerivation {
  readonly derivation: CidText
  readonly recipe: string
  /** Of its runs that succeeded. */
  readonly outputs: readonly NamedRootInfo[]
  readonly runs: number
}

export interface ForgetOptions {
  /** Snapshots that are as good as dropped: they keep no derivation. */
  readonly dropped?: readonly CID[]
  readonly actor?: string | null
}

interface Known extends UnreachedDerivation {
  readonly cid: CID
  readonly inputs: readonly CidText[]
}

/**
 * What could be forgotten: derivations of whose outputs none is the root of a snapshot that a ref's or a tag's history keeps, and which nothing kept was derived from. Those that a kept
 * snapshot names stay, so that data that was dropped can be made again and every result can be explained. Reads every snapshot and every run that is remembered.
 */
export async function unreachedDerivations(repository: BlockRepository, { dropped = [] }: ForgetOptions = {}): Promise<readonly UnreachedDerivation[]> {
  return (await findUnreached(repository, dropped)).map(({ cid: _cid, inputs: _inputs, ...found }) => found)
}

/** Forgets them, with their runs: the next collection removes what they alone kept. Commits only if there are any. */
export async function forgetDerivations(repository: BlockRepository, { dropped = [], actor = null }: ForgetOptions = {}): Promise<readonly UnreachedDerivation[]> {
  for (;;) {
    const { number } = repository.root
    const tree = await repository.getRef(MEMORY_REF)
    const unreached = await findUnreached(repository, dropped)
    if (repository.root.number !== number) continue
    if (tree === undefined || unreached.length === 0) return []
    try {
      await repository.withSession(async (session) => {
        const edits = unreached.map(({ cid }) => ({ key: cid.multihash.digest, value: undefined })).sort((a, b) => compareBytes(a.key, b.key))
        const target = await editTree(session, session, tree, linkCodec, edits)
        // A ref that another process gives to one of the outputs meanwhile would keep its derivation.
        const families = await withoutFamilyRuns(repository, session, unreached.map(({ cid }) => cid))
        const links = await withoutLinks(repository, session, unreached.map(({ cid }) => cid))
        await session.commit({ action: 'forget', message: `${unreached.length} derivations`, actor, refs: [{ name: MEMORY_REF, expected: tree, target, own: true }, ...[families, links].flatMap((change) => change ?? [])], after: number })
      })
      return unreached.map(({ cid: _cid, inputs: _inputs, ...found }) => found)
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      await repository.refresh()
    }
  }
}

/** What derivations hold on to, but for those left out: the roots that went into them or came out of them, each with one derivation that does. */
export async function heldRoots(repository: BlockRepository, without: readonly CidText[] = []): Promise<ReadonlyMap<CidText, { readonly derivation: CidText; readonly recipe: string }>> {
  const held = new Map<CidText, { readonly derivation: CidText; readonly recipe: string }>()
  const all = (await gather(repository)).filter(({ derivation }) => !without.includes(derivation))
  // What gave it says more than what it went into.
  for (const { derivation, recipe, outputs } of all) for (const { root } of outputs) if (!held.has(root)) held.set(root, { derivation, recipe })
  for (const { derivation, recipe, inputs } of all) for (const root of inputs) if (!held.has(root)) held.set(root, { derivation, recipe })
  return held
}

async function findUnreached(repository: BlockRepository, dropped: readonly CID[]): Promise<readonly Known[]> {
  const all = await gather(repository)
  const { roots, derivations } = await reachedBySnapshots(repository, dropped)
  const makers = new Map<CidText, Known[]>()
  for (const known of all) for (const { root } of known.outputs) makers.set(root, [...(makers.get(root) ?? []), known])
  const waiting = all.filter(({ derivation, outputs }) => derivations.has(derivation) || outputs.some(({ root }) => roots.has(root)))
  const reached = new Set(waiting)
  for (let known = waiting.pop(); known !== undefined; known = waiting.pop()) {
    for (const maker of known.inputs.flatMap((root) => makers.get(root) ?? [])) {
      if (reached.has(maker)) continue
      reached.add(maker)
      waiting.push(maker)
    }
  }
  return all.filter((known) => !reached.has(known))
}

async function gather(repository: BlockRepository): Promise<readonly Known[]> {
  const all: Known[] = []
  for await (const { derivation: cid, runs } of remembered(repository)) {
    const { recipe, inputs } = await readDerivation(repository, cid)
    const { name } = await readRecipe(repository, recipe)
    const outputs = new Map(runs.flatMap((run) => run.outputs.map(({ name: output, root }) => [`${output} ${cidText(root)}`, { name: output, root: cidText(root) }] as const)))
    all.push({ cid, derivation: cidText(cid), recipe: name, inputs: inputs.map(({ root }) => cidText(root)), outputs: [...outputs.values()], runs: runs.length })
  }
  return all
}

async function reachedBySnapshots(repository: BlockRepository, dropped: readonly CID[]): Promise<{ readonly roots: ReadonlySet<CidText>; readonly derivations: ReadonlySet<CidText> }> {
  const ended = new Set([...(await repository.evicted()), ...dropped.map(({ multihash }) => toHex(multihash.digest))])
  const roots = new Set<CidText>()
  const derivations = new Set<CidText>()
  const seen = new Set<string>()
  for await (const { target } of snapshotRefs(repository)) {
    for await (const { cid, snapshot } of walkHistory(repository, target, seen)) {
      // A root that was dropped to be made again counts all the more; a snapshot that was dropped does not.
      if (ended.has(toHex(cid.multihash.digest))) continue
      roots.add(cidText(snapshot.root))
      const source = parseDerivedSource(snapshot.source)
      if (source !== undefined) derivations.add(cidText(source.derivation))
    }
  }
  return { roots, derivations }
}
