import { compareBytes, toHex } from '../bytes.ts'
import { type CID, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { NotFoundError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeEdit } from '../manifest/interface.ts'
import { getValue, scanTree } from '../manifest/read-tree.ts'
import { linkCodec } from './link-codec.ts'

/**
 * The blocks whose links garbage collection no longer follows, as a tree from digest to CID that a root record names: the snapshots whose data was
 * dropped while their record of who, when and why stays.
 */
export async function evictedDigests(source: BlockSource, tree: CID | null): Promise<Set<string>> {
  const digests = new Set<string>()
  if (tree !== null) for await (const { key } of scanTree(source, tree, linkCodec, {})) digests.add(toHex(key))
  return digests
}

/** True if what this block leads to may be gone. */
export async function isEvicted(source: BlockSource, tree: CID | null, cid: CID): Promise<boolean> {
  return tree !== null && (await getValue(source, tree, linkCodec, cid.multihash.digest)) !== undefined
}

/** The tree with more blocks in it. */
export async function addEvicted(blocks: BlockSource & BlockSink, tree: CID | null, cids: readonly CID[]): Promise<CID | null> {
  const links = cids.filter((cid) => cid.code === DAG_CBOR_CODE)
  if (links.length === 0) return tree
  const edits = links.map((cid) => ({ key: cid.multihash.digest, value: cid })).sort((a, b) => compareBytes(a.key, b.key))
  return editTree(blocks, blocks, tree, linkCodec, edits.filter(({ key }, at) => at === 0 || compareBytes(key, edits[at - 1]?.key ?? key) !== 0))
}

/** The tree without blocks whose data is there again. */
export async function dropEvicted(blocks: BlockSource & BlockSink, tree: CID | null, cids: readonly CID[]): Promise<CID | null> {
  const back: TreeEdit<CID>[] = []
  for (const cid of cids) if (await isEvicted(blocks, tree, cid)) back.push({ key: cid.multihash.digest, value: undefined })
  if (back.length === 0) return tree
  return editTree(blocks, blocks, tree, linkCodec, back.sort((a, b) => compareBytes(a.key, b.key)))
}

/** The refusal to use what is known and no longer there. */
export function evictedError(cid: CID): NotFoundError {
  return new NotFoundError(`The data of ${cidText(cid)} was removed by garbage collection; only its record is left`, {
    data: { cid: cidText(cid) }, hint: 'Another copy of the repository may still have it; `varve log` shows which snapshots are whole.',
  })
}
