import { toHex } from '../../bytes.ts'
import { type CID, cidText } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { scanTree } from '../../manifest/read-tree.ts'
import { runEntryCodec } from '../../run/run-entry.ts'
import { runKeyPrefix } from '../../run/run-key.ts'
import { readRunOutline } from '../../run/run-object.ts'
import { rootsUsedBy, type RunUseKind } from '../../run/run-uses.ts'
import type { RecordTrees, Sides } from './interface.ts'
import type { RunPlan } from './place-runs.ts'

/** What runs have to do with trees that may be large. */
const KINDS: readonly RunUseKind[] = ['code', 'input', 'artifact']
/** Runs of a name that are looked at to find one that both sides have. */
const MOST_RUNS_TRIED = 64

/**
 * Which of some roots the target has whole, as runs tell that both sides have: read from the near side.
 * @param planned trees of the near side that the plan was made from: of a run that was begun since, the target knows nothing
 * @param dropped digests, in hex, of what the target has dropped
 */
export function wholeAtTarget({ near, target }: Sides, planned: RecordTrees, { absent }: RunPlan, dropped: ReadonlySet<string>): (roots: readonly CID[]) => Promise<readonly CID[]> {
  const { uses } = planned
  const counts = near === target ? () => true : (start: CID) => !absent.has(cidText(start))
  return async (roots) => {
    if (uses === undefined) return []
    const found = new Map<string, CID>()
    const there = roots.filter((root) => !dropped.has(toHex(root.multihash.digest)))
    for (const kind of KINDS) for await (const root of rootsUsedBy(near, uses, there, kind, counts)) found.set(cidText(root), root)
    return [...found.values()]
  }
}

/**
 * The code of the newest run, of each name of those that go over, that both sides have: what is new resembles it. Inputs are left out: they may be large, and are most often the same.
 * @param planned as above
 * @param dropped as above
 */
export async function basesOfRuns({ near, target }: Sides, planned: RecordTrees, { placed, absent }: RunPlan, dropped: ReadonlySet<string>): Promise<readonly CID[]> {
  const bases = new Map<string, CID>()
  for (const name of new Set(placed.map(({ to }) => to.name))) {
    const start = await newestShared(near, planned, name, near === target ? new Set() : absent)
    const code = start === undefined ? null : (await readRunOutline(near, start)).code
    if (code !== null && !dropped.has(toHex(code.multihash.digest))) bases.set(cidText(code), code)
  }
  return [...bases.values()]
}

async function newestShared(near: BlockSource, { runs }: RecordTrees, name: string, absent: ReadonlySet<string>): Promise<CID | undefined> {
  if (runs === undefined) return undefined
  let tried = 0
  for await (const { value: { start } } of scanTree(near, runs, runEntryCodec, { prefix: runKeyPrefix(name) })) {
    if (!absent.has(cidText(start))) return start
    if (++tried === MOST_RUNS_TRIED) return undefined
  }
  return undefined
}
