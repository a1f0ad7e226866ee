import { type CID, cidText } from '../cid/cid.ts'
import { readDerivation } from '../recipe/derivation-object.ts'
import type { Derivation, NamedRoot, Recipe } from '../recipe/interface.ts'
import { pinnedRun, remembered, type RememberedRun } from '../recipe/memory.ts'
import { readRecipe } from '../recipe/recipe-object.ts'
import type { BlockRepository } from '../repository/index.ts'
import { type Act, type Link, readLinked } from './act.ts'
import type { LineageNode } from './interface.ts'

/** Every derivation that is remembered, with whatever any of its runs gave. Reads three blocks for each, and one for each further run. */
export async function* derivationActs(repository: BlockRepository): AsyncGenerator<Act> {
  const recipes = new Map<string, Promise<Recipe>>()
  for await (const { derivation: cid, runs } of remembered(repository)) {
    const derivation = await readLinked(`The derivation ${cidText(cid)}`, () => readDerivation(repository, cid))
    const key = cidText(derivation.recipe)
    const reading = recipes.get(key) ?? readLinked(`The recipe ${key}`, () => readRecipe(repository, derivation.recipe))
    recipes.set(key, reading)
    yield actOf(cid, derivation, await reading, runs)
  }
}

function actOf(cid: CID, derivation: Derivation, recipe: Recipe, runs: readonly RememberedRun[]): Act {
  const id = cidText(cid)
  const label = recipe.version === null ? recipe.name : `${recipe.name} ${recipe.version}`
  return {
    id, cid, kind: 'derivation', label,
    ins: [...derivation.inputs.map(rootLink), rootLink({ name: 'code', root: recipe.code.files })],
    outs: distinct(runs.filter(({ status }) => status === 'succeeded').flatMap(({ outputs }) => outputs)).map(rootLink),
    describe: () => describe(id, label, derivation, runs),
  }
}

function describe(id: string, label: string, { recipe, params, seed }: Derivation, runs: readonly RememberedRun[]): LineageNode {
  const shown = pinnedRun({ runs }) ?? runs.at(-1)
  return {
    id, kind: 'derivation', label, status: shown?.status ?? null, when: shown?.ended ?? null, why: null,
    facts: { recipe: cidText(recipe), params, seed, runs: runs.length },
  }
}

export function rootLink({ name, root }: NamedRoot): Link {
  return { role: name, id: cidText(root), to: { kind: 'root', cid: root } }
}

function distinct(outputs: readonly NamedRoot[]): readonly NamedRoot[] {
  return [...new Map(outputs.map((output) => [`${cidText(output.root)} ${output.name}`, output])).values()]
}
