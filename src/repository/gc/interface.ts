import type { CID } from '../../cid/cid.ts'
import type { OperationOptions } from '../../types.ts'
import type { Lease } from '../lease.ts'

export interface GcOptions extends OperationOptions {
  /** Find out and change nothing. What it reports is what the collection would, but that blocks which are only copied are not looked at for damage. Default false. */
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
  /**
   * Bytes of packs that storage got back, or would: packs that no index names, left by writers that died, among them; what was stored in new packs subtracted. Less than nothing where old
   * packs stay for writers at work. Index files are not counted.
   */
  readonly freedBytes: number
  /** Writers at work. What they may count on is deleted by the next collection after they end. */
  readonly sessions: readonly Lease[]
  /** Packs that no index names any more and that are kept for those writers. */
  readonly deferredPacks: number
  /** Files that nothing needs and that the storage does not let be deleted, as in a bucket with object lock. A dry run cannot know. */
  readonly refusedFiles: number
  /** Only there, and true, if the storage keeps old versions of what was deleted: they take the room that seems to be free. A dry run cannot know. */
  readonly keepsVersions?: true
  /** Writers that were given up and can never commit. */
  readonly revoked: readonly Lease[]
  /** Packs that stay as they are because a block in them is damaged. */
  readonly damagedPacks: readonly string[]
}
