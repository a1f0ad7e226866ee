import { dirname, join, resolve } from 'node:path'
import type { DeterminismClaim } from '../../recipe/define-recipe.ts'
import type { Determinism, Recipe } from '../../recipe/interface.ts'
import type { OperationOptions } from '../../types.ts'
import { codeOfFiles } from '../code/code-of-files.ts'
import { codeOfModule } from '../code/code-of-module.ts'
import type { FoundCode } from '../code/interface.ts'
import { COMMAND_LOCK_FILES, findLockFile, NODE_LOCK_FILES } from '../code/lock-file.ts'
import { describeModule } from './describe-module.ts'
import { DescriptionCache } from './description-cache.ts'
import type { CommandRecipe, Params } from './interface.ts'
import { OWN_PACKAGE } from './own-package.ts'
import { programDigest } from './program-digest.ts'

/** A recipe as it stands in the user's folder, with its parameters filled in. */
export interface Prepared {
  readonly code: FoundCode
  readonly recipe: Omit<Recipe, 'code'>
  readonly params: Params
  /** Digest of the lock file in use. */
  readonly lockFile: string | undefined
  /** Of a command: digest of the program that it starts. */
  readonly program?: string
}

export interface PrepareOptions extends Pick<OperationOptions, 'signal'> {
  readonly params: Params
  /** Where it is kept what modules said of themselves. */
  readonly cacheFolder: string
}

/**
 * Finds out what a recipe is and what it is made of. A function's module is loaded for that in a process of its own, unless it is known what it says.
 * @param recipe `steps/features.mjs#features`, relative to the working directory; without an export's name, the only thing that the module exports
 */
export function prepare(recipe: string | CommandRecipe, options: PrepareOptions): Promise<Prepared> {
  return typeof recipe === 'string' ? prepareFunction(recipe, options) : prepareCommand(recipe, options.params)
}

async function prepareFunction(text: string, { params, cacheFolder, signal }: PrepareOptions): Promise<Prepared> {
  const at = text.lastIndexOf('#')
  const module = resolve(at === -1 ? text : text.slice(0, at))
  const found = await codeOfModule(module, { provided: OWN_PACKAGE })
  const wanted = { exportName: at === -1 ? undefined : text.slice(at + 1), params }
  const cache = new DescriptionCache(cacheFolder, found, wanted)
  const { exportName, definition, effectiveParams } = (await cache.read()) ?? (await cache.keep(await describeModule(found, { ...wanted, signal, scratchFolder: join(cacheFolder, 'scratch') })))
  const code = definition.files.length === 0 ? found : await codeOfModule(module, { files: definition.files, provided: OWN_PACKAGE })
  const { name, version, inputs, outputs, deterministic, environment, map } = definition
  return {
    code, params: effectiveParams, lockFile: findLockFile(dirname(module), NODE_LOCK_FILES)?.sha256,
    recipe: { name, version, action: { kind: 'function', module: code.entry ?? '', exportName }, inputs, outputs, deterministic: claimed(deterministic), environment, map },
  }
}

async function prepareCommand({ name, version, command, code: globs, folder = '.', inputs, outputs, deterministic = 'bitwise', environment = 'locked' }: CommandRecipe, params: Params): Promise<Prepared> {
  const top = resolve(folder)
  return {
    code: await codeOfFiles(top, globs), params, lockFile: findLockFile(top, isNode(command) ? NODE_LOCK_FILES : COMMAND_LOCK_FILES)?.sha256, program: await programDigest(command[0] ?? ''),
    recipe: { name, version: version ?? null, action: { kind: 'command', words: command }, inputs, outputs, environment, map: null, deterministic: claimed(deterministic) },
  }
}

/** Programs whose packages are those of package-lock.json. */
function isNode([program = '']: readonly string[]): boolean {
  return /(^|[/\\])(node|npm|npx|bun|deno|tsx)(\.exe)?$/.test(program)
}

function claimed(claim: DeterminismClaim): Determinism {
  return claim === 'bitwise' ? 'bitwise' : claim === false ? 'none' : 'tolerance'
}

