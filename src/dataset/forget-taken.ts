import { toHex } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import { RefConflictError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeEdit } from '../manifest/interface.ts'
import { scanTree } from '../manifest/read-tree.ts'
import type { RefChange } from '../repository/index.ts'
import { linkCodec } from '../repository/link-codec.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { lazyRemotes, leftName } from './left-at-remote.ts'

/**
 * Forgets that data was left at a remote which has come since: if it is dropped here later, the remote need not have it any more, and it is to be made again as other dropped data is. Commits only if something changes.
 */
export async function forgetTaken(repository: BlockRepository): Promise<void> {
  for (;;) {
    const stale = await staleEntries(repository)
    if (stale.length === 0) return
    try {
      await repository.withSession(async (session) => {
        const refs: RefChange[] = []
        for (const { name, tree, edits } of stale) refs.push({ name, expected: tree, target: await editTree(session, session, tree, linkCodec, edits), own: true })
        await session.commit({ action: 'gc', message: 'what was left at a remote and came since', refs })
      })
      return
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      await repository.refresh()
    }
  }
}

async function staleEntries(repository: BlockRepository): Promise<readonly { readonly name: string; readonly tree: CID; readonly edits: readonly TreeEdit<CID>[] }[]> {
  const evicted = await repository.evicted()
  const stale = []
  for (const remote of await lazyRemotes(repository)) {
    const name = leftName(remote)
    const tree = await repository.getRef(name)
    if (tree === undefined) continue
    const edits: TreeEdit<CID>[] = []
    for await (const { key } of scanTree(repository, tree, linkCodec)) if (!evicted.has(toHex(key))) edits.push({ key, value: undefined })
    if (edits.length > 0) stale.push({ name, tree, edits })
  }
  return stale
}
