import type { CID } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import type { OperationOptions } from '../../types.ts'
import type { BlockAmount } from '../gc/interface.ts'
import type { Ref, RefChange } from '../refs.ts'

/** A dag-cbor block that was found, for whoever can tell what it means. */
export interface FoundNode {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** What is known when refs were given up. */
export interface LostRefs {
  /** Refs that are still known. */
  readonly refs: readonly Ref[]
  readonly blocks: BlockSource
  /** Every sound dag-cbor block of the repository, once or more. */
  readonly nodes: () => AsyncIterable<FoundNode>
}

export interface RepairOptions extends OperationOptions {
  /** Where damaged and missing blocks are looked for. What comes from there is hashed before it is stored. */
  readonly from?: BlockSource
  /** Do not keep the file content that `from` has, only find out whether it has it. For rehearsals. Default false. */
  readonly probeOnly?: boolean
  /**
   * Go on although refs, entries of the log of operations or evictions can be neither read nor fetched: what takes their place is for good. Default true; if false, that is a
   * WouldLoseError, and nothing has been committed.
   */
  readonly giveUp?: boolean
  /** Called if the newest refs cannot be read: the refs to make for what may have been named by them. By default none. */
  readonly recover?: (lost: LostRefs) => Promise<readonly RefChange[]>
  readonly actor?: string
}

/** A block, and what is wrong with it. */
export interface UnsoundBlock {
  readonly cid: CID
  readonly reason: string
}

export interface RepairReport {
  /** Number of the root record that was made, or null if there was nothing to change. */
  readonly number: number | null
  readonly indexRebuilt: boolean
  readonly packs: {
    readonly scanned: number
    /** Keys of packs that the index named and storage lacks. */
    readonly missing: readonly string[]
    /** Keys of packs whose structure cannot be read; their sound blocks were copied to new packs. */
    readonly torn: readonly string[]
  }
  readonly log: {
    /** The record whose state was taken up; 0 if none could be read. */
    readonly takenUp: number
    /** Newer records that are there and cannot be read: what they alone said is given up. */
    readonly givenUp: readonly number[]
    /** Older records that cannot be read. They cost a link in the chain of records and nothing else. */
    readonly unreadable: readonly number[]
    /** Numbers that should have a record and had none. */
    readonly filled: readonly number[]
  }
  /** True if the newest refs could not be read, so that older ones and `recovered` took their place. */
  readonly refsGivenUp: boolean
  readonly recovered: readonly { readonly name: string; readonly target: CID }[]
  /** Blocks that were damaged where they stood, with no sound copy in the repository. */
  readonly damaged: readonly UnsoundBlock[]
  /** Sound blocks that were copied out of packs that cannot be kept. */
  readonly rescued: BlockAmount
  /** Blocks that came from `from`, and their plain bytes. */
  readonly fetched: BlockAmount
  /** Numbers of the entries of the log of operations that were lost; an entry that says so stands in the place of each. */
  readonly lostOperations: readonly number[]
  /** True if which snapshots were evicted could not be read, so that older knowledge took its place: some of what is lost may have been removed on purpose. */
  readonly evictedGivenUp: boolean
  /** Blocks that refs lead to and that are nowhere to be had. */
  readonly lost: readonly UnsoundBlock[]
  /** Keys of objects that hold damaged bytes, for whoever wants to try more. Nothing reads them, and they may be deleted. */
  readonly quarantined: readonly string[]
}
