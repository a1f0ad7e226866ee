import { withoutUndefined } from '../codec/canonical-json.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { JsonValue } from '../types.ts'
import { isJson } from './describe-definition.ts'
import { ignoredParams } from './ignored-params.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'

export interface Params {
  readonly [key: string]: JsonValue
}

/**
 * The parameters as the schema gives them back, defaults filled in. Without a schema there may be none.
 * @param what how messages call the recipe
 * @throws InvalidArgumentError with every issue that the schema has, if what it gives cannot be written as JSON, or for parameters that it takes no notice of (`ignoredParams` says which those are)
 */
export async function effectiveParams(schema: StandardSchemaV1 | undefined, params: Params, what: string): Promise<Params> {
  if (schema === undefined) {
    const [first] = Object.keys(params)
    if (first === undefined) return {}
    throw new InvalidArgumentError(`${what} takes no parameters, and "${first}" was given`, { hint: 'Leave it out, or give the recipe a schema for its params.' })
  }
  const result = await schema['~standard'].validate(structuredClone(params))
  if (result.issues !== undefined) {
    const issues = result.issues.map(issueText)
    throw new InvalidArgumentError(`The parameters of ${what} are not valid: ${issues.join('; ')}`, { data: { issues }, hint: 'Correct the parameters.' })
  }
  // Schemas leave optional keys as undefined.
  const value = withoutUndefined(result.value, `What the schema of ${what} gives`)
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isJson(value)) {
    throw new InvalidArgumentError(`The schema of ${what} turns the parameters into something that JSON cannot hold`, {
      hint: 'Let the schema give plain values (text, finite numbers, booleans, null, arrays, objects), and convert them in run().',
    })
  }
  const ignored = await ignoredParams(schema, params, result.value)
  if (ignored.length > 0) {
    throw new InvalidArgumentError(`${what} takes no notice of ${ignored.map(({ name, meant }) => `the parameter "${name}"${meant}`).join(', nor of ')}`, {
      data: { ignored: ignored.map(({ name }) => name) },
      hint: 'Correct the name, or leave it out; a schema that is to let it pass must declare and keep it.',
    })
  }
  return value as Params
}

function issueText({ message, path = [] }: StandardSchemaV1.Issue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
}
