import type { DeterminismClaim } from '../../recipe/define-recipe.ts'
import type { DerivationChange } from '../../recipe/compare-derivations.ts'
import type { EnvironmentPolicy } from '../../recipe/interface.ts'
import type { MapRule } from '../../recipe/map/map-rule.ts'
import type { CidText, JsonValue, OperationOptions } from '../../types.ts'
import type { SecretPath } from './secret-paths.ts'
import type { Executor, Limits } from '../execution/interface.ts'

/** Parameters by name. */
export type Params = { readonly [key: string]: JsonValue }

/** A recipe in any language: a command line, and the files that it is made of. */
export interface CommandRecipe {
  readonly name: string
  readonly version?: string
  /** Words, in which `{inputs.name}`, `{outputs.name}`, `{params.key}` and `{seed}` are filled in. No shell reads them. */
  readonly command: readonly string[]
  /** Globs of the files that the command runs or reads, relative to `folder`. The command is run where they are. */
  readonly code: readonly string[]
  /** Default: the working directory. */
  readonly folder?: string
  /** Start the command for each file of the first input by itself, or for each of so many shards: `{inputs.name}` of the first input is then a folder with that part alone. */
  readonly map?: MapRule
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Default `bitwise`. */
  readonly deterministic?: DeterminismClaim
  /** Default `locked`. */
  readonly environment?: EnvironmentPolicy
}

export interface DeriveOptions extends OperationOptions {
  /** What stands for each input of the recipe: any revision. */
  readonly inputs: Readonly<Record<string, string>>
  /** Default: none. What the recipe's schema fills in counts as given. */
  readonly params?: Params
  /** Default 0. */
  readonly seed?: number | string
  /** Refs that the outputs get as their next snapshots: one for the only output, one by each output's name, or a rule that gives it. */
  readonly ref?: string | Readonly<Record<string, string>> | ((output: string) => string)
  /** Run even if the result is remembered; a second result of a recipe that claims to be deterministic must be the same. */
  readonly force?: boolean
  /** Only find out whether the result is remembered. Default false. */
  readonly dryRun?: boolean
  /** Digest of the container image that this runs in (`sha256:…`), for recipes whose environment is `image`. */
  readonly image?: string
  readonly limits?: Limits
  /** How many processes share the calls of a map recipe. Default: as many as the machine runs at once. */
  readonly processes?: number
  /** What the recipe is run by. Default: child processes of this one, `processExecutor`. */
  readonly executor?: Executor
  readonly message?: string
  readonly author?: string
  /** What the recipe's process writes, as it writes it; all of it is kept in the run's log. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void
  /** Told of a process of this host that runs the very same derivation, whose result is waited for. */
  readonly onWait?: (process: number) => void
}

export interface DerivedOutputInfo {
  readonly name: string
  readonly root: CidText
  /** The ref that it has, and its snapshot, if a ref was asked for. */
  readonly ref: string | null
  readonly snapshot: CidText | null
  /** True if there is nothing in it. False too if the data was dropped. */
  readonly empty: boolean
  /** True if the data was dropped, to be made again when it is needed. */
  readonly evicted: boolean
}

export interface DeriveResult {
  readonly derivation: CidText
  readonly recipe: CidText
  readonly name: string
  /** `remembered`: nothing was run. `stale`: it would have to be, and this was a dry run. */
  readonly status: 'ran' | 'remembered' | 'stale'
  /** The run that counts for the derivation; null if there is none. */
  readonly run: CidText | null
  readonly outputs: readonly DerivedOutputInfo[]
  /** Names of the outputs whose refs had the same roots before: what is made from them need not be made anew. */
  readonly unchanged: readonly string[]
  /** In what this derivation differs from the one that the ref of an output had before; empty if there was none. */
  readonly changes: readonly DerivationChange[]
  /** Absolute path of the lock file whose content is part of the environment; null if the recipe is not tied to one, or there is none. */
  readonly lockFile: string | null
  /** Of a map recipe: its units, and how many were called and how many taken over from before. Null for other recipes, and for one that is stale. */
  readonly units: { readonly total: number; readonly ran: number; readonly remembered: number } | null
  /** True if runs of this derivation gave different results, of which the first counts. */
  readonly diverged: boolean
  /** True if this very run gave another result than the first, as its recipe says it may: it is remembered beside that, and the outputs and refs are those of the first. */
  readonly differed: boolean
  /** Files that this run wrote, by whose names a snapshot would leave them out as passwords or keys; the first 20. */
  readonly secrets: readonly SecretPath[]
  /** Why the code may load more than its identity covers; empty if it cannot. */
  readonly open: readonly string[]
  readonly elapsedMs: number
}
