import type { CID } from '../cid/cid.ts'
import type { ConfigEntry } from '../run/config/interface.ts'
import type { CidText, JsonValue } from '../types.ts'

/** What a model scored on data that is pinned. */
export interface Evaluation {
  readonly metrics: { readonly [metric: string]: JsonValue }
  /** As it was given: `test@v2`. */
  readonly revision: string
  readonly snapshot: CID | null
  readonly root: CID
}

/** Version n of a model: an artifact of a run that succeeded. Nothing of it changes any more. */
export interface ModelVersion {
  readonly name: string
  /** Counts the versions of that name from 1. */
  readonly number: number
  /** Name of the artifact in its run, and its manifest root. */
  readonly artifact: string
  readonly root: CID
  /** Start and sealed record of the run. */
  readonly run: CID
  readonly record: CID
  readonly evaluation: Evaluation | null
  readonly why: string | null
  readonly by: string | null
  /** RFC 3339, UTC. */
  readonly at: string
}

/** Something that happened to versions: an alias was moved, or one was approved. Each leads to the one before it of the same alias or version. */
export interface ModelEvent {
  readonly kind: 'alias' | 'approval'
  readonly model: string
  /** Of an alias: its name. */
  readonly alias: string | null
  /** Null where an alias was taken away. */
  readonly version: CID | null
  readonly number: number | null
  readonly by: string | null
  readonly at: string
  readonly why: string | null
  readonly previous: CID | null
}

/** A version as people and programs are told of it. */
export interface ModelInfo {
  readonly name: string
  readonly number: number
  /** `digits@3`. */
  readonly label: string
  /** CID of the version. */
  readonly id: CidText
  readonly artifact: string
  readonly root: CidText
  /** `train#3`, and the CIDs of its start and its record. */
  readonly run: { readonly label: string; readonly id: CidText; readonly record: CidText }
  readonly inputs: readonly { readonly name: string; readonly revision: string; readonly root: CidText }[]
  readonly code: CidText | null
  readonly commit: string | null
  readonly configHash: string
  /** Every value of the configuration, by its key (`train.rate`), with where it is from; sorted by key. */
  readonly parameters: readonly Pick<ConfigEntry, 'key' | 'value' | 'origin'>[]
  readonly seed: string
  readonly evaluation: { readonly metrics: Evaluation['metrics']; readonly revision: string; readonly root: CidText } | null
  readonly aliases: readonly string[]
  readonly approvals: readonly { readonly by: string | null; readonly at: string; readonly why: string | null }[]
  readonly why: string | null
  readonly by: string | null
  readonly at: string
}

/** One move of an alias. */
export interface AliasMove {
  readonly alias: string
  readonly at: string
  readonly by: string | null
  readonly why: string | null
  /** Numbers of the versions; null for none. */
  readonly before: number | null
  readonly after: number | null
  /** True if its time is before that of the move before it: a clock went back. The order of moves is sure, their times are what the clocks said. */
  readonly isBackdated: boolean
}

/** A model that was taken out of a repository, as it was. */
export interface RemovedModel {
  readonly name: string
  /** The newest first. */
  readonly versions: readonly ModelInfo[]
  /** Every move of its aliases, the newest first. */
  readonly moves: readonly AliasMove[]
  readonly why: string
  readonly by: string | null
}
