import { type CID, cidText } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { VarveError } from '../errors.ts'
import { diffManifests } from '../manifest/manifest.ts'
import { pathToText } from '../manifest/path.ts'
import type { ComparedFiles, ComparedPath } from './compare-interface.ts'

/** A manifest that a run read, by the run's label. */
export interface LabelledRoot {
  readonly label: string
  readonly root: CID
}

/**
 * Compares the first manifest with each other one that differs from it, and with equal ones once. Reads the nodes that differ, and counts every path in them; keeps `maxPaths` paths a pair.
 * @param name of the input; null for code
 */
export async function compareFiles(source: BlockSource, name: string | null, roots: readonly LabelledRoot[], maxPaths: number): Promise<readonly ComparedFiles[]> {
  const distinct = new Map<string, LabelledRoot>()
  for (const labelled of roots) if (!distinct.has(cidText(labelled.root))) distinct.set(cidText(labelled.root), labelled)
  const [first, ...others] = distinct.values()
  const found: ComparedFiles[] = []
  if (first === undefined) return found
  for (const other of others) {
    const pair = { name, before: first.label, after: other.label }
    try {
      found.push({ ...pair, ...(await comparePair(source, first.root, other.root, maxPaths)), unknown: null })
    } catch (error) {
      // Dropped data is no reason to tell nothing of the rest; damage is.
      if (!(error instanceof VarveError) || (error.code !== 'NOT_FOUND' && error.code !== 'EVICTED')) throw error
      found.push({ ...pair, added: 0, removed: 0, changed: 0, paths: [], unknown: error.message })
    }
  }
  return found
}

async function comparePair(source: BlockSource, before: CID, after: CID, maxPaths: number): Promise<Pick<ComparedFiles, 'added' | 'removed' | 'changed' | 'paths'>> {
  const counts = { added: 0, removed: 0, changed: 0 }
  const paths: ComparedPath[] = []
  for await (const difference of diffManifests(source, before, after)) {
    const change = difference.before === undefined ? 'added' : difference.after === undefined ? 'removed' : 'changed'
    counts[change]++
    if (paths.length < maxPaths) paths.push({ path: pathToText(difference.path), change })
  }
  return { ...counts, paths }
}
