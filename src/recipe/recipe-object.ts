import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { canonicalJson, parseJson } from '../codec/canonical-json.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asCid, asRecord, asText } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import type { Determinism, LockedPackage, Recipe, RecipeAction, RecipeCode } from './interface.ts'
import { isMapRule, type MapRule } from './map/map-rule.ts'
import { asNames, oneOf, readObject, textOrNull } from './objects.ts'

const TYPE = 'recipe'
const FIELDS = ['name', 'version', 'action', 'code', 'inputs', 'outputs', 'deterministic', 'environment', 'map'] as const

/** The block of a recipe. */
export function encodeRecipe({ version, code, deterministic, ...rest }: Recipe): Uint8Array {
  const packages = code.packages.map(({ name, version, integrity }) => [name, version, integrity])
  const claim = typeof deterministic === 'string' ? deterministic : { tolerance: canonicalJson(deterministic.tolerance, 'The tolerance of a recipe') }
  return encodeCbor({ ...rest, type: TYPE, format: 1, version, deterministic: claim, code: { ...code, packages } })
}

/** @throws NotFoundError or CorruptBlockError from the source; @throws MalformedDataError, UnsupportedFormatError */
export async function readRecipe(source: BlockSource, cid: CID): Promise<Recipe> {
  return readObject(source, cid, TYPE, FIELDS, (fields) => ({
    name: asText(fields.name, 'A recipe’s name'),
    version: textOrNull(fields.version, 'A recipe’s version'),
    action: asAction(fields.action),
    code: asCode(fields.code),
    inputs: asNames(fields.inputs, 'A recipe’s inputs'),
    outputs: asNames(fields.outputs, 'A recipe’s outputs'),
    deterministic: asDeterminism(fields.deterministic),
    environment: oneOf(fields.environment, 'A recipe’s environment policy', ['none', 'runtime', 'locked', 'image']),
    map: fields.map === null ? null : asMapRule(fields.map),
  }))
}

function asDeterminism(value: unknown): Determinism {
  // What an earlier version wrote of any tolerance.
  if (value === 'tolerance') return { tolerance: null }
  if (typeof value === 'string') return oneOf(value, 'A recipe’s determinism', ['bitwise', 'none'])
  const { tolerance } = asRecord(value, 'A recipe’s determinism', ['tolerance'])
  return { tolerance: parseJson(asText(tolerance, 'The tolerance of a recipe'), 'The tolerance of a recipe') }
}

function asMapRule(value: unknown): MapRule {
  if (isMapRule(value)) return value
  throw new MalformedDataError('A recipe’s map is a rule that this version does not know')
}

function asAction(value: unknown): RecipeAction {
  const kind = (value as { kind?: unknown } | null)?.kind
  if (kind === 'function') {
    const { module, exportName } = asRecord(value, 'A function recipe', ['kind', 'module', 'exportName'])
    return { kind, module: asText(module, 'A recipe’s module'), exportName: asText(exportName, 'A recipe’s export') }
  }
  if (kind !== 'command') throw new MalformedDataError('A recipe is of a kind that this version does not know')
  const { words } = asRecord(value, 'A command recipe', ['kind', 'words'])
  return { kind, words: asArray(words, 'A recipe’s command').map((word) => asText(word, 'A word of a command')) }
}

function asCode(value: unknown): RecipeCode {
  const { files, packages, open } = asRecord(value, 'A recipe’s code', ['files', 'packages', 'open'])
  return {
    files: asCid(files, 'A recipe’s files', DAG_CBOR_CODE),
    packages: asArray(packages, 'A recipe’s packages').map(asPackage),
    open: asArray(open, 'A recipe’s open ends').map((reason) => asText(reason, 'An open end of a recipe')),
  }
}

function asPackage(value: unknown): LockedPackage {
  const [name, version, integrity] = asArray(value, 'A package of a recipe', 3)
  return { name: asText(name, 'A package’s name'), version: asText(version, 'A package’s version'), integrity: textOrNull(integrity, 'A package’s integrity') }
}
