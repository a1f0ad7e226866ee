import { refInfo } from '../dataset/change-ref.ts'
import type { RefInfo } from '../dataset/results.ts'
import { checkedUrl, openPlace } from './place.ts'
import { userRefs } from './user-refs.ts'

/** The refs and tags of a repository elsewhere. Reads a few blocks and one snapshot for each. */
export async function listRemote(address: string): Promise<readonly RefInfo[]> {
  const place = await openPlace({ url: checkedUrl(address) })
  try {
    const refs: RefInfo[] = []
    for (const [name, target] of await userRefs(place.blocks)) refs.push(await refInfo(place.blocks, name, target))
    return refs
  } finally {
    await place.close()
  }
}
