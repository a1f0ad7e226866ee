import type { DigestTable } from '../digest-table.ts'
import type { PackableBlock } from '../encode-block.ts'

/** Live blocks that are to be stored in another way. What it says holds as long as nothing is removed from the repository. */
export interface Recoding {
  /** All blocks that were live when it was made; what is stored anew may count on any of them. */
  readonly live: DigestTable
  /** Packs, by the hex of their ids, that hold such blocks. All of them must go together: half of it could leave deltas that lead to one another. */
  readonly packs: ReadonlySet<string>
  has(digest: Uint8Array): boolean
  /** The new form of a block that it has. @throws CorruptBlockError if what it is to be made from cannot be read */
  encode(digest: Uint8Array, bytes: Uint8Array): Promise<PackableBlock>
}
