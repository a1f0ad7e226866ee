import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { DigestTable } from '../repository/digest-table.ts'
import { Pause } from '../repository/pause.ts'
import { linksOf } from '../repository/reachable.ts'

export interface WalkedBlock {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/**
 * A block and all below it, each once, parents before children. Knows nothing of what blocks mean: it follows the links that any IPLD
 * tool would. Holds 40 bytes for each block that was visited.
 */
export async function* walkBlocks(source: BlockSource, root: CID): AsyncGenerator<WalkedBlock> {
  // A chunk may hold the very bytes of a node: only the codec tells which of them has links.
  const seen = { raw: new DigestTable(), node: new DigestTable() }
  const waiting: CID[] = [root]
  const pause = new Pause()
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    if (!(cid.code === DAG_CBOR_CODE ? seen.node : seen.raw).add(cid.multihash.digest)) continue
    await pause.take()
    const bytes = await source.get(cid)
    yield { cid, bytes }
    if (cid.code === DAG_CBOR_CODE) waiting.push(...[...linksOf(decodeCbor(bytes))].reverse())
  }
}
