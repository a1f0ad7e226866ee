import type { Repository } from '../../dataset/repository.ts'
import type { Reproduction } from '../../run/compare-outcomes.ts'
import type { Tolerances } from '../../run/tolerances.ts'
import type { FoundRun } from '../../run/find-run.ts'
import type { OperationOptions } from '../../types.ts'
import type { ModelEvent } from '../interface.ts'
import type { ListedVersion } from '../model-tree.ts'
import type { Relative } from './sibling-runs.ts'

/** Each asks for all that those before it ask for. */
export type CheckLevel = 'basic' | 'reproducible' | 'audit'

/** The names of the items, by which policies speak of them. */
export type CheckItemId =
  | 'inputs' | 'provenance' | 'code' | 'config' | 'evaluation' | 'ended'
  | 'committed' | 'seed' | 'disjoint' | 'packages' | 'image' | 'variance'
  | 'rerun' | 'remotes' | 'signed' | 'approver' | 'secrets'

/**
 * What can be said of an item. `proven`: varve found it out from content that it has hashed, or from what it recorded itself. `declared`: somebody says so, and nothing contradicts them. `missing`: neither, or it is not so.
 */
export type Verdict =
  | { readonly status: 'proven' | 'declared'; readonly evidence: string }
  /** `todo` says what to do, for this run or the next. */
  | { readonly status: 'missing'; readonly evidence: string; readonly todo: string }

export type CheckStatus = Verdict['status']

/** What a rule looks at. */
export interface CheckSubject {
  readonly repository: Repository
  readonly run: FoundRun
  /** Null if a run is checked, and no version of a model. */
  readonly model: { readonly version: ListedVersion; readonly approvals: readonly Pick<ModelEvent, 'by' | 'at'>[] } | null
  readonly port: CheckPort
  /** Other runs of the same name on the same data; read once. */
  readonly relatives: () => Promise<readonly Relative[]>
  /** How far metrics of a re-run may be from those of the run: absolute. */
  readonly tolerances: Tolerances
  readonly signal: AbortSignal | undefined
}

/** One item of the checklist. */
export interface CheckRule {
  readonly id: CheckItemId
  readonly title: string
  readonly level: CheckLevel
  /** What is damaged or gone may be thrown: it becomes `missing`. */
  readonly decide: (subject: CheckSubject) => Verdict | Promise<Verdict>
}

/** What only a machine can do. */
export interface CheckPort {
  /** Runs a run again in a clean place and compares what comes out. Without it, only re-runs that are recorded count. */
  readonly reproduce?: (run: string) => Promise<Pick<Reproduction, 'verdict' | 'firstDifference'> & { readonly again: string }>
}

export interface CheckOptions extends Pick<OperationOptions, 'signal'> {
  /** Default: that of the policy, else `basic`. */
  readonly level?: CheckLevel
  readonly policy?: CheckPolicy
  readonly port?: CheckPort
}

/** What a file of rules says (`varve-policy.yaml`). */
export interface CheckPolicy {
  readonly file: string
  readonly level: CheckLevel | null
  /** Items that are asked for at every level; `proven` ones may not be merely declared. */
  readonly required: readonly { readonly item: CheckItemId; readonly proven: boolean }[]
  /** Items that are not asked for. */
  readonly waived: readonly ({ readonly item: CheckItemId } & Waiver)[]
  readonly tolerances: Tolerances
  /** The level that must be reached before a version is approved, or an alias is pointed to it. */
  readonly before: { readonly approve: CheckLevel | null; readonly alias: ReadonlyMap<string, CheckLevel> }
}

export interface Waiver {
  readonly why: string
  /** As written: a date, which counts to its end (UTC), or a time. */
  readonly expires: string
}

/** An item with what came of it. */
export interface CheckedItem {
  readonly id: CheckItemId
  readonly title: string
  readonly level: CheckLevel
  readonly status: CheckStatus
  readonly evidence: string
  /** Null unless it is missing. */
  readonly todo: string | null
  /** Whether a policy wants it proven, so that to say it is not enough. */
  readonly mustBeProven: boolean
  readonly waiver: Waiver | null
  /** Whether the level can be reached with it. */
  readonly passes: boolean
}

/** What came of a check. Plain data, ready for JSON. */
export interface CheckReport {
  readonly kind: 'run' | 'model' | 'preflight'
  /** `train#3`, `digits@2`, or the name of a run that has not begun. */
  readonly subject: string
  /** The run that was looked at. */
  readonly run: string | null
  readonly level: CheckLevel
  /** Whether all that the level and the policy ask for passes. */
  readonly reached: boolean
  readonly policy: string | null
  /** RFC 3339, UTC. */
  readonly checked: string
  readonly items: readonly CheckedItem[]
}
