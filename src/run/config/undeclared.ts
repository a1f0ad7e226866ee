import { InvalidArgumentError } from '../../errors.ts'
import { isJsonMap } from '../../recipe/pipeline/json-of.ts'
import type { JsonValue } from '../../types.ts'
import { innerKey } from './config-key.ts'
import type { ResolvedConfig } from './interface.ts'
import { declaredKeys, keySuggestion, nearKeys } from './near-keys.ts'
import type { JsonMap } from './plain-values.ts'

/** A variable of the environment that sets a key, as `VARVE_CONFIG__lernrate` does. */
export interface StrayVariable {
  readonly variable: string
  readonly key: string
  /** `; did you mean "lr"?`, to be added to a sentence. */
  readonly suggestion: string
}

/**
 * That what is set is there to be set: a misspelt key would leave what was meant as it is, and nobody would notice before the results. In a map that is empty, or null, anything may be put.
 * @throws InvalidArgumentError for the first key that nothing declares, with the near one
 */
export function assertDeclared(declared: ResolvedConfig, set: JsonMap): void {
  const [key] = undeclaredIn(declared.values, set, null)
  if (key === undefined) return
  const known = declaredKeys(declared)
  const near = nearKeys(key, known)
  throw new InvalidArgumentError(`The configuration has no key "${key}" that could be set${keySuggestion(near, known)}`, { data: { key, near }, hint: `Correct it; or, if a new key is meant, write --set +${key}=…` })
}

/** Variables whose keys no other layer below `--set` has. A program that is not this one may be meant by them. */
export function strayVariables(resolved: ResolvedConfig): readonly StrayVariable[] {
  const isStray = ({ origin, overrides }: ResolvedConfig['entries'][number]): boolean => [origin, ...overrides.map((one) => one.origin)].every(({ layer }) => layer === 'environment' || layer === 'set')
  const strays = resolved.entries.filter(isStray)
  const known = declaredKeys({ entries: resolved.entries.filter((entry) => !isStray(entry)) })
  return strays.flatMap(({ key, origin, overrides }) => {
    const from = [origin, ...overrides.map((one) => one.origin)].find(({ layer }) => layer === 'environment')
    return from?.layer === 'environment' ? { variable: from.variable, key, suggestion: keySuggestion(nearKeys(key, known), known) } : []
  })
}

function* undeclaredIn(declared: JsonMap, set: JsonMap, outer: string | null): Generator<string> {
  for (const [name, value] of Object.entries(set)) {
    const key = innerKey(outer, name)
    const below: JsonValue | undefined = Object.hasOwn(declared, name) ? declared[name] : undefined
    if (!isJsonMap(value) || Object.keys(value).length === 0) {
      if (below === undefined) yield key
    } else if (below === undefined) yield* undeclaredIn({}, value, key)
    else if (!isJsonMap(below)) {
      if (below !== null) yield* undeclaredIn({}, value, key)
    } else if (Object.keys(below).length > 0) yield* undeclaredIn(below, value, key)
  }
}
