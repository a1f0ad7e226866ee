import { type CID, cidText } from '../cid/cid.ts'
import { idOf } from '../cid/digest-id.ts'
import { readModelVersion } from '../registry/model-object.ts'
import { listVersionEntries, newestMoves } from '../registry/model-tree.ts'
import type { ModelVersion } from '../registry/interface.ts'
import type { BlockRepository } from '../repository/index.ts'
import { type Act, readLinked } from './act.ts'
import { rootLink } from './derivation-acts.ts'

export const EVALUATION = 'evaluation'

/** Every model version, and its evaluation if it has one. Reads the tree of versions alone, but for those that were registered before it named their runs. */
export async function* modelActs(repository: BlockRepository): AsyncGenerator<Act> {
  const aliases = new AliasTable(repository)
  for await (const { name, number, cid, root, evaluatedOn, run: start } of listVersionEntries(repository)) {
    const id = idOf(cid)
    const label = `${name}@${number}`
    const version = (): Promise<ModelVersion> => readLinked(`The model ${label}`, () => readModelVersion(repository, cid))
    const run = start ?? (await version()).run
    yield {
      id, cid, kind: 'model', label,
      ins: [{ ...rootLink({ name: 'weights of', root }), isLeaf: true }, { role: 'made by', id: idOf(run), to: { kind: 'run', cid: run, made: root } }],
      outs: evaluatedOn === null ? [] : [{ role: EVALUATION, id: evaluationId(id), to: { kind: 'act' } }],
      aliases: () => aliases.of(name, cid),
      describe: async () => {
        const { artifact, by, at, why, evaluation } = await version()
        const metrics = evaluation === null ? {} : { metrics: evaluation.metrics }
        return { id: cidText(cid), kind: 'model', label, status: null, when: at, why, facts: { artifact, run: cidText(run), by, aliases: await aliases.of(name, cid), ...metrics } }
      },
    }
    if (evaluatedOn !== null) yield evaluationAct({ cid, label, evaluatedOn, version })
  }
}

interface Evaluated {
  readonly cid: CID
  readonly label: string
  readonly evaluatedOn: CID
  readonly version: () => Promise<ModelVersion>
}

function evaluationAct({ cid, label: model, evaluatedOn, version }: Evaluated): Act {
  const id = evaluationId(idOf(cid))
  const label = `evaluation of ${model}`
  return {
    id, cid, kind: 'evaluation', label,
    ins: [{ role: EVALUATION, id: idOf(cid), to: { kind: 'act' } }, rootLink({ name: 'evaluated on', root: evaluatedOn })],
    outs: [],
    describe: async () => {
      const { at, evaluation } = await version()
      return { id: evaluationId(cidText(cid)), kind: 'evaluation', label, status: null, when: at, why: null, facts: evaluation === null ? {} : { metrics: evaluation.metrics, revision: evaluation.revision } }
    },
  }
}

/** The aliases that point to versions now; those of each name are read once, when they are first asked for. */
class AliasTable {
  readonly #repository: BlockRepository
  readonly #byName = new Map<string, Promise<readonly { readonly alias: string; readonly version: CID }[]>>()

  constructor(repository: BlockRepository) {
    this.#repository = repository
  }

  async of(name: string, cid: CID): Promise<readonly string[]> {
    const reading = this.#byName.get(name) ?? this.#read(name)
    this.#byName.set(name, reading)
    return (await reading).filter(({ version }) => version.equals(cid)).map(({ alias }) => alias)
  }

  async #read(name: string): Promise<readonly { readonly alias: string; readonly version: CID }[]> {
    const found: { alias: string; version: CID }[] = []
    for await (const { alias, version } of newestMoves(this.#repository, name)) if (alias !== null && version !== null) found.push({ alias, version })
    return found
  }
}

export function evaluationId(model: string): string {
  return `${model}#${EVALUATION}`
}
