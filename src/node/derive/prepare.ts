import { dirname, join, resolve } from 'node:path'
import { canonicalJson, parseJsonObject } from '../../codec/canonical-json.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { DeterminismClaim, RecipeDefinition } from '../../recipe/define-recipe.ts'
import { describeDefinition } from '../../recipe/describe-definition.ts'
import { effectiveParams } from '../../recipe/effective-params.ts'
import type { Determinism, Recipe } from '../../recipe/interface.ts'
import { isMapRule, type MapRule, MAX_SHARDS } from '../../recipe/map/map-rule.ts'
import type { OperationOptions } from '../../types.ts'
import { codeOfFiles } from '../code/code-of-files.ts'
import { codeOfModule } from '../code/code-of-module.ts'
import { inlineModule } from '../code/inline-module.ts'
import type { FoundCode } from '../code/interface.ts'
import { COMMAND_LOCK_FILES, findLockFile, type LockFile, NODE_LOCK_FILES } from '../code/lock-file.ts'
import { assertNoSecrets } from './assert-no-secrets.ts'
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
  /** The lock file in use. */
  readonly lockFile: LockFile | undefined
  /** Of a command: digest of the program that it starts. */
  readonly program?: string
  /** Of a command that starts a container: digest of the image. */
  readonly image?: string
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
export async function prepare(recipe: string | CommandRecipe | RecipeDefinition, options: PrepareOptions): Promise<Prepared> {
  const params = canonical(options.params)
  const prepared = await (typeof recipe === 'string' ? prepareFunction(recipe, { ...options, params }) : 'run' in recipe ? prepareInline(recipe, params) : prepareCommand(recipe, params))
  assertNoSecrets(prepared.recipe.name, prepared.code)
  return { ...prepared, params: canonical(prepared.params) }
}

/** In the form in which a derivation keeps them, the order of keys too: what a recipe sees must be what is remembered. @throws InvalidArgumentError for what JSON cannot hold */
function canonical(params: Params): Params {
  const what = 'The parameters of a recipe'
  return parseJsonObject(canonicalJson(params, what), what)
}

async function prepareFunction(text: string, { params, cacheFolder, signal }: PrepareOptions): Promise<Prepared> {
  const at = text.lastIndexOf('#')
  const module = resolve(at === -1 ? text : text.slice(0, at))
  const found = await codeOfModule(module, { provided: OWN_PACKAGE })
  const wanted = { exportName: at === -1 ? undefined : text.slice(at + 1), params }
  const cache = new DescriptionCache(cacheFolder, found, wanted)
  const { exportName, definition, effectiveParams } = (await cache.read()) ?? (await cache.keep(await describeModule(found, { ...wanted, signal, scratchFolder: join(cacheFolder, 'scratch') })))
  const code = definition.files.length === 0 ? found : await codeOfModule(module, { files: definition.files, provided: OWN_PACKAGE })
  const lockFile = findLockFile(dirname(module), NODE_LOCK_FILES)
  const { name, version, inputs, outputs, deterministic, environment, map } = definition
  return {
    code: withOpenPackages(code, definition.environment === 'locked' ? lockFile : undefined), params: effectiveParams, lockFile,
    recipe: { name, version, action: { kind: 'function', module: code.entry ?? '', exportName }, inputs, outputs, deterministic: claimed(deterministic), environment, map },
  }
}

async function prepareInline(recipe: RecipeDefinition, given: Params): Promise<Prepared> {
  const definition = describeDefinition(recipe, 'What derive was given')
  const { name, version, inputs, outputs, deterministic, environment, map } = definition
  const code = inlineModule(recipe, definition)
  return {
    code, params: await effectiveParams(recipe.params, given, name), lockFile: undefined,
    recipe: { name, version, action: { kind: 'function', module: code.entry ?? '', exportName: 'default' }, inputs, outputs, deterministic: claimed(deterministic), environment, map },
  }
}

async function prepareCommand({ name, version, command, code: globs, folder = '.', inputs, outputs, deterministic = 'bitwise', environment = 'locked', map }: CommandRecipe, params: Params): Promise<Prepared> {
  const top = resolve(folder)
  const code = await codeOfFiles(top, globs)
  const lockFile = findLockFile(top, isNode(command) || (code.moduleFolders.length > 0 && !isPython(command)) ? NODE_LOCK_FILES : COMMAND_LOCK_FILES)
  const isLocked = environment === 'locked' && lockFile !== undefined
  // Of what others start, such as a shell, nothing is known either way.
  const open = code.moduleFolders.length === 0 || isLocked || !isNode(command) ? code.open : [...code.open, 'what it loads from node_modules is not recorded: no lock file is part of its environment']
  return {
    code: { ...code, open }, params, lockFile, program: await programDigest(command[0] ?? ''), ...(environment === 'image' ? imageOf(name, command) : {}),
    recipe: { name, version: version ?? null, action: { kind: 'command', words: command }, inputs, outputs, environment, map: checkedMap(name, map, inputs), deterministic: claimed(deterministic) },
  }
}

/** @throws InvalidArgumentError for a rule that there is none of, and for one without an input */
function checkedMap(name: string, map: MapRule | undefined, inputs: readonly string[]): MapRule | null {
  if (map === undefined) return null
  if (isMapRule(map) && inputs.length > 0) return map
  throw new InvalidArgumentError(`${name} cannot be applied to parts: ${inputs.length === 0 ? 'it has no input' : `its map is ${JSON.stringify(map)}`}`, { hint: `A map is 'file' or { shards: n }, n from 1 to ${MAX_SHARDS}.` })
}

const CONTAINER_PROGRAM = /(^|[/\\])(docker|podman|nerdctl)(\.exe)?$/
const IMAGE_BY_DIGEST = /^[^@\s]+@(sha256:[0-9a-f]{64})$/

/** @throws InvalidArgumentError for a container whose image is named by a tag, which may mean another image tomorrow */
function imageOf(name: string, [program = '', ...words]: readonly string[]): { readonly image?: string } {
  if (!CONTAINER_PROGRAM.test(program)) return {}
  const [image, second] = words.flatMap((word) => IMAGE_BY_DIGEST.exec(word)?.[1] ?? [])
  if (image !== undefined && second === undefined) return { image }
  throw new InvalidArgumentError(`${name} is tied to a container image, and its command names ${image === undefined ? 'none by its digest' : 'several'}`, {
    data: { command: [program, ...words] }, hint: 'Write image@sha256:… in the command; `docker image inspect` shows the digest of a tag.',
  })
}

/** Packages without a hash of their content are what they are only by a lock file. */
function withOpenPackages(code: FoundCode, lockFile: LockFile | undefined): FoundCode {
  const loose = code.packages.filter(({ integrity }) => integrity === null)
  if (loose.length === 0 || lockFile !== undefined) return code
  return { ...code, open: [...code.open, `packages are known by their versions alone: ${loose.map(({ name }) => name).join(', ')}`] }
}

/** Programs whose packages are those of package-lock.json. */
function isNode([program = '']: readonly string[]): boolean {
  return /(^|[/\\])(node|npm|npx|pnpm|yarn|bun|bunx|deno|tsx)(\.exe)?$/.test(program)
}

/** Programs to which a node_modules folder is nothing, though there may be JavaScript among their code. */
function isPython([program = '']: readonly string[]): boolean {
  return /(^|[/\\])(python[\d.]*|pypy[\d.]*|uv|uvx|poetry|pipenv)(\.exe)?$/.test(program)
}

function claimed(claim: DeterminismClaim): Determinism {
  return claim === false ? 'none' : claim
}

