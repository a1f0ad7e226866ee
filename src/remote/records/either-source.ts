import type { CID } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import type { MaybePromise } from '../../types.ts'

/** Blocks of two places, read from the near one where it has them. */
export function eitherSource(near: BlockSource & { has(cid: CID): MaybePromise<boolean> }, far: BlockSource): BlockSource {
  return { get: async (cid) => ((await near.has(cid)) ? near.get(cid) : far.get(cid)) }
}
