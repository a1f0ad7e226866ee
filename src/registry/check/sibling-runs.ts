import type { CID } from '../../cid/cid.ts'
import type { BlockRepository } from '../../repository/index.ts'
import { configHash } from '../../run/config/resolve-config.ts'
import { type FoundRun, loadRun } from '../../run/find-run.ts'
import type { RunStart } from '../../run/interface.ts'
import { readRunStart } from '../../run/run-object.ts'
import { type ListedRun, listRuns } from '../../run/run-tree.ts'
import { runsOfRoot } from '../../run/run-uses.ts'
import { isSameCode } from './same-code.ts'

/** Another run of the same name on the same data, with what of its start is compared: the whole of it names every package that was installed. */
export interface Relative extends ListedRun, Pick<RunStart, 'seed' | 'code' | 'cwd' | 'outputs' | 'reproduces'> {
  /** Equal for runs with the same inputs and configuration, but for a seed in it. */
  readonly likeness: string
}

/** More say nothing new. */
const MOST_SEEDS = 100

/** The runs of the same name that read the same data, the newest first. Reads the tree of runs and the start of each; holds some 500 bytes for each. */
export async function relativesOf(repository: BlockRepository, run: FoundRun): Promise<readonly Relative[]> {
  const [input] = run.started.inputs
  const numbers = new Set<number>()
  if (input !== undefined) for await (const use of runsOfRoot(repository, input.root, 'input')) if (use.name === run.name) numbers.add(use.number)
  const found: Relative[] = []
  for await (const listed of listRuns(repository, run.name)) {
    if (listed.start.equals(run.start) || (input !== undefined && !numbers.has(listed.number))) continue
    const start = await readRunStart(repository, listed.start)
    const { seed, code, cwd, outputs, reproduces } = start
    found.push({ ...listed, seed, code, cwd, outputs, reproduces, likeness: likenessOf(start) })
  }
  return found
}

/** Those that ran a run again, the newest first. */
export async function reproductionsOf(repository: BlockRepository, run: FoundRun, relatives: readonly Relative[]): Promise<readonly FoundRun[]> {
  const found: FoundRun[] = []
  for (const other of relatives) if (isLink(other.reproduces, run.start)) found.push(await loadRun(repository, other))
  return found
}

/** A run, and those that succeeded and differ from it in nothing but the seed: of each seed the newest, of 100 seeds at most. */
export async function acrossSeeds(repository: BlockRepository, run: FoundRun, relatives: readonly Relative[]): Promise<readonly FoundRun[]> {
  const bySeed = new Map([[run.started.seed, run]])
  const likeness = likenessOf(run.started)
  for (const other of relatives) {
    if (bySeed.size === MOST_SEEDS) break
    if (!other.isOver || bySeed.has(other.seed) || other.likeness !== likeness || !(await isSameCode(repository, run.started, other))) continue
    const loaded = await loadRun(repository, other)
    if (loaded.ended?.status === 'succeeded') bySeed.set(other.seed, loaded)
  }
  return [...bySeed.values()]
}

function likenessOf({ inputs, config }: Pick<RunStart, 'inputs' | 'config'>): string {
  const { seed: _seed, ...values } = config.values
  return JSON.stringify([inputs.map(({ name, root }) => `${name} ${root.toString()}`).sort(), configHash(values)])
}

function isLink(a: CID | null, b: CID): boolean {
  return a !== null && a.equals(b)
}
