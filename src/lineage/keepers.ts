import { type CID, cidText } from '../cid/cid.ts'
import { modelLabel } from '../registry/model-key.ts'
import { listVersionEntries } from '../registry/model-tree.ts'
import type { BlockRepository } from '../repository/index.ts'
import { runLabel } from '../run/run-key.ts'
import { type RunUseKind, runsOfRoots } from '../run/run-uses.ts'
import type { CidText } from '../types.ts'

/** A model or a run for whose sake data stays, and what it is to it. */
export type Keeper =
  | { readonly model: string; readonly as: 'weights' | 'evaluation' }
  | { readonly run: string; readonly as: Exclude<RunUseKind, 'original'> }

const MADE = ['artifact', 'code', 'metrics', 'log'] as const

/** For each root that a model or a run needs, one that does: what it is of, or what made it, before what was evaluated on it or read it, and the newest first. Reads the trees of models and of what runs use, and no run. */
export async function keepersOf(repository: BlockRepository, roots: readonly CID[]): Promise<ReadonlyMap<CidText, Keeper>> {
  const wanted = new Set(roots.map(cidText))
  const keepers = new Map<CidText, Keeper>()
  const keep = (root: CID, keeper: Keeper): void => {
    const text = cidText(root)
    if (wanted.has(text) && !keepers.has(text)) keepers.set(text, keeper)
  }
  const evaluated: { readonly root: CID; readonly keeper: Keeper }[] = []
  for await (const { name, number, root, evaluatedOn } of listVersionEntries(repository)) {
    const model = modelLabel({ name, number })
    keep(root, { model, as: 'weights' })
    if (evaluatedOn !== null) evaluated.push({ root: evaluatedOn, keeper: { model, as: 'evaluation' } })
  }
  const keepForRuns = async (as: Exclude<RunUseKind, 'original'>): Promise<void> => {
    for await (const { root, ...run } of runsOfRoots(repository, roots, as)) keep(root, { run: runLabel(run), as })
  }
  for (const as of MADE) await keepForRuns(as)
  for (const { root, keeper } of evaluated) keep(root, keeper)
  await keepForRuns('input')
  return keepers
}

const WORDS: Readonly<Record<Keeper['as'], string>> = {
  weights: 'whose weights it is', evaluation: 'which was evaluated on it', artifact: 'which made it', code: 'whose code it is', metrics: 'whose metrics it is', log: 'whose log it is', input: 'which read it',
}

/** `kept by run train#3, which read it`. */
export function keeperText(keeper: Keeper): string {
  return `kept by ${'model' in keeper ? `model ${keeper.model}` : `run ${keeper.run}`}, ${WORDS[keeper.as]}`
}
