import type { Hasher, HashName, Platform } from '../cid/interface.ts'
import type { CID } from '../cid/cid.ts'
import type { BlocksElsewhere } from './elsewhere.ts'
import type { Lease } from './lease.ts'
import type { PackScanner } from './pack-scanner.ts'
import type { BlockRepository } from './repository.ts'
import type { StartSpanOpener } from './span-opener.ts'

/** Ways to read packs that suit one kind of storage. */
export interface BulkReading {
  /** For packs of which every block is checked. */
  readonly scanner: PackScanner
  /** For many blocks. */
  readonly startOpener: StartSpanOpener
}

export interface BlockRepositoryOptions {
  /** Hashing, compression, clock and randomness; by default the portable one, on Node pass `nodePlatform`. */
  readonly platform?: Platform
  /** Who writes, for the leases of sessions: shown to people, never trusted. */
  readonly writer?: { readonly host: string; readonly process: number }
  /** True for a session whose process is gone, as far as this machine can tell. */
  readonly isGone?: (lease: Lease) => boolean
  /** Faster ways to read much of the storage, given the repository's hash; by default everything goes through `Storage.get`. */
  readonly bulkReading?: (hasher: Hasher) => BulkReading
  /** Makes derived data again that garbage collection dropped, when it is asked for; by default that is an error. When it resolves, all that the root leads to is there. */
  readonly remake?: (repository: BlockRepository, root: CID) => Promise<void>
  /**
   * Finds the place where blocks are read that this storage does not hold. Asked when the first is missing; it must read `repository.here` alone, and needs to open nothing yet. Undefined: there is none.
   * The repository closes it.
   */
  readonly elsewhere?: (repository: BlockRepository) => Promise<BlocksElsewhere | undefined>
}

export interface CreateOptions extends BlockRepositoryOptions {
  /** Default `sha2-256`. */
  readonly hash?: HashName
}
