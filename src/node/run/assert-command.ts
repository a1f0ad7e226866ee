import { resolve, sep } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import { fillWords } from '../../recipe/command-words.ts'
import { foldedPartName, isPartName, PART_NAME_RULE } from '../../recipe/names.ts'
import type { ResolvedConfig } from '../../run/config/interface.ts'

export interface CommandToRun {
  readonly command: readonly string[]
  /** Revisions, and paths, by name. */
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly config: Pick<ResolvedConfig, 'values'>
  readonly seed: string
  /** Where it is to be started. */
  readonly folder: string
  /** Where the repository is, if it is a folder. */
  readonly repository: string | undefined
}

/** That a command can be run as it is said to be, as far as that is known before anything is begun. @throws InvalidArgumentError for names and paths that cannot be, and for placeholders that stand for nothing */
export function assertCommand({ command, inputs, outputs, config, seed, folder, repository }: CommandToRun): void {
  if (command.length === 0) throw new InvalidArgumentError('There is no command to run', { hint: 'Write it after --: varve run -- node train.mjs' })
  assertNames('input', Object.keys(inputs))
  assertNames('output', Object.keys(outputs))
  for (const [name, path] of Object.entries(outputs)) assertPlace(name, path, folder, repository)
  fillWords(command, { inputs, outputs, params: config.values, paramsName: 'config', seed })
}

/** Names become variables and folders, in which case and `-` make no difference. */
function assertNames(kind: 'input' | 'output', names: readonly string[]): void {
  const wrong = names.find((name) => !isPartName(name))
  if (wrong !== undefined) throw new InvalidArgumentError(`"${String(wrong)}" is no name of an ${kind}`, { data: { [kind]: wrong }, hint: `It must be ${PART_NAME_RULE}.` })
  const folded = names.map(foldedPartName)
  const twice = names.find((_name, at) => folded.indexOf(folded[at] ?? '') !== at)
  if (twice !== undefined) throw new InvalidArgumentError(`Two ${kind}s have names that differ by case or by - and _ alone: ${twice} is one of them`, { data: { [kind]: twice }, hint: 'Give them names that differ otherwise.' })
}

/** What a command writes stands beside its code, which is recorded before it begins, and is neither the repository nor around it. */
function assertPlace(name: string, path: string, folder: string, repository: string | undefined): void {
  const place = resolve(folder, path)
  const data = { output: name, path }
  const hint = `Name a file or a folder that the command writes and nothing else does: --output ${name}=out`
  if (contains(place, resolve(folder))) throw new InvalidArgumentError(`The output ${name} cannot be ${path === '' ? 'nothing' : path}: the whole folder that the command is started in, its code with it, would be what it made`, { data, hint })
  if (repository !== undefined && (contains(place, repository) || contains(repository, place))) throw new InvalidArgumentError(`The output ${name} cannot be ${path}: the repository ${contains(place, repository) ? 'is in it' : 'has it within'}`, { data, hint })
}

function contains(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`)
}
