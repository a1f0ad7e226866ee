import type { CID } from '../../cid/cid.ts'
import type { OperationOptions } from '../../types.ts'
import type { Lease } from '../lease.ts'

export interface GcOptions extends OperationOptions {
  /** Find out and change nothing. Default false. */
  readonly dryRun?: boolean
  /**
   * Blocks that stay while what they lead to may go. Asked anew for every state of the repository in which garbage is looked for, since other writers
   * may move refs meanwhile.
   */
  readonly evict?: () => Promise<readonly CID[]>
  /** How long readers of the state before have to finish, between the commit and the deletion. Default 3000 ms. */
  readonly graceMs?: number
  /** True for a session that will not come back, as when its process is gone. By default only age tells. */
  readonly isGone?: (lease: Lease) => boolean
  /** A session that began longer ago than this has been given up. Default 7 days. */
  readonly sessionMaxAgeMs?: number
  readonly message?: string
  readonly actor?: string
}

/** Blocks and the bytes that they take in packs. */
export interface BlockAmount {
  readonly blocks: number
  readonly bytes: number
}

export interface GcReport {
  readonly dryRun: boolean
  /** What refs, tags and the log of operations lead to. */
  readonly live: BlockAmount
  /** What went, or would go. */
  readonly removed: BlockAmount
  /** What is of no use but lies in packs that are mostly live, and not worth rewriting yet. */
  readonly unused: BlockAmount
  readonly packs: { readonly removed: number; readonly rewritten: number; readonly kept: number }
  /** Blocks that were evicted now: they are kept, and what they alone led to is not. */
  readonly evicted: readonly CID[]
  /** Bytes that storage got back, those of new packs subtracted; in a dry run, what is to be expected. */
  readonly freedBytes: number
  /** Writers at work. What they may count on is deleted by the next collection after they end. */
  readonly sessions: readonly Lease[]
  /** Packs that no index names any more and that are kept for those writers. */
  readonly deferredPacks: number
  /** Writers that were given up and can never commit. */
  readonly revoked: readonly Lease[]
  /** Packs that stay as they are because a block in them is damaged. */
  readonly damagedPacks: readonly string[]
}
