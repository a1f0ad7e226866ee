import { toHex } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { walkHistory } from '../../dataset/history.ts'
import { leftName } from '../../dataset/left-at-remote.ts'
import { tolerant } from '../../dataset/tolerant.ts'
import { scanTree } from '../../manifest/read-tree.ts'
import type { BlockRepository } from '../../repository/index.ts'
import { linkCodec } from '../../repository/link-codec.ts'
import { addReachable } from '../../repository/reachable.ts'
import { ReachedBlocks } from '../../repository/reached-blocks.ts'

/**
 * The roots whose data was left at a remote and can be had there: those of the histories that it serves, and what runs, derivations and models lead to, of which the tree nodes are read to see that all is there still.
 * @param name of the remote here
 * @param heads snapshots of it
 * @param either where these are read
 */
export async function rootsToTake(blocks: BlockRepository, remote: BlockRepository, name: string, heads: Iterable<CID>, either: BlockSource): Promise<readonly CID[]> {
  const tree = await blocks.getRef(leftName(name))
  if (tree === undefined) return []
  const evicted = await blocks.evicted()
  const evictedThere = await remote.evicted()
  const left = new Map<string, CID>()
  for await (const { key, value } of scanTree(blocks, tree, linkCodec)) if (evicted.has(toHex(key)) && !evictedThere.has(toHex(key))) left.set(toHex(key), value)
  const found: CID[] = []
  const seen = new Set<string>()
  if (left.size === 0) return found
  for (const head of heads) {
    for await (const { cid, snapshot: { root } } of walkHistory(either, head, seen)) {
      if (!evictedThere.has(toHex(cid.multihash.digest)) && left.delete(toHex(root.multihash.digest))) found.push(root)
    }
  }
  for (const root of left.values()) if ((await tolerant(() => addReachable(remote, [root], new ReachedBlocks()).then(() => true))) === true) found.push(root)
  return found
}
