import { xxh32 } from './xxh32.ts'

/** A node may end from this weight on. */
export const MIN_NODE_WEIGHT_BYTES: number = 8 * 1024
/** From this weight on a node ends about eight times as readily. */
export const TARGET_NODE_WEIGHT_BYTES: number = 32 * 1024
/** At this weight a node ends whatever its key. */
export const MAX_NODE_WEIGHT_BYTES: number = 128 * 1024
/** What a link weighs besides its key. */
export const LINK_WEIGHT_BYTES = 48

const EARLY_FACTOR: number = 2 ** 16
const LATE_FACTOR: number = 2 ** 19

/**
 * Whether a node ends after an item (FORMAT.md, section 4). The chance of an end is proportional to the weight of the item, so that the
 * mean weight of nodes, about 34 KiB, does not depend on how long keys and values are.
 *
 * @param level 0 for leaves
 * @param key of the item
 * @param itemWeight in bytes
 * @param nodeWeight sum of the weights in the node so far, the item included
 */
export function endsNode(level: number, key: Uint8Array, itemWeight: number, nodeWeight: number): boolean {
  if (nodeWeight < MIN_NODE_WEIGHT_BYTES) return false
  if (nodeWeight >= MAX_NODE_WEIGHT_BYTES) return true
  return xxh32(key, level) < itemWeight * (nodeWeight < TARGET_NODE_WEIGHT_BYTES ? EARLY_FACTOR : LATE_FACTOR)
}
