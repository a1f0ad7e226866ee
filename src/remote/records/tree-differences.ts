import type { CID } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { diffTrees } from '../../manifest/diff-trees.ts'
import type { TreeDifference, ValueCodec } from '../../manifest/interface.ts'
import { scanTree } from '../../manifest/read-tree.ts'

/** In what two trees differ, of which either may be missing: `before` is what `a` holds, `after` what `b` does. Subtrees that both have are not read. */
export async function* treeDifferences<V>(source: BlockSource, a: CID | undefined, b: CID | undefined, codec: ValueCodec<V>): AsyncGenerator<TreeDifference<V>, void, undefined> {
  if (a !== undefined && b !== undefined) yield* diffTrees(source, a, b, codec)
  else if (a !== undefined) for await (const { key, value } of scanTree(source, a, codec)) yield { key, before: value, after: undefined }
  else if (b !== undefined) for await (const { key, value } of scanTree(source, b, codec)) yield { key, before: undefined, after: value }
}
