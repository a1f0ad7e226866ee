import { type CID, cidText } from '../../cid/cid.ts'
import { pinnedRun, remembered, type RememberedRun } from '../../recipe/memory.ts'
import type { BlockRepository } from '../../repository/index.ts'

/** A derivation that gives a root, by the run that counts for it. */
export interface Maker {
  readonly derivation: CID
  readonly pinned: RememberedRun
}

/** Which derivations give each root, by the root's text. Reads every run that is remembered. */
export async function makersByRoot(blocks: BlockRepository): Promise<ReadonlyMap<string, readonly Maker[]>> {
  const makers = new Map<string, Maker[]>()
  for await (const { derivation, runs } of remembered(blocks)) {
    const pinned = pinnedRun({ runs })
    if (pinned === undefined) continue
    for (const { root } of pinned.outputs) makers.set(cidText(root), [...(makers.get(cidText(root)) ?? []), { derivation, pinned }])
  }
  return makers
}
