import type { CID } from '../cid/cid.ts'
import type { CidText, JsonValue } from '../types.ts'
import type { MapRule } from './map/map-rule.ts'

/**
 * How far two executions of one derivation may differ: not in a bit; at will; or within what `tolerance` says, which is for people and evaluations to judge.
 */
export type Determinism = 'bitwise' | 'none' | { readonly tolerance: JsonValue }

/** What of the machine is part of a derivation: nothing; the program that runs it; that and the lock file; the container image. */
export type EnvironmentPolicy = 'none' | 'runtime' | 'locked' | 'image'

/** A package that code imports, as the lock file has it. */
export interface LockedPackage {
  readonly name: string
  readonly version: string
  /** Subresource integrity of the package's archive, `git-` and the commit for one from a git repository, or null where the lock file has neither. */
  readonly integrity: string | null
}

/** What the steps of a recipe are made of. */
export interface RecipeCode {
  /** Manifest root of the local files, by their paths relative to the folder that holds them all. */
  readonly files: CID
  /** Sorted by name, then version. */
  readonly packages: readonly LockedPackage[]
  /** Why the code may load more than is listed here; empty if it cannot. */
  readonly open: readonly string[]
}

/** A function that a module exports, or a command line of any language. */
export type RecipeAction =
  | { readonly kind: 'function'; readonly module: string; readonly exportName: string }
  /** Words in which `{inputs.name}`, `{outputs.name}` and `{params.name}` are filled in. */
  | { readonly kind: 'command'; readonly words: readonly string[] }

/** A versioned transformation. Its CID covers all that is here. */
export interface Recipe {
  readonly name: string
  readonly version: string | null
  readonly action: RecipeAction
  readonly code: RecipeCode
  /** Names, in the order in which they were declared. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly deterministic: Determinism
  readonly environment: EnvironmentPolicy
  /** Of a recipe that is applied to parts of its first input by themselves: which. Null for one that sees everything at once. */
  readonly map: MapRule | null
}

/** A name with the root that stands under it. */
export interface NamedRoot {
  readonly name: string
  readonly root: CID
}

/** The part of the machine that counts, by the policy of the recipe: names and values, sorted by name. */
export interface Environment {
  readonly policy: EnvironmentPolicy
  readonly facts: readonly (readonly [name: string, value: string])[]
}

/** A recipe bound to all that decides what it gives. Its CID is the memo key. */
export interface Derivation {
  readonly recipe: CID
  /** In the recipe's order. */
  readonly inputs: readonly NamedRoot[]
  /** With defaults filled in. */
  readonly params: { readonly [key: string]: JsonValue }
  readonly seed: string
  /** A block that holds an `Environment`. */
  readonly environment: CID
}

export type RunStatus = 'succeeded' | 'failed' | 'aborted' | 'not-hermetic'

/** One execution of a derivation. */
export interface DerivationRun {
  readonly derivation: CID
  readonly status: RunStatus
  /** What went wrong, in words; null if nothing did. */
  readonly reason: string | null
  /** RFC 3339, UTC. */
  readonly started: string
  readonly ended: string
  /** Where it ran. */
  readonly host: string
  /** Of a run that succeeded, in the recipe's order; empty for others. */
  readonly outputs: readonly NamedRoot[]
  /** Manifest root of what the process wrote: `stdout.txt`, `stderr.txt`. */
  readonly log: CID
  readonly exitCode: number | null
  readonly signal: string | null
  /** How often `Math.random` was called; null if that could not be counted. */
  readonly mathRandomCalls: number | null
  /** Of a map recipe's run that succeeded; else null. */
  readonly units: MappedUnits | null
}

/** How the units of a map recipe came by their results. */
export interface MappedUnits {
  /** Called in this run. */
  readonly ran: number
  /** Whose results were taken over from an earlier run, since their part of the input is the same. */
  readonly remembered: number
  /** The derivation whose results those are: its own, if they are of a try that did not come to its end. Null if none were taken over. Told, and not kept for it. */
  readonly basis: CidText | null
  /** Tree of what each unit wrote (`written-paths.ts`). */
  readonly written: CID
}
