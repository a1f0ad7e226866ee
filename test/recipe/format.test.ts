import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/bytes.ts'
import { type CID, cidFromDigest, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'
import type { BlockSource } from '../../src/codec/interface.ts'
import { encodeDerivation, encodeEnvironment, readDerivation, readEnvironment } from '../../src/recipe/derivation-object.ts'
import type { Derivation, DerivationRun, Environment, Recipe } from '../../src/recipe/interface.ts'
import { familyDigest } from '../../src/recipe/map/map-family.ts'
import { encodeProgress, readProgress } from '../../src/recipe/map/map-progress.ts'
import { encodeRecipe, readRecipe } from '../../src/recipe/recipe-object.ts'
import { encodeRun, encodeRunList, readRun, readRunList } from '../../src/recipe/run-object.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'

/** What the bytes of each block must be for good; whoever changes one of them changes the format. */
const VECTORS = JSON.parse(readFileSync('test/vectors/recipe.json', 'utf8')) as Record<string, string>
const hasher = nodePlatform.hasher('sha2-256')
const link = (byte: number): CID => cidFromDigest(hasher, DAG_CBOR_CODE, new Uint8Array(32).fill(byte))

const FUNCTION: Recipe = {
  name: 'features', version: null, action: { kind: 'function', module: 'steps/features.mjs', exportName: 'features' },
  code: { files: link(1), packages: [{ name: 'zod', version: '4.1.0', integrity: 'sha512-AAAA' }, { name: 'own', version: '1.0.0', integrity: null }], open: ['steps/features.mjs:3: import() of something that is not a literal'] },
  inputs: ['raw', 'labels'], outputs: ['features'], deterministic: 'bitwise', environment: 'locked', map: null,
}
const COMMAND: Recipe = {
  name: 'train', version: '2', action: { kind: 'command', words: ['python3', 'train.py', '{inputs.raw}', '{{}}'] }, code: { files: link(2), packages: [], open: [] },
  inputs: ['raw'], outputs: ['weights', 'log'], deterministic: { tolerance: { b: [0.001, 'x'], a: null } }, environment: 'image', map: { shards: 64 },
}
const PER_FILE: Recipe = { ...FUNCTION, deterministic: 'none', environment: 'none', map: 'file' }
const ENVIRONMENT: Environment = { policy: 'runtime', facts: [['architecture', 'x64'], ['node', '20.19.0'], ['platform', 'linux']] }
const DERIVATION: Derivation = { recipe: link(3), inputs: [{ name: 'raw', root: link(4) }, { name: 'labels', root: link(5) }], params: { b: { d: [1, 2.5, 'é'], c: true }, a: null }, seed: '7', environment: link(6) }
const RUN: DerivationRun = {
  derivation: link(7), status: 'succeeded', reason: null, started: '2026-11-25T10:00:00.000Z', ended: '2026-11-25T10:00:01.500Z', host: 'here', outputs: [{ name: 'features', root: link(8) }],
  log: link(9), exitCode: 0, signal: null, mathRandomCalls: 3, units: null,
}
const MAPPED: DerivationRun = { ...RUN, units: { ran: 10, remembered: 90, basis: link(10).toString(), written: link(11) } as DerivationRun['units'] }
const FAILED: DerivationRun = { ...RUN, status: 'failed', reason: 'it threw', outputs: [], exitCode: null, signal: 'SIGKILL', mathRandomCalls: null }

type Case<T = never> = readonly [name: string, value: T, encode: (value: T) => Uint8Array, read: (source: BlockSource, cid: CID) => Promise<T>]
const CASES = [
  ['recipe of a function', FUNCTION, encodeRecipe, readRecipe],
  ['recipe of a command', COMMAND, encodeRecipe, readRecipe],
  ['recipe for each file', PER_FILE, encodeRecipe, readRecipe],
  ['environment', ENVIRONMENT, encodeEnvironment, readEnvironment],
  ['derivation', DERIVATION, encodeDerivation, readDerivation],
  ['run', RUN, encodeRun, readRun],
  ['run of a map recipe', MAPPED, encodeRun, readRun],
  ['run that failed', FAILED, encodeRun, readRun],
  ['run that did not come to its end', { derivation: link(15).toString(), input: link(16), outputs: [link(17), link(18)], written: link(19) }, encodeProgress, readProgress],
  ['list of runs', { derivation: link(12), runs: [link(13), link(14)] }, encodeRunList, readRunList],
] as unknown as readonly Case[]

describe('the block of a', () => {
  it.each(CASES)('%s has the bytes of the format, and reads back', async (name, value, encode, read) => {
    expect(toHex(encode(value))).toBe(VECTORS[name])
    const bytes = new Uint8Array(Buffer.from(VECTORS[name] ?? '', 'hex'))
    expect(await read({ get: async () => bytes }, link(0))).toEqual(value)
  })
})

it('a family has the key of the format', () => {
  expect(toHex(familyDigest(DERIVATION))).toBe(VECTORS['family'])
  expect(familyDigest({ ...DERIVATION, inputs: [{ name: 'raw', root: link(40) }, ...DERIVATION.inputs.slice(1)] })).toEqual(familyDigest(DERIVATION))
})

it('a recipe of an earlier version says only that it has some tolerance', async () => {
  const block = decodeCbor(encodeRecipe(COMMAND)) as object
  const read = (deterministic: string): Promise<Recipe> => readRecipe({ get: async () => encodeCbor({ ...block, deterministic }) }, link(0))
  expect(await read('tolerance')).toEqual({ ...COMMAND, deterministic: { tolerance: null } })
  await expect(read('other')).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
})
