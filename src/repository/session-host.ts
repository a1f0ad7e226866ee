import type { CID } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import type { BlockSource } from '../codec/interface.ts'
import type { Storage } from '../storage/interface.ts'
import type { MaybePromise } from '../types.ts'
import type { DeltaReader } from './delta-reader.ts'
import type { BlockLocation, IndexSet } from './index-set.ts'
import type { RootLog } from './root-log.ts'
import type { ReadRecord } from './root-record.ts'

/** A root record and the index files that it names: never one without the other. */
export interface RepositoryState {
  readonly root: ReadRecord
  readonly indexes: IndexSet
}

/** What sessions and garbage collection may do with the repository that they belong to. */
export interface SessionHost {
  readonly storage: Storage
  readonly platform: Platform
  readonly hasher: Hasher
  readonly log: RootLog
  readonly blocks: BlockSource
  readonly state: RepositoryState
  /** The plain bytes of a block as it was read from `location`, checked; what it is a delta against is read too. */
  open(cid: CID, location: BlockLocation, stored: Uint8Array): MaybePromise<Uint8Array>
  readonly deltas: DeltaReader
  refresh(): Promise<void>
  adopt(root: ReadRecord): Promise<void>
  /** Leaves a lease, then goes to the newest state: whoever deletes after that knows of this writer. Returns the lease's id. */
  announce(): Promise<string>
  /** Leaves a lease that claims to be from record `base`, and looks at nothing. Returns its id. */
  leaveLease(base: number): Promise<string>
}
