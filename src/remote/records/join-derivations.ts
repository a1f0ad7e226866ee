import { compareBytes, equalBytes } from '../../bytes.ts'
import { type CID, cidText, DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { MalformedDataError } from '../../errors.ts'
import { editTree } from '../../manifest/edit-tree.ts'
import type { TreeEdit } from '../../manifest/interface.ts'
import { type ListedRuns, linksChange } from '../../recipe/derivation-links.ts'
import { MEMORY_REF, type RememberedRun, withFoundRuns } from '../../recipe/memory.ts'
import { encodeRunList, readRun, readRunList } from '../../recipe/run-object.ts'
import type { BlockRepository, RefChange, Session } from '../../repository/index.ts'
import { linkCodec } from '../../repository/link-codec.ts'
import { inPlaceOrder } from '../transfer/place-order.ts'
import type { Sides } from './interface.ts'
import { treeDifferences } from './tree-differences.ts'

/** A derivation of which the source remembers runs that the target does not. */
export interface JoinedDerivation {
  readonly derivation: CID
  /** Runs that the target remembers, in its order. */
  readonly known: readonly CID[]
  /** The others, in the order of the source. */
  readonly found: readonly CID[]
}

/**
 * What one tree of derivations knows beyond another. Reads the nodes in which they differ, and the lists of runs that differ.
 * @throws MalformedDataError if a list is that of another derivation
 */
export async function joinDerivations({ source: from, either }: Sides, source: CID | undefined, target: CID | undefined): Promise<readonly JoinedDerivation[]> {
  const differing: { readonly key: Uint8Array; readonly list: CID; readonly known: CID | undefined }[] = []
  for await (const { key, before, after } of treeDifferences(either, source, target, linkCodec)) if (before !== undefined) differing.push({ key, list: before, known: after })
  const lists = await readBlocks(from, differing.map(({ list }) => list))
  const joined: JoinedDerivation[] = []
  for (const { key, list, known: knownList } of differing) {
    const { derivation, runs } = await readRunList(lists, list)
    if (!equalBytes(derivation.multihash.digest, key)) throw new MalformedDataError(`The list ${cidText(list)} is that of another derivation than the tree says`, { data: { cid: cidText(list) } })
    const known = knownList === undefined ? [] : (await readRunList(either, knownList)).runs
    const found = await additions(either, derivation, known, runs)
    if (found.length > 0) joined.push({ derivation, known, found })
  }
  return joined
}

/** Runs that a list gets from another one. Where it has some already, what came of them is read: of those that gave nothing only the newest are kept. */
async function additions(source: BlockSource, derivation: CID, known: readonly CID[], runs: readonly CID[]): Promise<readonly CID[]> {
  const names = new Set(known.map((cid) => cidText(cid)))
  const found = runs.filter((cid) => !names.has(cidText(cid)))
  if (found.length === 0 || known.length === 0) return found
  return withFoundRuns(await readRuns(source, derivation, known), await readRuns(source, derivation, found)).slice(known.length).map(({ cid }) => cid)
}

/** By few large reads: there may be thousands. @throws what reading one of them throws */
async function readBlocks(repository: BlockRepository, cids: readonly CID[]): Promise<BlockSource> {
  const blocks = new Map<string, Uint8Array>()
  for await (const result of repository.readMany((await inPlaceOrder(repository, cids)).map((cid) => ({ cid })))) {
    if ('error' in result) throw result.error
    blocks.set(cidText(result.cid), result.bytes)
  }
  return { get: (cid) => blocks.get(cidText(cid)) ?? repository.get(cid) }
}

/** What a commit has to change so that runs of derivations are remembered, and how many derivations have more of them then. */
export interface DerivationChanges {
  readonly refs: readonly RefChange[]
  readonly derivations: number
}

/**
 * Reads each run that is known or new, and the derivations and recipes.
 * @param source where these are read
 * @param onto the tree of derivations that has what is known
 * @throws MalformedDataError if one is not what the list says
 */
export async function derivationChanges(repository: BlockRepository, session: Session, source: BlockSource, onto: CID | undefined, joined: readonly JoinedDerivation[]): Promise<DerivationChanges> {
  const edits: TreeEdit<CID>[] = []
  const lists: ListedRuns[] = []
  for (const { derivation, known, found } of joined) {
    const before = await readRuns(source, derivation, known)
    const runs = withFoundRuns(before, await readRuns(source, derivation, found))
    if (runs.length === before.length) continue
    const list = await session.put(DAG_CBOR_CODE, encodeRunList({ derivation, runs: runs.map(({ cid }) => cid) }))
    edits.push({ key: derivation.multihash.digest, value: list })
    lists.push({ derivation, list, runs })
  }
  if (edits.length === 0) return { refs: [], derivations: 0 }
  const tree = onto ?? null
  const target = await editTree(session, session, tree, linkCodec, edits.sort((a, b) => compareBytes(a.key, b.key)))
  const links = await linksChange(repository, session, lists, source)
  return { refs: [{ name: MEMORY_REF, expected: tree, target, own: true }, ...(links === undefined ? [] : [links])], derivations: edits.length }
}

async function readRuns(source: BlockSource, derivation: CID, cids: readonly CID[]): Promise<readonly RememberedRun[]> {
  return Promise.all(
    cids.map(async (cid) => {
      const run = await readRun(source, cid)
      if (run.derivation.equals(derivation)) return { ...run, cid }
      throw new MalformedDataError(`${cidText(cid)} is a run of another derivation than ${cidText(derivation)}`, { data: { cid: cidText(cid) } })
    }),
  )
}
