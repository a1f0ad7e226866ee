import { compareBytes } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import { editTree } from '../../manifest/edit-tree.ts'
import { countTree, getValue, scanTree } from '../../manifest/read-tree.ts'
import type { BlockRepository, RefChange, Session } from '../../repository/index.ts'
import { rawLinkCodec } from '../../repository/link-codec.ts'
import { parseRefName, type RefName } from '../../repository/ref-name.ts'

/** What the names of the refs to the lists begin with. */
const LISTS = '_varve/blockstores/'
/** A block that is to be in the list from now on, or not any more. */
export interface KeptChange {
  /** With the codec of plain bytes. */
  readonly cid: CID
  readonly isKept: boolean
}

/**
 * The list of what a blockstore holds: a tree from digests to links, under a ref of varve's own. Every block is linked to as plain bytes, whatever its CID says of it: garbage collection keeps exactly what is
 * listed, and never follows links of somebody else's format, which may lead to blocks that are not here.
 */
export class KeptBlocks {
  readonly ref: RefName
  readonly #repository: BlockRepository
  /** The tree as the root record of that number says. */
  #known: { readonly number: number; readonly tree: CID | undefined } | undefined

  /** @throws InvalidArgumentError if a ref cannot have that name */
  constructor(repository: BlockRepository, name: string) {
    this.#repository = repository
    this.ref = parseRefName(`${LISTS}${name}`)
  }

  /** True if the state that the repository is read in lists the block. Reads a node a level. */
  async has(cid: CID): Promise<boolean> {
    const tree = await this.tree()
    return tree !== undefined && (await getValue(this.#repository, tree, rawLinkCodec, cid.multihash.digest)) !== undefined
  }

  /** The listed blocks of a tree, in the order of their digests. */
  async *list(tree: CID | undefined): AsyncGenerator<CID> {
    if (tree === undefined) return
    for await (const { value } of scanTree(this.#repository, tree, rawLinkCodec)) yield value
  }

  /** The move of the ref that carries changes out, or undefined if they change nothing. At most one change a block. */
  async change(session: Session, changes: Iterable<KeptChange>): Promise<RefChange | undefined> {
    const before = (await this.tree()) ?? null
    const edits = [...changes].map(({ cid, isKept }) => ({ key: cid.multihash.digest, value: isKept ? cid : undefined })).sort((a, b) => compareBytes(a.key, b.key))
    let changed = 0
    const tree = await editTree(session, session, before, rawLinkCodec, edits, { onChange: () => changed++ })
    if (changed === 0) return undefined
    const isEmpty = (await countTree(session, tree, rawLinkCodec)) === 0
    return { name: this.ref, expected: before, target: isEmpty ? null : tree, own: true }
  }

  /** The tree in the state that the repository is read in; undefined while nothing is listed. */
  async tree(): Promise<CID | undefined> {
    const { number } = this.#repository.root
    if (this.#known?.number !== number) {
      const tree = await this.#repository.getRef(this.ref)
      // A newer state may have been taken over while this one was read, of which it is not known which was.
      if (this.#repository.root.number !== number) return this.tree()
      this.#known = { number, tree }
    }
    return this.#known.tree
  }
}
