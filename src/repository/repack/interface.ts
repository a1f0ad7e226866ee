import type { CID } from '../../cid/cid.ts'
import type { BlockAmount, GcOptions, GcReport } from '../gc/interface.ts'

export interface RepackOptions extends Omit<GcOptions, 'evict'> {
  /** `auto`, the default, finds better deltas; `max` also compresses every block as well as can be, however long that takes. */
  readonly compression?: 'auto' | 'max'
  /**
   * What reading any version of a file may cost, as a multiple of what it would cost if nothing of it were a delta. Less makes reading faster, more makes the repository
   * smaller. Default 3; at least 1, which leaves no deltas.
   */
  readonly maxReadCost?: number
  /**
   * The blocks whose content is to be placed first, in order; the rest follows. What comes first is stored by itself, what comes later as a delta against it. By
   * default content is placed as refs lead to it.
   */
  readonly order?: () => Promise<readonly CID[]>
}

/** Packs, or bytes in them, as the index names them before and after. */
export interface BeforeAndAfter {
  readonly before: number
  readonly after: number
}

export interface RepackReport extends Pick<GcReport, 'dryRun' | 'removed' | 'freedBytes' | 'sessions' | 'deferredPacks' | 'refusedFiles' | 'revoked'> {
  /** Live blocks that were read and hashed, and their plain bytes. */
  readonly examined: BlockAmount
  /** Blocks that are stored in another form, and the bytes that they take in it. */
  readonly recoded: BlockAmount
  /** Sum of the sizes of all packs; after a dry run, what is to be expected. */
  readonly bytes: BeforeAndAfter
  readonly packs: BeforeAndAfter
}
