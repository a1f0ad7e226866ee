import { canonicalJson } from '../codec/canonical-json.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { JsonValue } from '../types.ts'
import type { Params } from './effective-params.ts'

/** What placeholders stand for. */
export interface CommandValues {
  /** Absolute folders by name. */
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly params: Params
  /** What the parameters are called in placeholders. Default `params`. */
  readonly paramsName?: string
  readonly seed: string
}

/** `{{` and `}}` stand for braces. A brace alone matches too, and is refused. */
const BRACES = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g

/**
 * The words of a command with `{inputs.name}`, `{outputs.name}`, `{params.a.b}` and `{seed}` filled in. Text is put in as it is, any other parameter as JSON. A word stays one word,
 * whatever is put into it.
 * @throws InvalidArgumentError for a placeholder that stands for nothing, naming it, and for a brace that belongs to none
 */
export function fillWords(words: readonly string[], values: CommandValues): string[] {
  return words.map((word) =>
    word.replace(BRACES, (match: string, name: string | undefined) => {
      if (match === '{{' || match === '}}') return match.slice(1)
      if (name === undefined) throw new InvalidArgumentError(`"${word}" has a lone ${match}`, { hint: `Write ${match}${match} for the character itself.` })
      return lookUp(name, word, values)
    }),
  )
}

function lookUp(name: string, word: string, { inputs, outputs, params, paramsName = 'params', seed }: CommandValues): string {
  const [kind, ...keys] = name.split('.')
  const folder = keys.length === 1 ? keys[0] : undefined
  if (name === 'seed') return seed
  if (kind === 'inputs' && folder !== undefined && Object.hasOwn(inputs, folder)) return inputs[folder] as string
  if (kind === 'outputs' && folder !== undefined && Object.hasOwn(outputs, folder)) return outputs[folder] as string
  const value = kind === paramsName && keys.length > 0 ? valueAt(params, keys) : undefined
  if (value === undefined) {
    const known = [...Object.keys(inputs).map((key) => `inputs.${key}`), ...Object.keys(outputs).map((key) => `outputs.${key}`), ...Object.keys(params).map((key) => `${paramsName}.${key}`), 'seed']
    throw new InvalidArgumentError(`The command has a placeholder {${name}} that stands for nothing, in "${word}"`, {
      data: { placeholder: name, known }, hint: `There are ${known.map((one) => `{${one}}`).join(', ')}. Write {{ and }} for braces.`,
    })
  }
  return typeof value === 'string' ? value : canonicalJson(value, 'A parameter')
}

function valueAt(params: Params, keys: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = params
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as { readonly [key: string]: JsonValue })[key]
  }
  return value
}
