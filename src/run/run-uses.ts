import { compareBytes, concatBytes } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import { editTree } from '../manifest/edit-tree.ts'
import { scanTree } from '../manifest/read-tree.ts'
import type { BlockRepository, RefChange, Session } from '../repository/index.ts'
import { linkCodec } from '../repository/link-codec.ts'
import { parseRunKey, runKey, type RunNumber } from './run-key.ts'

/** The ref to a tree from roots to the runs that read or made them, so that neither question reads a run. */
export const USES_REF = '_varve/run-uses'

const MARKS = { input: 0x69, artifact: 0x6f } as const

/** What a run has to do with a root. */
export type RunUseKind = keyof typeof MARKS

export interface RunUse extends RunNumber {
  readonly start: CID
}

/** Runs that read a root, or that made it. Some 5 µs for each. */
export async function* runsOfRoot(repository: BlockRepository, root: CID, kind: RunUseKind): AsyncGenerator<RunUse> {
  const tree = await repository.getRef(USES_REF)
  if (tree === undefined) return
  const prefix = prefixOf(root, kind)
  for await (const { key, value } of scanTree(repository, tree, linkCodec, { prefix })) yield { ...parseRunKey(key.subarray(prefix.length)), start: value }
}

/** What a commit has to change so that roots lead to a run; undefined if there are none. */
export async function usesChange(repository: BlockRepository, session: Session, run: RunNumber, start: CID, roots: readonly { readonly root: CID; readonly kind: RunUseKind }[]): Promise<RefChange | undefined> {
  if (roots.length === 0) return undefined
  const keys = roots.map(({ root, kind }) => concatBytes([prefixOf(root, kind), runKey(run)])).sort(compareBytes)
  const edits = keys.filter((key, at) => at === 0 || compareBytes(key, keys[at - 1] as Uint8Array) !== 0).map((key) => ({ key, value: start }))
  const tree = (await repository.getRef(USES_REF)) ?? null
  return { name: USES_REF, expected: tree, target: await editTree(session, session, tree, linkCodec, edits), own: true }
}

function prefixOf(root: CID, kind: RunUseKind): Uint8Array {
  return concatBytes([root.multihash.digest, Uint8Array.of(MARKS[kind])])
}
