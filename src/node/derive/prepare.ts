import { dirname, resolve } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import { assertNames } from '../../recipe/names.ts'
import type { Recipe } from '../../recipe/interface.ts'
import type { JsonValue } from '../../types.ts'
import { codeOfFiles } from '../code/command-code.ts'
import type { FoundCode } from '../code/interface.ts'
import { COMMAND_LOCK_FILES, findLockFile, NODE_LOCK_FILES } from '../code/lock-file.ts'
import { codeOfModule } from '../code/module-code.ts'
import { describe } from '../execution/describe.ts'
import type { CommandRecipe } from './interface.ts'

/** A recipe as it stands in the user's folder, with its parameters filled in. */
export interface Prepared {
  readonly code: FoundCode
  readonly recipe: Omit<Recipe, 'code'>
  readonly params: { readonly [key: string]: JsonValue }
  /** Digest of the lock file in use. */
  readonly lockFile: string | undefined
}

export type Params = { readonly [key: string]: JsonValue }

/**
 * Finds out what a recipe is and what it is made of. A function's module is run for that, in a process of its own.
 * @param recipe `steps/features.mjs#features`, relative to the working directory; without an export's name, the only recipe that the module exports
 */
export function prepare(recipe: string | CommandRecipe, params: Params): Promise<Prepared> {
  return typeof recipe === 'string' ? prepareFunction(recipe, params) : prepareCommand(recipe, params)
}

async function prepareFunction(text: string, params: Params): Promise<Prepared> {
  const [path = '', exportName] = text.split('#')
  const module = resolve(path)
  const { definition, effectiveParams } = await describe(module, exportName, params)
  const code = await codeOfModule(module, { files: definition.files })
  const { name, version, inputs, outputs, deterministic, environment, map } = definition
  return {
    code, params: effectiveParams, lockFile: findLockFile(dirname(module), NODE_LOCK_FILES)?.sha256,
    recipe: { name, version, action: { kind: 'function', module: code.entry ?? '', exportName: definition.exportName }, inputs, outputs, deterministic, environment, map },
  }
}

async function prepareCommand({ name, version, command, code: globs, folder = '.', inputs, outputs, deterministic = 'bitwise', environment = 'locked' }: CommandRecipe, params: Params): Promise<Prepared> {
  if (command.length === 0) throw new InvalidArgumentError(`The command of ${name} is empty`)
  assertNames(inputs, 'input')
  assertNames(outputs, 'output')
  const top = resolve(folder)
  return {
    code: await codeOfFiles(top, globs), params, lockFile: findLockFile(top, COMMAND_LOCK_FILES)?.sha256,
    recipe: {
      name, version: version ?? null, action: { kind: 'command', words: command }, inputs, outputs, environment, map: null,
      deterministic: deterministic === 'bitwise' ? 'bitwise' : deterministic === false ? 'none' : 'tolerance',
    },
  }
}
