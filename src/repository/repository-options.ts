import type { Hasher, HashName, Platform } from '../cid/interface.ts'
import type { Lease } from './lease.ts'
import type { PackScanner } from './pack-scanner.ts'

export interface BlockRepositoryOptions {
  /** Hashing, compression, clock and randomness; by default the portable one, on Node pass `nodePlatform`. */
  readonly platform?: Platform
  /** Who writes, for the leases of sessions: shown to people, never trusted. */
  readonly writer?: { readonly host: string; readonly process: number }
  /** True for a session whose process is gone, as far as this machine can tell. */
  readonly isGone?: (lease: Lease) => boolean
  /** How packs are read when all of them are checked, given the repository's hash; by default one after the other. */
  readonly scanner?: (hasher: Hasher) => PackScanner
}

export interface CreateOptions extends BlockRepositoryOptions {
  /** Default `sha2-256`. */
  readonly hash?: HashName
}
