import { compareBytes } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeEdit } from '../manifest/interface.ts'
import type { BlockRepository, RefChange, Session } from '../repository/index.ts'
import { linkCodec } from '../repository/link-codec.ts'
import { runKey, runLabel, type RunNumber } from './run-key.ts'

/** The ref to the tree of runs that are not over, so that whoever looks for those whose process is gone reads as much with ten thousand runs as with ten. Made again from the tree of runs where it is not there. */
export const OPEN_REF = '_varve/open-runs'

export interface OpenRun extends RunNumber {
  readonly start: CID
}

/**
 * What a commit has to change so that each of some runs is among those, or is no more; undefined if there is nothing to change.
 * @param others gives the other runs that are not over: asked only where no tree of them is there yet
 */
export async function openRunsChange(repository: BlockRepository, session: Session, runs: readonly (OpenRun & { readonly isOver: boolean })[], others: () => AsyncIterable<OpenRun>): Promise<RefChange | undefined> {
  const tree = (await repository.getRef(OPEN_REF)) ?? null
  const edits = new Map<string, TreeEdit<CID>>()
  const edit = (run: RunNumber, value: CID | undefined): void => void edits.set(runLabel(run), { key: runKey(run), value })
  if (tree === null) for await (const other of others()) edit(other, other.start)
  for (const { start, isOver, ...run } of runs) edit(run, isOver ? undefined : start)
  const target = await editTree(session, session, tree, linkCodec, [...edits.values()].sort((a, b) => compareBytes(a.key, b.key)))
  return tree?.equals(target) === true ? undefined : { name: OPEN_REF, expected: tree, target, own: true }
}
