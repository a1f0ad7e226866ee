import { type CID, cidText } from '../cid/cid.ts'
import { idOf } from '../cid/digest-id.ts'
import type { DerivationLinks } from '../recipe/derivation-links.ts'
import { readDerivation } from '../recipe/derivation-object.ts'
import type { NamedRoot } from '../recipe/interface.ts'
import { pinnedRun, recall, rememberedLinks } from '../recipe/memory.ts'
import type { BlockRepository } from '../repository/index.ts'
import { type Act, type Link, readLinked } from './act.ts'
import type { LineageNode } from './interface.ts'

/** Every derivation that is remembered, with whatever any of its runs gave. Some 10 µs for each. */
export async function derivationActs(repository: BlockRepository): Promise<readonly Act[]> {
  return (await readLinked('What is remembered of derivations', () => rememberedLinks(repository))).map(({ derivation: cid, label, code, inputs, outputs }: DerivationLinks & { readonly derivation: CID }) => ({
    id: idOf(cid), cid, kind: 'derivation', label, ins: [...inputs.map(rootLink), rootLink({ name: 'code', root: code })], outs: outputs.map(rootLink), describe: async () => describe(repository, cid, label),
  }))
}

async function describe(repository: BlockRepository, cid: CID, label: string): Promise<LineageNode> {
  const id = cidText(cid)
  const { recipe, params, seed } = await readLinked(`The derivation ${id}`, () => readDerivation(repository, cid))
  const { runs } = await readLinked(`The runs of the derivation ${id}`, () => recall(repository, cid))
  const shown = pinnedRun({ runs }) ?? runs.at(-1)
  return { id, kind: 'derivation', label, status: shown?.status ?? null, when: shown?.ended ?? null, why: null, facts: { recipe: cidText(recipe), params, seed, runs: runs.length } }
}

export function rootLink({ name, root }: NamedRoot): Link {
  return { role: name, id: idOf(root), to: { kind: 'root', link: { cid: root } } }
}
