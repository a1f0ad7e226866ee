import { VarveError } from '../../errors.ts'
import { isTagName, parseRefName } from '../../repository/ref-name.ts'
import { isReservedName } from '../../repository/reserved-name.ts'
import type { PlannedStep } from './interface.ts'

/** Why a step cannot put an output under a name; undefined if it can. */
export function refNameProblem(name: string): string | undefined {
  try {
    parseRefName(name)
  } catch (error) {
    if (error instanceof VarveError) return `${error.message}. ${error.hint}`
    throw error
  }
  if (isTagName(name)) return `"${name}" is a tag, which stays where it is: an output needs a name that moves`
  return isReservedName(name) ? 'Names in _varve/ are kept for varve itself' : undefined
}

/** The ref under which an output of a step is kept: the one that is named in the file, else `step/output`, or `step/item/output`. */
export function outputRef({ name, refs }: Pick<PlannedStep, 'name' | 'refs'>, output: string): string {
  return refs.get(output) ?? `${refFolder(name)}/${output}`
}

/** `features@DE,2020` is kept in `features/DE/2020`. */
export function refFolder(name: string): string {
  return name.replaceAll(/[@,]/g, '/')
}
