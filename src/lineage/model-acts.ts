import { cidText } from '../cid/cid.ts'
import type { Evaluation } from '../registry/interface.ts'
import { type ListedVersion, listVersions, newestMoves } from '../registry/model-tree.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { Act } from './act.ts'
import { rootLink } from './derivation-acts.ts'

export const EVALUATION = 'evaluation'

/** Every model version, and its evaluation if it has one. Reads one block for each. */
export async function* modelActs(repository: BlockRepository): AsyncGenerator<Act> {
  for await (const version of listVersions(repository)) {
    const id = cidText(version.cid)
    const label = `${version.name}@${version.number}`
    const { evaluation } = version
    yield {
      id, cid: version.cid, kind: 'model', label,
      ins: [rootLink({ name: 'weights of', root: version.root })],
      outs: evaluation === null ? [] : [{ role: EVALUATION, id: evaluationId(id), to: { kind: 'act' } }],
      describe: async () => ({
        id, kind: 'model', label, status: null, when: version.at, why: version.why,
        facts: { artifact: version.artifact, run: cidText(version.run), by: version.by, aliases: await aliasesOf(repository, version), ...(evaluation === null ? {} : { metrics: evaluation.metrics }) },
      }),
    }
    if (evaluation !== null) yield evaluationAct(id, label, version, evaluation)
  }
}

function evaluationAct(model: string, label: string, { at, cid }: ListedVersion, evaluation: Evaluation): Act {
  const id = evaluationId(model)
  const name = `evaluation of ${label}`
  return {
    id, cid, kind: 'evaluation', label: name,
    ins: [{ role: EVALUATION, id: model, to: { kind: 'act' } }, rootLink({ name: 'evaluated on', root: evaluation.root })],
    outs: [],
    describe: () => ({ id, kind: 'evaluation', label: name, status: null, when: at, why: null, facts: { metrics: evaluation.metrics, revision: evaluation.revision } }),
  }
}

/** The aliases that point to a version now. */
export async function aliasesOf(repository: BlockRepository, { name, cid }: Pick<ListedVersion, 'name' | 'cid'>): Promise<readonly string[]> {
  const aliases: string[] = []
  for await (const { alias, version } of newestMoves(repository, name)) if (alias !== null && version?.equals(cid) === true) aliases.push(alias)
  return aliases
}

export function evaluationId(model: string): string {
  return `${model}#${EVALUATION}`
}
