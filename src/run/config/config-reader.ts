import { InvalidArgumentError } from '../../errors.ts'
import { isJsonMap } from '../../recipe/pipeline/json-of.ts'
import type { JsonValue } from '../../types.ts'
import { innerKey, isWithin, joinKey, splitKey } from './config-key.ts'
import type { ResolvedConfig } from './interface.ts'
import { declaredKeys, keySuggestion, nearKeys } from './near-keys.ts'
import type { JsonMap } from './plain-values.ts'

/** What the language and other code ask of any object: not what somebody meant to be configuration, so never an error. */
const ASKED_OF_ANYTHING = new Set(['then', 'toJSON', ...Object.getOwnPropertyNames(Object.prototype)])

export interface ConfigReader<T> {
  /**
   * The configuration as an object: `run.config.train.rate`. What the run itself can do stands beside it, not in it, so that every name in it is the user's: `get` and `unused` can
   * be keys. It can be handed to code that knows nothing of varve, taken apart and spread; it cannot be changed, nor cloned to another thread, for which there is `get`.
   */
  readonly view: T
  /** The value of `train.rate`, or all of `train` as a plain frozen object, which counts as having read all that is in it. Undefined for what is not there, unless reading is strict. */
  get(key: string): JsonValue | undefined
  /** Keys of the values that nobody has read yet, sorted. */
  unused(): readonly string[]
}

/**
 * Reads a configuration in code and remembers which values were read. In strict mode a key that no layer declared is an error wherever it is read, so that a misspelt one cannot
 * pass for a missing one; `'rate' in config.train` asks without risk. A list is one value: what is in it is not watched. A read of a declared key takes some 0.1 µs.
 * @typeParam T what the caller knows the configuration to be; nothing checks it
 * @throws InvalidArgumentError from reads, in strict mode, naming the nearest declared keys; `data.key` and `data.near` hold them
 */
export function configReader<T = JsonMap>(resolved: Pick<ResolvedConfig, 'values' | 'entries'>, { strict = true }: { readonly strict?: boolean } = {}): ConfigReader<T> {
  const leaves = new Map(resolved.entries.map(({ key, value }) => [key, value]))
  /** Maps that were read as a whole: once is enough to go through all that is in them. */
  const maps = new Map<string, JsonValue>()
  const read = new Set<string>()
  const unknown = (key: string): undefined => {
    if (!strict) return undefined
    const known = declaredKeys(resolved)
    const near = nearKeys(key, known)
    throw new InvalidArgumentError(`The configuration has no key "${key}"${keySuggestion(near, known)}`, { data: { key, near }, hint: 'Correct the name, or declare the key in a file, in the defaults or with --set.' })
  }
  return {
    view: viewOf(resolved.values, null, { read, unknown }) as T,
    get(key) {
      const value = leaves.get(key)
      if (value !== undefined) {
        read.add(key)
        return value
      }
      const before = maps.get(key)
      if (before !== undefined) return before
      const names = splitKey(key)
      const found = valueAt(resolved.values, names)
      if (found === undefined) return unknown(key)
      maps.set(key, found)
      for (const leaf of leaves.keys()) if (isWithin(leaf, joinKey(names))) read.add(leaf)
      return found
    },
    unused: () => [...leaves.keys()].filter((key) => !read.has(key)),
  }
}

/** What stands at the end of a way; undefined if nothing does. */
export function valueAt(values: JsonMap, names: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = values
  for (const name of names) value = isJsonMap(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}

interface Watch {
  readonly read: Set<string>
  readonly unknown: (key: string) => undefined
}

/** The object behind holds the views of inner maps, so that it may be frozen, and whoever prints the view sees plain values; printing reads nothing. */
function viewOf(values: JsonMap, key: string | null, watch: Watch): object {
  const leafKeys = new Map<string, string>()
  const shown = Object.entries(values).map(([name, value]): [string, unknown] => {
    const inner = innerKey(key, name)
    if (isJsonMap(value) && Object.keys(value).length > 0) return [name, viewOf(value, inner, watch)]
    leafKeys.set(name, inner)
    // The view of an empty map says what is not in it.
    return [name, isJsonMap(value) ? viewOf(value, inner, watch) : value]
  })
  return new Proxy(Object.freeze(Object.fromEntries(shown)), {
    get(target, name) {
      if (typeof name === 'symbol') return Reflect.get(target, name)
      const leaf = leafKeys.get(name)
      if (leaf !== undefined) watch.read.add(leaf)
      else if (!Object.hasOwn(target, name)) return ASKED_OF_ANYTHING.has(name) ? Reflect.get(target, name) : watch.unknown(innerKey(key, name))
      return target[name]
    },
    has: (target, name) => Object.hasOwn(target, name),
  })
}
