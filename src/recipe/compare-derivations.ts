import type { CID } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { diffManifests } from '../manifest/manifest.ts'
import { pathToText } from '../manifest/path.ts'
import type { JsonValue } from '../types.ts'
import { readDerivation, readEnvironment } from './derivation-object.ts'
import type { LockedPackage, Recipe } from './interface.ts'
import { mapRuleText } from './map/map-rule.ts'
import { readRecipe } from './recipe-object.ts'

/** One thing in which two derivations differ. `name` is an input, a dotted parameter, a path of the code, a package, a fact of the environment. */
export interface DerivationChange {
  readonly what: 'input' | 'parameter' | 'code' | 'package' | 'recipe' | 'seed' | 'environment'
  readonly name: string
  readonly before: string | null
  readonly after: string | null
}

/** Why a derivation is not the one before: everything in which they differ. Reads both, and the nodes of their code that differ. */
export async function compareDerivations(source: BlockSource, before: CID, after: CID): Promise<readonly DerivationChange[]> {
  if (before.equals(after)) return []
  const [a, b] = [await readDerivation(source, before), await readDerivation(source, after)]
  const [from, to] = [await readRecipe(source, a.recipe), await readRecipe(source, b.recipe)]
  const [was, is] = [await readEnvironment(source, a.environment), await readEnvironment(source, b.environment)]
  return [
    ...changes('input', new Map(a.inputs.map(({ name, root }) => [name, root.toString()])), new Map(b.inputs.map(({ name, root }) => [name, root.toString()]))),
    ...changes('parameter', flattened(a.params), flattened(b.params)),
    ...changes('recipe', declared(from), declared(to)),
    ...(await codeChanges(source, from.code.files, to.code.files)),
    ...changes('package', versions(from.code.packages), versions(to.code.packages)),
    ...changes('seed', new Map([['seed', a.seed]]), new Map([['seed', b.seed]])),
    ...changes('environment', new Map([['policy', was.policy], ...was.facts]), new Map([['policy', is.policy], ...is.facts])),
  ]
}

async function codeChanges(source: BlockSource, before: CID, after: CID): Promise<readonly DerivationChange[]> {
  const found: DerivationChange[] = []
  for await (const difference of diffManifests(source, before, after)) {
    const [was, is] = [difference.before, difference.after].map((value) => (value === undefined ? null : 'cid' in value ? value.cid.toString() : value.kind))
    found.push({ what: 'code', name: pathToText(difference.path), before: was ?? null, after: is ?? null })
  }
  return found
}

function changes(what: DerivationChange['what'], before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly DerivationChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])]
  return names.filter((name) => before.get(name) !== after.get(name)).map((name) => ({ what, name, before: before.get(name) ?? null, after: after.get(name) ?? null }))
}

/** Values by their dotted names. */
function flattened(value: JsonValue, prefix = '', into: Map<string, string> = new Map()): ReadonlyMap<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, item] of Object.entries(value)) flattened(item, prefix === '' ? key : `${prefix}.${key}`, into)
  } else into.set(prefix, JSON.stringify(value))
  return into
}

function versions(packages: readonly LockedPackage[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { name, version, integrity } of packages) found.set(name, [found.get(name), integrity === null ? version : `${version} ${integrity}`].filter((text) => text !== undefined).join(', '))
  return found
}

/** What a recipe says of itself, beside its code. */
function declared({ name, version, action, inputs, outputs, deterministic, environment, map, code }: Recipe): ReadonlyMap<string, string> {
  const command = action.kind === 'command' ? action.words.join(' ') : `${action.module}#${action.exportName}`
  return new Map(Object.entries({
    name, version: version ?? '', command, inputs: inputs.join(', '), outputs: outputs.join(', '), deterministic: typeof deterministic === 'string' ? deterministic : JSON.stringify(deterministic), environment, map: mapRuleText(map), open: code.open.join('; '),
  }))
}
