import type { JsonValue } from '../../types.ts'
import type { DeterminismClaim } from '../define-recipe.ts'
import type { EnvironmentPolicy } from '../interface.ts'
import type { MapRule } from '../map/map-rule.ts'

/** Where something stands in a file; line and column from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A value of a YAML or JSON file that knows where it stands. */
export type SourceValue = SourceScalar | SourceList | SourceMap

interface Source {
  readonly place: Place
  /** The way to it from the top of its file: `steps.parse.inputs.raw`. */
  readonly path: string
}

export interface SourceScalar extends Source {
  readonly kind: 'scalar'
  readonly value: null | boolean | number | string
  /** As it is written, without quotes: `007`. */
  readonly written: string
}

export interface SourceList extends Source {
  readonly kind: 'list'
  readonly items: readonly SourceValue[]
}

export interface SourceMap extends Source {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, SourceEntry>
}

export interface SourceEntry {
  readonly key: string
  /** Of the key. */
  readonly place: Place
  readonly value: SourceValue
}

/** A name with a text. */
export interface SourceText extends SourceEntry {
  readonly value: SourceScalar & { readonly value: string }
}

/**
 * The pipeline file, `varve.yaml`: the steps that make datasets out of datasets. It lies beside the code; every path in it is relative to it.
 *
 * ```yaml
 * params: [params.yaml, { rate: 0.1 }]      # optional: files (YAML, or JSON by their name) and maps; later ones win, key by key
 * steps:
 *   parse:                                  # names: letters, digits, "_" and "-"
 *     recipe: ./steps/parse.mjs#parse       # module#export; the export may be left out if the module has one recipe
 *     inputs: { raw: covid/raw }            # a revision of the repository …
 *     params: { country: '${params.country}' }
 *     refs: { rows: covid/rows }            # where an output goes; default: step/output
 *     seed: 7
 *   split:
 *     command: [python3, split.py, --in, '{inputs.rows}', --out, '{outputs.split}', --by, '{params.by}']
 *     code: [split.py, 'lib/**']            # files and globs; required, as nothing else tells what a command reads; [] for none
 *     environment: runtime                  # none, runtime, locked (default) or image
 *     deterministic: bitwise                # default; or false, or { tolerance: … }
 *     map: file                             # start it for each file of the first input by itself; or { shards: 8 }; default: once for all
 *     inputs: { rows: parse.rows }          # … or step.output
 *     params: { by: hash }
 *     outputs: [split]                      # required of a command; of a recipe they default to what it declares
 *   features:
 *     foreach: { country: [DE, FR] }        # a step for each: features@DE, features@FR; of several lists, for each combination: features@DE,2020
 *     recipe: ./steps/features.mjs
 *     inputs: { rows: split.split }
 *     params: { country: '${foreach.country}', rate: '${params.rate}' }
 *     outputs: [table]                      # goes to features/DE/table
 * ```
 *
 * **Inputs.** `step.output` and `step@item.output` are outputs of steps; everything else is a revision. A ref that reads like an output is written with `~0`: `data.v1~0`.
 *
 * **References.** `${params.a.b}`, `${foreach.name}` and, if there is one list, `${item}`, each with `.key` for what is within, may stand in `inputs`, `params`, `refs`, `seed` and
 * `foreach`, but not in names. A value that is one reference and nothing else takes the value as it is, with its type: number, list or map. Within a text only texts, numbers and
 * booleans can be put. `$${` stands for `${`. In a flow map YAML wants quotes around them.
 *
 * **Params.** What a step is given is what its `params` say, and no more: a parameter that no step refers to changes nothing. `params: ${params.train}` hands on a whole section,
 * of which the recipe's schema must know every key: one that it takes no notice of is an error.
 *
 * **Foreach.** Items are texts, numbers or booleans that can be part of a ref's name, or maps with such a `name`.
 */
export interface Pipeline {
  /** The name of the file, for messages. */
  readonly file: string
  /** In the order in which they are laid over each other. */
  readonly params: readonly ParamsSource[]
  /** In the order of the file. */
  readonly steps: readonly PipelineStep[]
}

/** A file that is to be read, relative to the pipeline file, or what stands in the pipeline file itself. */
export type ParamsSource = { readonly kind: 'file'; readonly path: string; readonly place: Place } | { readonly kind: 'inline'; readonly values: SourceMap }

/** What a step runs. */
export type StepAction =
  /** `exportName` is null if the module has one recipe only. */
  | { readonly kind: 'recipe'; readonly module: string; readonly exportName: string | null }
  | {
    readonly kind: 'command'
    readonly words: readonly string[]
    readonly code: readonly string[]
    readonly environment: EnvironmentPolicy
    readonly deterministic: DeterminismClaim
    readonly map: MapRule | null
  }

/** A step as it is written, with its references in place. */
export interface PipelineStep {
  readonly name: string
  /** Of the name. */
  readonly place: Place
  readonly action: StepAction
  readonly inputs: readonly SourceText[]
  readonly params: SourceValue | null
  /** Null: those that the recipe declares. */
  readonly outputs: readonly string[] | null
  readonly refs: readonly SourceText[]
  readonly seed: SourceScalar | null
  /** Lists of items by name; null for a step that stands for itself. A list without a name is called `item`. */
  readonly foreach: SourceValue | null
}

/** Where a planned input comes from. */
export type InputSource = { readonly kind: 'revision'; readonly revision: string } | { readonly kind: 'output'; readonly step: string; readonly output: string }

export interface PlannedInput {
  readonly name: string
  readonly source: InputSource
  readonly place: Place
}

/** A step that can be run: one for each item, all references filled in. */
export interface PlannedStep {
  /** `features`, or `features@DE` for one item. */
  readonly name: string
  /** As it stands in the file: `features`. */
  readonly step: string
  readonly place: Place
  readonly action: StepAction
  readonly inputs: readonly PlannedInput[]
  readonly params: { readonly [key: string]: JsonValue }
  /** The parameters that were referred to, as `train.rate`, sorted. */
  readonly uses: readonly string[]
  readonly outputs: readonly string[] | null
  /** Refs that were named; `outputRef` knows the others. */
  readonly refs: ReadonlyMap<string, string>
  /** Null if the file says nothing of it. */
  readonly seed: string | null
  /** The steps whose outputs it reads, in the order of the plan. */
  readonly after: readonly string[]
}

/** Steps in an order in which they can be run: that of the file, unless a step needs a later one. */
export interface PipelinePlan {
  readonly steps: readonly PlannedStep[]
}
