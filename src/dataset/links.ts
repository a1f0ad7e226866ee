import { CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { DigestTable } from '../repository/digest-table.ts'
import { Pause } from '../repository/pause.ts'

export interface WalkedBlock {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** Every link in a dag-cbor value, in order. */
function* linksIn(value: unknown): Generator<CID> {
  const cid = CID.asCID(value)
  if (cid !== null) yield cid
  else if (Array.isArray(value)) for (const item of value) yield* linksIn(item)
  else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) for (const item of Object.values(value)) yield* linksIn(item)
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
    if (cid.code === DAG_CBOR_CODE) waiting.push(...[...linksIn(decodeCbor(bytes))].reverse())
  }
}
