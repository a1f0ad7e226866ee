import type { CID } from '../cid/cid.ts'
import { listingCodec, listingOf, writeListing } from '../dataset/dropped-listings.ts'
import { isGone } from '../dataset/left-at-remote.ts'
import { diffTrees } from '../manifest/diff-trees.ts'
import type { ManifestDifference } from '../manifest/interface.ts'
import { diffManifests } from '../manifest/manifest.ts'
import { pathFromKey, pathToText } from '../manifest/path.ts'
import type { BlockRepository, Session } from '../repository/index.ts'
import type { NamedRoot } from './interface.ts'

/** A path at which two trees differ. */
export interface TreeDifferenceInfo {
  readonly output: string
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
}

export interface OutputDifferences {
  /** The first 100. */
  readonly differences: readonly TreeDifferenceInfo[]
  readonly count: number
  /** Outputs of which it cannot be told, since their first result was dropped by a version of varve that did not write down what it held. */
  readonly untold: readonly string[]
}

/** Listed; more are only counted. */
const MOST_LISTED = 100
const MOST_NAMED = 5

/**
 * Where the outputs of two runs differ, path by path. Reads the nodes that differ; of a first result that was dropped, what was written down of it, and all nodes of the second,
 * whose listing is put into the session and need not be committed.
 */
export async function outputDifferences(blocks: BlockRepository, session: Session, before: readonly NamedRoot[], after: readonly NamedRoot[]): Promise<OutputDifferences> {
  const differences: TreeDifferenceInfo[] = []
  const untold: string[] = []
  let count = 0
  for (const { name, root } of before) {
    const other: CID | undefined = after.find((output) => output.name === name)?.root
    if (other === undefined || other.equals(root)) continue
    const found = await differencesOf(blocks, session, root, other)
    if (found === undefined) untold.push(name)
    else for await (const { path, before: was, after: is } of found) {
      if (++count > MOST_LISTED) continue
      differences.push({ output: name, path: pathToText(path), change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed' })
    }
  }
  return { differences, count, untold }
}

/** The first paths, for a sentence. */
export function shownDifferences({ differences, count, untold }: OutputDifferences): string {
  const named = differences.slice(0, MOST_NAMED).map(({ path, change }) => `${path} (${change})`)
  const more = count > MOST_NAMED ? `, and ${count - MOST_NAMED} more` : ''
  const unknown = untold.length === 0 ? [] : [`where ${untold.join(', ')} differs cannot be told, since the first result was dropped and not written down`]
  return [...(named.length === 0 ? [] : [`${named.join(', ')}${more}`]), ...unknown].join('; ')
}

async function differencesOf(blocks: BlockRepository, session: Session, before: CID, after: CID): Promise<AsyncGenerator<ManifestDifference> | undefined> {
  if (!(await isGone(blocks, before))) return diffManifests(session, before, after)
  const listing = await listingOf(blocks, before)
  return listing === undefined ? undefined : diffListings(session, listing, await writeListing(session, session, after))
}

async function* diffListings(session: Session, before: CID, after: CID): AsyncGenerator<ManifestDifference> {
  for await (const { key, ...values } of diffTrees(session, before, after, listingCodec)) yield { path: pathFromKey(key), ...values }
}
