import type { CID } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { CidText } from '../../types.ts'

/** What went over of runs, derivations and models. */
export interface SentRecords {
  readonly runs: SentRuns
  /** Derivations of which results went over. */
  readonly derivations: number
  readonly models: SentModels
}

export interface SentRuns {
  /** Runs that were not there. */
  readonly added: number
  /** Runs that were there, and not over yet. */
  readonly updated: number
  /** Of those that were added: the ones that have another number there, since theirs was taken. */
  readonly renumbered: readonly RenumberedRun[]
  /** Runs that are over on both sides and ended differently: each side keeps its own record. */
  readonly kept: readonly KeptRun[]
  /** Runs that are not over: they stay where they are until they are. */
  readonly open: number
}

export interface RenumberedRun {
  /** CID of the start, which is the run's identity on both sides. */
  readonly id: CidText
  /** `train#1` where it came from, `train#4` where it went. */
  readonly from: string
  readonly to: string
}

export interface KeptRun {
  readonly id: CidText
  /** What the run is called where it was to go. */
  readonly label: string
  /** CIDs of the records of both sides. */
  readonly sent: CidText
  readonly kept: CidText
}

export interface SentModels {
  /** Versions that were not there. */
  readonly versions: number
  /** Aliases that went on, and versions that were approved. */
  readonly events: number
  /** Models that stayed as they were, since both sides went on by themselves. */
  readonly refused: readonly RefusedModel[]
}

/** A model of which both sides say something else, and none of which went over. */
export interface RefusedModel {
  readonly model: string
  /** What they differ in: `digits@2`, or `digits@production`. */
  readonly subject: string
  readonly kind: 'version' | 'alias' | 'approval'
  /** What the side says that records come from. */
  readonly sent: ModelFact
  /** What the side says that they were to go to. */
  readonly kept: ModelFact
  /** What to do, in words. */
  readonly hint: string
}

export interface ModelFact {
  /** CID of the version, or of the newest event. */
  readonly id: CidText
  /** Number of the version; null where an alias was taken away. */
  readonly number: number | null
  readonly by: string | null
  readonly at: string
}

/** Two repositories of which one gets records of the other. */
export interface Sides {
  readonly source: BlockRepository
  readonly target: BlockRepository
  /** The one of the two that is read without a network. */
  readonly near: BlockRepository
  /** Blocks of either, from the near one where it has them. */
  readonly either: BlockSource
}

/** The trees that records stand in; undefined where there are none yet. */
export interface RecordTrees {
  readonly runs: CID | undefined
  /** What these runs use: not sent, but made anew at the other side. */
  readonly uses: CID | undefined
  readonly derivations: CID | undefined
  readonly models: CID | undefined
  readonly events: CID | undefined
}
