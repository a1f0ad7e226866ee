import { canonicalJson } from '../../codec/canonical-json.ts'
import type { BlockRepository } from '../../repository/index.ts'
import { type FoundRun, loadRun } from '../../run/find-run.ts'
import { getRun, type ListedRun, listRuns } from '../../run/run-tree.ts'
import { runsOfRoot } from '../../run/run-uses.ts'
import { isSameCode } from './same-code.ts'

/** The runs that ran another one again, the newest first. */
export async function reproductionsOf(repository: BlockRepository, run: FoundRun): Promise<readonly FoundRun[]> {
  const found: FoundRun[] = []
  for await (const other of relatives(repository, run)) if (other.started.reproduces?.equals(run.start) === true) found.push(other)
  return found
}

/** Runs that succeeded and differ from a run in nothing but the seed; of each seed the newest. The run itself is among them. */
export async function acrossSeeds(repository: BlockRepository, run: FoundRun): Promise<readonly FoundRun[]> {
  const bySeed = new Map([[run.started.seed, run]])
  for await (const other of relatives(repository, run)) {
    const { started, ended } = other
    const isLike = ended?.status === 'succeeded' && other.isOver && !bySeed.has(started.seed) && likenessOf(started) === likenessOf(run.started)
    if (isLike && (await isSameCode(repository, run.started, started))) bySeed.set(started.seed, other)
  }
  return [...bySeed.values()]
}

/** Runs of the same name that read the same data. By the data, where there is any: there may be very many runs of that name. */
async function* relatives(repository: BlockRepository, run: FoundRun): AsyncGenerator<FoundRun> {
  const [input] = run.started.inputs
  for await (const listed of input === undefined ? listRuns(repository, run.name) : runsWithInput(repository, run, input.root)) {
    if (!listed.start.equals(run.start)) yield loadRun(repository, listed)
  }
}

async function* runsWithInput(repository: BlockRepository, { name }: FoundRun, root: FoundRun['start']): AsyncGenerator<ListedRun> {
  for await (const use of runsOfRoot(repository, root, 'input')) {
    const listed = use.name === name ? await getRun(repository, use) : undefined
    if (listed !== undefined) yield listed
  }
}

/** What runs that differ in nothing but the seed have in common, beside the code: a seed may be part of the configuration too. */
function likenessOf({ inputs, config }: FoundRun['started']): string {
  const { seed: _seed, ...values } = config.values
  return JSON.stringify([inputs.map(({ name, root }) => `${name} ${root.toString()}`).sort(), canonicalJson(values, 'A configuration')])
}
