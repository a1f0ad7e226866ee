import type { CID } from '../cid/cid.ts'
import { diffManifests } from '../manifest/manifest.ts'
import { pathToText } from '../manifest/path.ts'
import type { BlockSource } from '../codec/interface.ts'
import type { NamedRoot } from './interface.ts'

/** A path at which two trees differ. */
export interface TreeDifferenceInfo {
  readonly output: string
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
}

/** Listed; more are only counted. */
const MOST_LISTED = 100

/** Where the outputs of two runs differ, path by path, the first 100. Reads the nodes that differ. */
export async function outputDifferences(source: BlockSource, before: readonly NamedRoot[], after: readonly NamedRoot[]): Promise<{ readonly differences: readonly TreeDifferenceInfo[]; readonly count: number }> {
  const differences: TreeDifferenceInfo[] = []
  let count = 0
  for (const { name, root } of before) {
    const other: CID | undefined = after.find((output) => output.name === name)?.root
    if (other === undefined) continue
    for await (const { path, before: was, after: is } of diffManifests(source, root, other)) {
      if (++count > MOST_LISTED) continue
      differences.push({ output: name, path: pathToText(path), change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed' })
    }
  }
  return { differences, count }
}
