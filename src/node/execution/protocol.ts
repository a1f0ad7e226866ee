import type { LockedPackage } from '../../recipe/interface.ts'
import type { RecipeDescription } from '../../recipe/describe-definition.ts'
import type { Params } from '../../recipe/effective-params.ts'

/** Which function of which module. */
export interface FunctionPlace {
  readonly folder: string
  /** Relative to the folder. */
  readonly module: string
  readonly exportName: string
}

/** What stays the same for all calls of a function in one process. */
export interface FunctionWork extends FunctionPlace {
  readonly type: 'function'
  readonly name: string
  /** Folders by name; of a map recipe, without the first input, which each unit has its own part of. */
  readonly inputs: Readonly<Record<string, string>>
  readonly params: Params
  readonly seed: string
  readonly packages: readonly LockedPackage[]
}

/** One call. */
export interface UnitWork {
  readonly type: 'unit'
  /** Null unless it is one of several, of a map recipe. */
  readonly part: UnitPlace | null
  readonly outputs: Readonly<Record<string, string>>
}

/** What a call of a map recipe is for. The runner makes the folders of its outputs. */
export interface UnitPlace {
  readonly name: string
  readonly file: string | null
  readonly shard: { readonly index: number; readonly of: number } | null
  /** The first input, and the folder of its part that this is for. */
  readonly input: { readonly name: string; readonly folder: string }
}

export type ToRunner =
  | (FunctionPlace & { readonly type: 'describe'; readonly params: Params })
  | FunctionWork
  | UnitWork
  | { readonly type: 'command'; readonly folder: string; readonly words: readonly string[] }
  | { readonly type: 'stop'; readonly reason: string }

/** What every call of a function tells, however it ended. */
export interface CallReport {
  readonly mathRandomCalls: number
  /** Modules that were loaded since the last report and that are neither in the code folder nor in a package that may be used. */
  readonly foreign: readonly string[]
}

export type FromRunner =
  | { readonly type: 'described'; readonly definition: RecipeDescription; readonly params: Params }
  | { readonly type: 'refused'; readonly message: string; readonly hint: string; readonly data: Record<string, unknown> }
  | { readonly type: 'progress'; readonly done: number; readonly total?: number }
  | ({ readonly type: 'done' } & CallReport)
  | ({ readonly type: 'failed'; readonly message: string } & CallReport)
  | { readonly type: 'exited'; readonly exitCode: number | null; readonly signal: string | null }
  | { readonly type: 'not-started'; readonly message: string }

const TYPES: ReadonlySet<unknown> = new Set<FromRunner['type']>(['described', 'refused', 'progress', 'done', 'failed', 'exited', 'not-started'])

/** A message of the runner, or undefined for anything else: code that runs there may send messages of its own. */
export function asRunnerMessage(value: unknown): FromRunner | undefined {
  return TYPES.has((value as { type?: unknown } | null)?.type) ? (value as FromRunner) : undefined
}
