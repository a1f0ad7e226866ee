import { canonicalJson, withoutUndefined } from '../codec/canonical-json.ts'
import { suggestion } from '../dataset/near-names.ts'
import type { JsonValue } from '../types.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'

type Path = readonly (string | number)[]
type Given = { readonly [key: string]: JsonValue }

/** A parameter that was given and that the schema takes no notice of. */
export interface IgnoredParam {
  /** `train.rtae` */
  readonly name: string
  /** `; did you mean "rate"?`, from what the schema gave back in its place; may be empty. */
  readonly meant: string
}

/** What no schema takes for a value, unless it takes everything. */
const ODD: JsonValue = { 'varve:': ['varve:'] }

/**
 * The given parameters that a schema drops without a word, as most do with keys that they do not know: what is misspelt would change nothing, and nobody would know. Looks into objects, and
 * into lists that keep their length, as deep as both sides have them.
 *
 * A key counts as ignored only if what the schema gives back lacks it and is the very same without it and with nonsense in its place. One that is renamed, checked, or counted into another value is
 * therefore none. Asks the schema twice for each key that is lacking, and not at all if none is.
 *
 * @param output what the schema gave for `given`
 */
export async function ignoredParams(schema: StandardSchemaV1, given: Given, output: unknown): Promise<readonly IgnoredParam[]> {
  const found: IgnoredParam[] = []
  for (const { path, known } of lackingKeys(given, output, [])) {
    if ((await givesSame(schema, replaced(given, path, undefined), output)) && (await givesSame(schema, replaced(given, path, ODD), output))) {
      found.push({ name: path.join('.'), meant: suggestion(String(path.at(-1)), known) })
    }
  }
  return found
}

/** Keys of objects that are in `given` and not in `output`, with the keys that are there instead and were not given. */
function* lackingKeys(given: unknown, output: unknown, path: Path): Generator<{ readonly path: Path; readonly known: readonly string[] }> {
  if (Array.isArray(given) && Array.isArray(output) && given.length === output.length) {
    for (const [at, item] of given.entries()) yield* lackingKeys(item, output[at], [...path, at])
  }
  if (!isObject(given) || !isObject(output)) return
  for (const [key, value] of Object.entries(given)) {
    if (Object.hasOwn(output, key)) yield* lackingKeys(value, output[key], [...path, key])
    else yield { path: [...path, key], known: Object.keys(output).filter((name) => !Object.hasOwn(given, name)) }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy with another value at a path; without the key if that is undefined. */
function replaced(from: JsonValue, [key, ...rest]: Path, value: JsonValue | undefined): JsonValue {
  if (Array.isArray(from)) return (from as readonly JsonValue[]).map((item, at) => (at === key ? replaced(item, rest, value) : item))
  return Object.fromEntries(Object.entries(from as Given).flatMap(([name, item]): [string, JsonValue][] => {
    if (name !== key) return [[name, item]]
    if (rest.length > 0) return [[name, replaced(item, rest, value)]]
    return value === undefined ? [] : [[name, value]]
  }))
}

async function givesSame(schema: StandardSchemaV1, params: JsonValue, output: unknown): Promise<boolean> {
  try {
    const result = await schema['~standard'].validate(structuredClone(params))
    return result.issues === undefined && text(result.value) === text(output)
  } catch {
    // It had a look at it.
    return false
  }
}

function text(value: unknown): string {
  const what = 'What a schema gives'
  return canonicalJson(withoutUndefined(value, what) as JsonValue, what)
}
