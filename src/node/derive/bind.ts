import { type CID, DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import type { Repository } from '../../dataset/repository.ts'
import { resolveRecord } from '../../dataset/revision.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { encodeDerivation, encodeEnvironment } from '../../recipe/derivation-object.ts'
import type { NamedRoot, Recipe } from '../../recipe/interface.ts'
import { encodeRecipe } from '../../recipe/recipe-object.ts'
import { seedText } from '../../recipe/seed-text.ts'
import type { BlockRepository } from '../../repository/index.ts'
import { storeCode } from '../code/store-code.ts'
import { environmentOf } from './environment.ts'
import { inputRevision } from './input-revision.ts'
import type { DeriveOptions } from './interface.ts'
import type { Prepared } from './prepare.ts'
import type { Bound } from './realise.ts'

/** Puts what a derivation is made of into a store, and gives it its CID: recipe, inputs, parameters, seed, environment. Reads no data of the inputs. */
export async function bind({ blocks }: Repository, store: BlockSource & BlockSink, prepared: Prepared, options: DeriveOptions): Promise<Bound & { readonly recipeCid: CID }> {
  const recipe: Recipe = { ...prepared.recipe, code: await storeCode(blocks, store, prepared.code) }
  const recipeCid = await store.put(DAG_CBOR_CODE, encodeRecipe(recipe))
  const environment = await store.put(DAG_CBOR_CODE, encodeEnvironment(environmentOf(recipe.environment, { lockFile: prepared.lockFile?.sha256, image: prepared.image ?? options.image, program: prepared.program })))
  const inputs = await inputRoots(blocks, recipe, options.inputs)
  const derivation = { recipe: recipeCid, inputs, params: prepared.params, seed: seedText(options.seed ?? 0), environment }
  return { cid: await store.put(DAG_CBOR_CODE, encodeDerivation(derivation)), derivation, recipe, recipeCid }
}

/** @throws InvalidArgumentError for an input that is not given, is given though the recipe has none of that name, or is given by a path in a revision */
async function inputRoots(blocks: BlockRepository, { name, inputs }: Recipe, given: Readonly<Record<string, string>>): Promise<readonly NamedRoot[]> {
  const unknown = Object.keys(given).find((input) => !inputs.includes(input))
  if (unknown !== undefined) throw new InvalidArgumentError(`${name} has no input ${unknown}; it has ${inputs.length === 0 ? 'none' : inputs.join(', ')}`)
  const roots: NamedRoot[] = []
  for (const input of inputs) {
    const revision = given[input]
    if (revision === undefined) throw new InvalidArgumentError(`The input ${input} of ${name} is missing`, { hint: `Pass a revision for it: --input ${input}=<rev>` })
    const { root, path } = await inputRevision(input, revision, (text) => resolveRecord(blocks, text))
    if (path !== undefined) throw new InvalidArgumentError(`"${revision}" names a path; an input is a whole dataset`, { data: { revision }, hint: 'Leave out the part from ":" on.' })
    roots.push({ name: input, root })
  }
  return roots
}
