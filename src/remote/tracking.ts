import type { CID } from '../cid/cid.ts'
import type { BlockRepository } from '../repository/index.ts'
import { trackedName } from '../repository/tracked-ref.ts'

/** Where the refs of a remote are kept, as they were when they were last seen. */
export function trackingPrefix(remote: string): string {
  return trackedName(remote, '')
}

/** What is known of a remote's refs, by the names that they have there. */
export async function trackedRefs(repository: BlockRepository, remote: string): Promise<Map<string, CID>> {
  const prefix = trackingPrefix(remote)
  const found = new Map<string, CID>()
  for await (const { name, target } of repository.refs(prefix)) found.set(name.slice(prefix.length), target)
  return found
}
