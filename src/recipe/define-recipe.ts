import type { JsonValue } from '../types.ts'
import type { EnvironmentPolicy } from './interface.ts'
import type { MapRule } from './map/map-rule.ts'
import type { Random } from './random.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'

/** An input of a recipe: a dataset, checked out read-only. */
export interface RecipeInput {
  /** Absolute path of the folder. */
  readonly path: string
  /** Relative paths of all files, in the order of manifest keys. */
  files(): AsyncIterable<string>
  /** The whole content of one file. */
  read(path: string): Promise<Uint8Array>
}

/** An output of a recipe: a folder that is empty in the beginning. All that is in it in the end becomes a dataset. */
export interface RecipeOutput {
  /** Absolute path of the folder. */
  readonly path: string
  /** Writes one file, and the folders above it. */
  write(path: string, content: string | Uint8Array): Promise<void>
}

/** What a recipe's function is given. */
export interface RecipeContext<Params> {
  readonly inputs: Readonly<Record<string, RecipeInput>>
  readonly outputs: Readonly<Record<string, RecipeOutput>>
  /** As the schema gives them: defaults filled in. */
  readonly params: Params
  readonly seed: string
  /** Numbers that depend on the seed, the recipe's name and the label alone. */
  readonly rng: (label: string) => Random
  /** Aborted when the run is stopped. */
  readonly signal: AbortSignal
  /** Writes a line to the run's log. */
  readonly log: (...words: readonly unknown[]) => void
  readonly progress: (done: number, total?: number) => void
  /** Of a recipe with `map: 'file'`: the file that this call is for, and all that the first input has for it. */
  readonly file?: { readonly path: string; read(): Promise<Uint8Array> }
  /** Of a recipe with `map: { shards: n }`: which of the n this call is for, from 0 on. The first input has its files alone. */
  readonly shard?: { readonly index: number; readonly of: number }
}

/**
 * How far two runs may differ. `bitwise`: not at all, and it is an error if they do. With a tolerance, and with `false`, the first run counts and others are kept beside it.
 */
export type DeterminismClaim = 'bitwise' | { readonly tolerance: JsonValue } | false

export interface RecipeDefinition<Schema extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>> {
  readonly name: string
  readonly version?: string
  /**
   * Standard Schema (zod, valibot, arktype and others). Without one there are no parameters. A parameter that is given and that it takes no notice of, as most schemas do with keys that they do not
   * know, is an error.
   */
  readonly params?: Schema
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Default `bitwise`. */
  readonly deterministic?: DeterminismClaim
  /**
   * Default `locked`, which counts the lock file as a whole: any change in it, also of a package that this recipe has nothing to do with, makes it run again. With `runtime` the packages that the
   * code imports still count, with all that they depend on as package-lock.json has it, but nothing else of that file.
   */
  readonly environment?: EnvironmentPolicy
  /**
   * `file`: `run` is called for each file of the first input by itself, in several processes, and sees no other; when the input changes, only for files that did. `{ shards: n }`: the same for
   * n parts, among which files are dealt out by their paths. What a call gives must depend on nothing that an earlier call left in a variable; empty folders are no part of it.
   */
  readonly map?: MapRule
  /** Files that the code reads beside the modules it imports, as globs relative to the module. */
  readonly files?: readonly string[]
  /**
   * Of a recipe that is passed to `derive` as it is, not by its module: every value that `run` uses from around it, by the name of its variable. Such a recipe needs this and a version, since
   * nothing else says what its function is made of. Of what every program has, it may use by name what the language has, and `Buffer`, `process`, `console`, `URL`, `URLSearchParams`,
   * `TextEncoder`, `TextDecoder`, `structuredClone`, `AbortController`, `AbortSignal` and `queueMicrotask`; the rest as `globalThis.fetch`, since a variable of the same name around the
   * function would be something else.
   */
  readonly captures?: { readonly [name: string]: JsonValue }
  /** Has failed if what it begins, such as a write without `await`, is not done when it settles, and if it gives something back. */
  run(context: RecipeContext<StandardSchemaV1.InferOutput<Schema>>): void | Promise<void>
}

/**
 * Declares a recipe. Gives the definition back; what it is good for is its types, and that errors come up when the module is loaded.
 *
 * @example
 * export const features = defineRecipe({
 *   name: 'features', inputs: ['raw'], outputs: ['features'],
 *   async run({ inputs, outputs }) {
 *     for await (const path of inputs.raw.files()) await outputs.features.write(path, await inputs.raw.read(path))
 *   },
 * })
 */
export function defineRecipe<Schema extends StandardSchemaV1 = StandardSchemaV1<unknown, Record<string, never>>>(definition: RecipeDefinition<Schema>): RecipeDefinition<Schema> {
  return definition
}
