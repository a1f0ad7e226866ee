import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { DigestTable } from './digest-table.ts'

/**
 * Blocks that a walk along links has met. A file may hold the very bytes of a tree node: both are one block in storage, and only the link tells that the one leads further, so that nodes
 * are remembered apart. Memory: some 40 bytes a block, and as many again for a node.
 */
export class ReachedBlocks {
  /** All of them, as storage knows them. */
  readonly digests: DigestTable = new DigestTable()
  readonly #nodes = new DigestTable()

  has({ code, multihash: { digest } }: CID): boolean {
    return (code === DAG_CBOR_CODE ? this.#nodes : this.digests).rowOf(digest) >= 0
  }

  /** False if there is nothing new to be learnt from it. */
  add({ code, multihash: { digest } }: CID): boolean {
    const isNew = this.digests.add(digest)
    return code === DAG_CBOR_CODE ? this.#nodes.add(digest) : isNew
  }

  addAll(others: ReachedBlocks): void {
    for (let row = 0; row < others.digests.count; row++) this.digests.add(others.digests.digest(row))
    for (let row = 0; row < others.#nodes.count; row++) this.#nodes.add(others.#nodes.digest(row))
  }
}
