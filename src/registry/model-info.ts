import { cidText } from '../cid/cid.ts'
import type { BlockRepository } from '../repository/index.ts'
import { readRunStart } from '../run/run-object.ts'
import { runLabel } from '../run/run-key.ts'
import { listRuns } from '../run/run-tree.ts'
import type { ModelInfo } from './interface.ts'
import { eventsOf, type ListedVersion, newestMoves } from './model-tree.ts'

/** All that is known of a version. Reads its run's start, its aliases and its approvals. */
export async function modelInfo(repository: BlockRepository, version: ListedVersion): Promise<ModelInfo> {
  const { name, number, artifact, root, run, record, evaluation, why, by, at, cid } = version
  const start = await readRunStart(repository, run)
  const aliases: string[] = []
  for await (const { alias, version: current } of newestMoves(repository, name)) if (alias !== null && current?.equals(cid) === true) aliases.push(alias)
  const approvals: ModelInfo['approvals'][number][] = []
  for await (const approval of eventsOf(repository, { name, number })) approvals.push({ by: approval.by, at: approval.at, why: approval.why })
  return {
    name, number, label: `${name}@${number}`, id: cidText(cid), artifact, root: cidText(root), run: { label: await labelOfRun(repository, start.name, version), id: cidText(run), record: cidText(record) },
    inputs: start.inputs.map((input) => ({ name: input.name, revision: input.revision, root: cidText(input.root) })), code: start.code === null ? null : cidText(start.code), commit: start.capture.git?.commit ?? null,
    configHash: start.config.hash, evaluation: evaluation === null ? null : { metrics: evaluation.metrics, revision: evaluation.revision, root: cidText(evaluation.root) }, aliases, approvals: approvals.reverse(), why, by, at,
  }
}

async function labelOfRun(repository: BlockRepository, name: string, { run }: Pick<ListedVersion, 'run'>): Promise<string> {
  for await (const listed of listRuns(repository, name)) if (listed.start.equals(run)) return runLabel(listed)
  return name
}
