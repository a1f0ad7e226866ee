import { type CID, cidText, DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { encodeSnapshot, readSnapshot, type Snapshot } from '../../dataset/snapshot-object.ts'
import { InvalidArgumentError, RefConflictError } from '../../errors.ts'
import { derivedSource, isDerivedSource } from '../../recipe/derived-source.ts'
import type { NamedRoot, Recipe } from '../../recipe/interface.ts'
import { isTagName, parseUserRefName, type BlockRepository, type RefChange } from '../../repository/index.ts'

/** Which ref each output gets, by the output's name. */
export type OutputRefs = Readonly<Record<string, string>>

/** @throws InvalidArgumentError for names that are no refs, outputs that the recipe does not have, and one ref for several outputs */
export function outputRefs({ name, outputs }: Pick<Recipe, 'name' | 'outputs'>, ref: string | OutputRefs | ((output: string) => string) | undefined): OutputRefs {
  if (ref === undefined) return {}
  const [only, second] = outputs
  if (typeof ref === 'string' && (only === undefined || second !== undefined)) {
    throw new InvalidArgumentError(`${name} has ${outputs.length} outputs (${outputs.join(', ')}), so it must be said which of them gets the ref ${ref}`, { hint: `Name it: ${only ?? 'output'}=${ref}` })
  }
  const refs = typeof ref === 'function' ? Object.fromEntries(outputs.map((output) => [output, ref(output)])) : typeof ref === 'string' ? { [only ?? '']: ref } : ref
  for (const [output, target] of Object.entries(refs)) {
    if (!outputs.includes(output)) throw new InvalidArgumentError(`${name} has no output ${output}; it has ${outputs.join(', ')}`)
    if (isTagName(parseUserRefName(target))) throw new InvalidArgumentError(`"${target}" is the name of a tag; an output needs a ref`, { hint: 'Give it a ref, then tag it.' })
  }
  if (new Set(Object.values(refs)).size < Object.keys(refs).length) throw new InvalidArgumentError('Two outputs cannot have the same ref')
  return refs
}

/**
 * Outputs never take over a ref of data that somebody took a snapshot of: as an earlier version of what is derived, a rule for garbage collection would drop it, and nothing could bring it back.
 * @throws RefConflictError for a ref whose newest snapshot was not derived
 */
export async function assertOutputRefs(blocks: BlockRepository, refs: OutputRefs): Promise<void> {
  for (const ref of Object.values(refs)) await headOf(blocks, blocks, ref)
}

/** The newest snapshot of a ref, if there is one. @throws RefConflictError if it was not derived */
async function headOf(blocks: BlockRepository, store: BlockSource, ref: string): Promise<{ readonly cid: CID; readonly snapshot: Snapshot } | undefined> {
  const cid = await blocks.getRef(ref)
  if (cid === undefined) return undefined
  const snapshot = await readSnapshot(store, cid)
  if (isDerivedSource(snapshot.source)) return { cid, snapshot }
  throw new RefConflictError(`The ref ${ref} has data of its own: its newest snapshot was not derived, and no output takes its place`, {
    data: { ref, snapshot: cidText(cid), root: cidText(snapshot.root) },
    hint: `Give the output another ref, with --ref or under refs: in varve.yaml; or delete this one first, if its data is not needed: varve refs --delete ${ref}`,
  })
}

export interface GivenRefs {
  readonly changes: readonly RefChange[]
  /** The snapshot that each output's ref has after the changes. */
  readonly snapshots: Readonly<Record<string, CID>>
  /** Outputs whose ref had the same root before. */
  readonly unchanged: readonly string[]
}

export const NO_REFS: GivenRefs = { changes: [], snapshots: {}, unchanged: [] }

/** What gives the outputs their refs: for each a snapshot after the one that the ref has now, unless that has the same root from the same derivation. @throws RefConflictError as `assertOutputRefs` does */
export async function giveRefs(
  blocks: BlockRepository, store: BlockSource & BlockSink, derivation: CID, outputs: readonly NamedRoot[], refs: OutputRefs, { message = '', author = null }: { readonly message?: string | undefined; readonly author?: string | null | undefined },
): Promise<GivenRefs> {
  const changes: RefChange[] = []
  const snapshots: Record<string, CID> = {}
  const unchanged: string[] = []
  for (const { name, root } of outputs) {
    const ref = refs[name]
    if (ref === undefined) continue
    const head = await headOf(blocks, store, ref)
    const parent = head?.cid
    const before = head?.snapshot
    const source = { ...derivedSource(derivation, name), retrievedAt: null, licence: null }
    if (before?.root.equals(root) === true) unchanged.push(name)
    if (parent !== undefined && before?.root.equals(root) === true && before.source?.uri === source.uri && message === '') {
      snapshots[name] = parent
      continue
    }
    const bytes = encodeSnapshot({ root, parents: parent === undefined ? [] : [parent], message, author, time: blocks.platform.now().toISOString(), source, meta: {} })
    const snapshot = await store.put(DAG_CBOR_CODE, bytes)
    snapshots[name] = snapshot
    changes.push({ name: ref, expected: parent ?? null, target: snapshot })
  }
  return { changes, snapshots, unchanged }
}

