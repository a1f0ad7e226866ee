import type { CID } from '../../cid/cid.ts'
import { LINKS_REF } from '../../recipe/derivation-links.ts'
import { MEMORY_REF } from '../../recipe/memory.ts'
import { EVENTS_REF, MODELS_REF } from '../../registry/model-tree.ts'
import type { BlockRepository } from '../../repository/index.ts'
import { OPEN_REF } from '../../run/open-runs.ts'
import { SUMMARIES_REF } from '../../run/run-summaries.ts'
import { RUNS_REF } from '../../run/run-tree.ts'
import { USES_REF } from '../../run/run-uses.ts'
import type { RecordTrees } from './interface.ts'

/** What the names of varve's own refs begin with. */
const OWN = '_varve/'

/** The trees of a repository as it is now. Reads the tree of refs. */
export async function recordTrees(repository: BlockRepository): Promise<RecordTrees> {
  const found = new Map<string, CID>()
  for await (const { name, target } of repository.refs(OWN)) found.set(name, target)
  return treesIn(found)
}

/** Those that are among refs. */
export function treesIn(refs: ReadonlyMap<string, CID>): RecordTrees {
  return { runs: refs.get(RUNS_REF), uses: refs.get(USES_REF), derivations: refs.get(MEMORY_REF), models: refs.get(MODELS_REF), events: refs.get(EVENTS_REF) }
}

/** Whether there is any record. */
export function hasRecords(trees: RecordTrees): boolean {
  return Object.values(trees).some((tree) => tree !== undefined)
}

const RECORD_REFS: ReadonlySet<string> = new Set([RUNS_REF, OPEN_REF, USES_REF, SUMMARIES_REF, MEMORY_REF, LINKS_REF, MODELS_REF, EVENTS_REF])

/** Whether a ref leads to records, or to what is looked up of them. */
export function isRecordRef(name: string): boolean {
  return RECORD_REFS.has(name)
}
