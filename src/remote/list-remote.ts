import { cidText } from '../cid/cid.ts'
import { readSnapshot } from '../dataset/snapshot-object.ts'
import { isTagName } from '../repository/ref-name.ts'
import type { CidText } from '../types.ts'
import { checkedUrl, openPlace } from './place.ts'
import { userRefs } from './user-refs.ts'

export interface RemoteRef {
  readonly name: string
  readonly kind: 'ref' | 'tag'
  readonly snapshot: CidText
  readonly root: CidText
  readonly time: string
  readonly message: string
}

/** The refs and tags of a repository elsewhere. Reads a few blocks and one snapshot for each. */
export async function listRemote(address: string): Promise<readonly RemoteRef[]> {
  const place = await openPlace({ url: checkedUrl(address) })
  try {
    const refs: RemoteRef[] = []
    for (const [name, target] of await userRefs(place.blocks)) {
      const { root, time, message } = await readSnapshot(place.blocks, target)
      refs.push({ name, kind: isTagName(name) ? 'tag' : 'ref', snapshot: cidText(target), root: cidText(root), time, message })
    }
    return refs
  } finally {
    await place.close()
  }
}
