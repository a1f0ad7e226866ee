import type { CidText, JsonValue } from '../types.ts'

/**
 * `data`: a root that a snapshot or a derivation has given a place; `artifact`: one that only runs made; `code`: one that is known as the code of runs and derivations alone; `evaluation`: what a model version scored. The others are what was done: a recipe on exact inputs, a
 * run, an artifact made a version of a model.
 */
export type LineageKind = 'data' | 'artifact' | 'code' | 'derivation' | 'run' | 'model' | 'evaluation'

export interface LineageNode {
  /** CID of the root, the derivation, the start of the run, or the model version; of an evaluation that of the version with `#evaluation`. */
  readonly id: string
  readonly kind: LineageKind
  /** For people: `covid/raw@v2`, `train#3`, `digits@1`. */
  readonly label: string
  /** What became of it: of a run or a derivation `succeeded`, `failed` …, of data `dropped` if it is to be made again; null where there is nothing to say. */
  readonly status: string | null
  /** RFC 3339, UTC: when it ended, or was recorded. */
  readonly when: string | null
  readonly why: string | null
  readonly facts: Readonly<Record<string, JsonValue>>
}

/** From what was there to what was made of it. */
export interface LineageEdge {
  readonly from: string
  readonly to: string
  /** The name of the input, output or artifact, or `code`, `metrics`, `log`, `weights of`, `made by` (of the run that a model was registered from), `evaluation`, `evaluated on`, `reproduced by`. */
  readonly role: string
}

/** `up`: what it was made of; `down`: what was made of it. */
export type LineageDirection = 'up' | 'down' | 'both'

/** Plain data, ready for JSON. */
export interface Lineage {
  /** Where the walk began: one node; of a model version also its evaluation. */
  readonly start: readonly string[]
  readonly direction: LineageDirection
  /** Edges away from the start at most; null for any number. */
  readonly depth: number | null
  /** The start first, then breadth first. */
  readonly nodes: readonly LineageNode[]
  /** Every edge between these nodes. */
  readonly edges: readonly LineageEdge[]
  /** Nodes before which depth or number ended the walk. What lies behind them is not known. */
  readonly leftOut: number
}

/** Data that holds what was asked for. */
export interface AffectedData {
  readonly root: CidText
  /** Names of snapshots with that root: `covid/raw@v2`, `covid/raw~3`; empty if none has it. */
  readonly names: readonly string[]
  /** Where it is: the first few paths; empty for the whole. */
  readonly paths: readonly string[]
  /** How many paths there are; 0 for the whole. */
  readonly count: number
}

export interface AffectedDerivation {
  readonly derivation: CidText
  readonly recipe: string
  /** Roots that it gave. */
  readonly outputs: readonly { readonly name: string; readonly root: CidText; readonly names: readonly string[] }[]
}

export interface AffectedModel {
  /** `digits@3`. */
  readonly label: string
  readonly id: CidText
  readonly aliases: readonly string[]
  /** Whether it was made of what is affected, and whether it was evaluated on it. */
  readonly isMadeOf: boolean
  readonly isEvaluatedOn: boolean
}

/** Who used a dataset, a file or a chunk, and what was made of that. Plain data, ready for JSON. */
export interface Impact {
  readonly wanted: {
    readonly root: CidText | null
    readonly path: string | null
    /** CID of the file, or of the chunk; null for a whole dataset or a folder. */
    readonly content: CidText | null
  }
  /** Distinct roots that anything used, of which each was looked at; 0 where the root itself was asked for. */
  readonly searched: number
  /** Those that were dropped, so that nothing is known of their files. */
  readonly dropped: readonly CidText[]
  readonly data: readonly AffectedData[]
  readonly derivations: readonly AffectedDerivation[]
  /** By name, the newest first. */
  readonly runs: readonly { readonly label: string; readonly id: CidText }[]
  readonly models: readonly AffectedModel[]
}
