import type { Hasher, Platform } from '../cid/interface.ts'
import type { BlockSource } from '../codec/interface.ts'
import type { Storage } from '../storage/interface.ts'
import type { IndexSet } from './index-set.ts'
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
  refresh(): Promise<void>
  adopt(root: ReadRecord): Promise<void>
}
