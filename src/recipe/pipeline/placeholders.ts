import type { SourceValue } from './interface.ts'
import { suggestion } from '../../dataset/near-names.ts'
import type { Problems } from './problems.ts'

/** What a command can name; null where it is not known yet. */
export interface CommandNames {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[] | null
  readonly params: readonly string[] | null
  readonly foreach: boolean
}

const PLACEHOLDER = /(\$?)\{(inputs|outputs|params|foreach|item)\b(?:\.([^{}]*))?\}/g

/** `{inputs.name}`, `{outputs.name}` and `{params.name}` are filled in when the command runs; braces of other kinds are the command's own. */
export function checkPlaceholders(words: readonly SourceValue[], names: CommandNames, problems: Problems): void {
  for (const word of words) {
    if (word.kind !== 'scalar' || typeof word.value !== 'string') continue
    for (const [text, dollar, kind, name] of word.value.matchAll(PLACEHOLDER)) {
      const problem = placeholderProblem(text, dollar === '$', kind as PlaceholderKind, name, names)
      if (problem !== undefined) problems.add(word, problem)
    }
  }
}

/** A command sees what its step is given, under the names that it has there. */
function paramProblem(reference: string, name: string, given: readonly string[] | null): string {
  const [first = '', last = ''] = [name.split('.', 1)[0], name.split('.').at(-1)]
  if (given?.includes(first) === true) return `In a command, write {params.${name}} without "$"`
  const write = `In a command, write {params.${last}}`
  return given?.includes(last) === true ? write : `${write}, and give the step that parameter: params: { ${last}: '${reference}' }`
}

const NOUNS = { inputs: 'input', outputs: 'output', params: 'parameter' } as const

type PlaceholderKind = 'inputs' | 'outputs' | 'params' | 'foreach' | 'item'

function placeholderProblem(text: string, dollar: boolean, kind: PlaceholderKind, name: string | undefined, names: CommandNames): string | undefined {
  if (kind === 'foreach' || kind === 'item') {
    // ${item} may be a shell's variable.
    return dollar && names.foreach ? `A command is the same for each item: give ${text} to the step as a parameter, and write {params.name}` : undefined
  }
  if (name === undefined) return undefined
  if (dollar && kind === 'params') return paramProblem(text, name, names.params)
  if (dollar) return `In a command, write ${text.slice(1)} without "$"`
  // Values within a parameter are named with dots.
  const known = names[kind]
  const first = kind === 'params' ? name.split('.', 1)[0] ?? '' : name
  return known === null || known.includes(first) ? undefined : `The step has no ${NOUNS[kind]} "${first}"${suggestion(first, known)}`
}
