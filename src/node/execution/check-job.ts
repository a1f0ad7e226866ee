import { isAbsolute, normalize, sep } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import { foldedPartName, isPartName, PART_NAME_RULE } from '../../recipe/names.ts'
import type { ExecutionJob } from './interface.ts'

/** @throws InvalidArgumentError for a job that no folder could make valid */
export function checkJob({ action, inputs, outputs, seed, limits, units }: ExecutionJob): void {
  for (const names of [inputs, outputs]) {
    const wrong = names.find((name: unknown) => !isPartName(name))
    if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" cannot name an input or output: that takes ${PART_NAME_RULE}`)
    if (new Set(names.map(foldedPartName)).size < names.length) throw new InvalidArgumentError(`Two of ${names.join(', ')} differ by case or by - and _ alone`)
  }
  if (seed.includes('\0')) throw new InvalidArgumentError('A seed must not hold the character NUL')
  if (action.kind === 'function') checkModule(action.module)
  else if (action.words.length === 0 || action.words[0] === '') throw new InvalidArgumentError('A command has no words')
  for (const [name, value] of Object.entries(limits ?? {})) {
    if (typeof value === 'number' && !(value > 0)) throw new InvalidArgumentError(`The limit ${name} must be above 0, not ${value}`)
  }
  if (units === undefined) return
  if (inputs.length === 0) throw new InvalidArgumentError('There is no input whose parts a recipe could be called for')
  if (!Number.isSafeInteger(units.processes ?? 1) || (units.processes ?? 1) < 1) throw new InvalidArgumentError(`The number of processes must be at least 1, not ${units.processes}`)
}

/** @throws InvalidArgumentError for a path that leads out of the folder of the code */
export function checkModule(module: string): void {
  const path = normalize(module)
  if (module === '' || isAbsolute(path) || path === '..' || path.startsWith(`..${sep}`)) throw new InvalidArgumentError(`"${module}" is no path within the folder of the code`)
}
