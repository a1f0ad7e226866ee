import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { canonicalJson, parseJsonObject } from '../codec/canonical-json.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asCid, asText } from '../codec/shape.ts'
import type { Derivation, Environment } from './interface.ts'
import { asNamedRoots, namedRootPairs, oneOf, readObject } from './objects.ts'

const TYPE = 'derivation'
const ENVIRONMENT_TYPE = 'environment'
const WHAT = 'The parameters of a derivation'

/** The block of a derivation, whose CID is the memo key. @throws InvalidArgumentError for parameters that JSON cannot hold */
export function encodeDerivation({ recipe, inputs, params, seed, environment }: Derivation): Uint8Array {
  return encodeCbor({ type: TYPE, format: 1, recipe, inputs: namedRootPairs(inputs), params: canonicalJson(params, WHAT), seed, environment })
}

/** @throws NotFoundError or CorruptBlockError from the source; @throws MalformedDataError, UnsupportedFormatError */
export async function readDerivation(source: BlockSource, cid: CID): Promise<Derivation> {
  return readObject(source, cid, TYPE, ['recipe', 'inputs', 'params', 'seed', 'environment'], (fields) => ({
    recipe: asCid(fields.recipe, 'A derivation’s recipe', DAG_CBOR_CODE),
    inputs: asNamedRoots(fields.inputs, 'A derivation’s inputs'),
    params: parseJsonObject(asText(fields.params, WHAT), WHAT),
    seed: asText(fields.seed, 'A derivation’s seed'),
    environment: asCid(fields.environment, 'A derivation’s environment', DAG_CBOR_CODE),
  }))
}

/** The block of an environment. */
export function encodeEnvironment({ policy, facts }: Environment): Uint8Array {
  return encodeCbor({ type: ENVIRONMENT_TYPE, format: 1, policy, facts: [...facts].sort(([a], [b]) => (a < b ? -1 : 1)) })
}

/** @throws NotFoundError or CorruptBlockError from the source; @throws MalformedDataError, UnsupportedFormatError */
export async function readEnvironment(source: BlockSource, cid: CID): Promise<Environment> {
  return readObject(source, cid, ENVIRONMENT_TYPE, ['policy', 'facts'], (fields) => ({
    policy: oneOf(fields.policy, 'An environment’s policy', ['none', 'runtime', 'locked', 'image']),
    facts: asArray(fields.facts, 'An environment’s facts').map((fact) => {
      const [name, value] = asArray(fact, 'A fact of an environment', 2)
      return [asText(name, 'A fact’s name'), asText(value, 'A fact’s value')] as const
    }),
  }))
}
