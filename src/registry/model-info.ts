import { cidText } from '../cid/cid.ts'
import type { BlockRepository } from '../repository/index.ts'
import { readRunStart } from '../run/run-object.ts'
import { runLabel } from '../run/run-key.ts'
import { runsOfRoot } from '../run/run-uses.ts'
import { moveAt } from './find-model.ts'
import type { ModelInfo } from './interface.ts'
import { modelLabel } from './model-key.ts'
import { eventsOf, type ListedVersion, newestMoves } from './model-tree.ts'

/**
 * All that is known of a version. Reads its run's start, its aliases and its approvals.
 * @param at a time (Unix, ms): aliases and approvals as they were then
 */
export async function modelInfo(repository: BlockRepository, version: ListedVersion, at: number = Infinity): Promise<ModelInfo> {
  const { name, number, artifact, root, run, record, evaluation, why, by, cid } = version
  const start = await readRunStart(repository, run)
  const aliases: string[] = []
  for await (const { alias } of newestMoves(repository, name)) if (alias !== null && (await moveAt(repository, name, alias, at))?.version?.equals(cid) === true) aliases.push(alias)
  const approvals: ModelInfo['approvals'][number][] = []
  for await (const approval of eventsOf(repository, { name, number })) if (Date.parse(approval.at) <= at) approvals.push({ by: approval.by, at: approval.at, why: approval.why })
  return {
    name, number, label: modelLabel(version), id: cidText(cid), artifact, root: cidText(root), run: { label: await labelOfRun(repository, version, start.name), id: cidText(run), record: cidText(record) },
    inputs: start.inputs.map((input) => ({ name: input.name, revision: input.revision, root: cidText(input.root) })), code: start.code === null ? null : cidText(start.code), commit: start.capture.git?.commit ?? null,
    configHash: start.config.hash, parameters: start.config.entries.map(({ key, value, origin }) => ({ key, value, origin })), seed: start.seed,
    evaluation: evaluation === null ? null : { metrics: evaluation.metrics, revision: evaluation.revision, root: cidText(evaluation.root) }, aliases, approvals: approvals.reverse(), why, by, at: version.at,
  }
}

/** By the root that it made, which few runs made too: there may be very many runs of the same name. */
async function labelOfRun(repository: BlockRepository, { root, run }: Pick<ListedVersion, 'root' | 'run'>, name: string): Promise<string> {
  for await (const use of runsOfRoot(repository, root, 'artifact')) if (use.start.equals(run)) return runLabel(use)
  return name
}
