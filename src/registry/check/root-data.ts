import { type CID, cidText } from '../../cid/cid.ts'
import { snapshotRefs, walkHistory } from '../../dataset/history.ts'
import { readSnapshot, type Snapshot } from '../../dataset/snapshot-object.ts'
import { readDerivation } from '../../recipe/derivation-object.ts'
import { isDerivedSource, parseDerivedSource } from '../../recipe/derived-source.ts'
import { remembered } from '../../recipe/memory.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { RunInput } from '../../run/interface.ts'
import type { CidText } from '../../types.ts'

/** A dataset that was not derived from others. */
export interface RootData {
  readonly root: CidText
  /** What is said of it by the snapshots that have this root; empty if there is none. */
  readonly snapshots: readonly Snapshot[]
}

/** The data from outside that inputs are made of: themselves, or what the recipes that gave them read, and so on. Reads every snapshot once. */
export async function rootDataOf(blocks: BlockRepository, inputs: readonly RunInput[]): Promise<readonly RootData[]> {
  const snapshots = await snapshotsByRoot(blocks)
  let derivations: ReadonlyMap<CidText, CID> | undefined
  const found = new Map<CidText, RootData>()
  const seen = new Set<CidText>()
  const waiting: { readonly root: CID; readonly snapshot: CID | null }[] = [...inputs]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const root = cidText(next.root)
    if (seen.has(root)) continue
    seen.add(root)
    const named = next.snapshot === null ? [] : [await readSnapshot(blocks, next.snapshot)]
    const known = [...named, ...(snapshots.get(root) ?? [])]
    const own = known.filter(({ source }) => !isDerivedSource(source))
    let derivation = known.flatMap(({ source }) => parseDerivedSource(source)?.derivation ?? [])[0]
    if (derivation === undefined && !own.some(isDocumented)) derivation = (derivations ??= await derivationsByOutput(blocks)).get(root)
    // What somebody vouches for needs no recipe.
    if (derivation === undefined || own.some(isDocumented)) found.set(root, { root, snapshots: own })
    else for (const input of (await readDerivation(blocks, derivation)).inputs) waiting.push({ root: input.root, snapshot: null })
  }
  return [...found.values()]
}

/** Whether it is said where data is from, what may be done with it, and why it is here. */
export function isDocumented(snapshot: Snapshot): boolean {
  return lacksOf(snapshot).length === 0
}

/** What is not said of data. */
export function lacksOf({ source, message }: Pick<Snapshot, 'source' | 'message'>): readonly string[] {
  return [...((source?.uri ?? '') === '' ? ['source'] : []), ...((source?.licence ?? '') === '' ? ['licence'] : []), ...(message.trim() === '' ? ['why'] : [])]
}

async function snapshotsByRoot(blocks: BlockRepository): Promise<ReadonlyMap<CidText, readonly Snapshot[]>> {
  const found = new Map<CidText, Snapshot[]>()
  const seen = new Set<string>()
  for await (const { target } of snapshotRefs(blocks)) {
    for await (const { snapshot } of walkHistory(blocks, target, seen)) {
      const root = cidText(snapshot.root)
      found.set(root, [...(found.get(root) ?? []), snapshot])
    }
  }
  return found
}

async function derivationsByOutput(blocks: BlockRepository): Promise<ReadonlyMap<CidText, CID>> {
  const found = new Map<CidText, CID>()
  for await (const { derivation, runs } of remembered(blocks)) for (const { outputs } of runs) for (const { root } of outputs) found.set(cidText(root), derivation)
  return found
}
