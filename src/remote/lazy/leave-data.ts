import { compareBytes, toHex } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import { leftName } from '../../dataset/left-at-remote.ts'
import { editTree } from '../../manifest/edit-tree.ts'
import type { TreeEdit } from '../../manifest/interface.ts'
import { scanTree } from '../../manifest/read-tree.ts'
import type { BlockRepository, RefChange, Session } from '../../repository/index.ts'
import { linkCodec } from '../../repository/link-codec.ts'

/**
 * The change of refs, if any, by which a repository knows that the data of roots was left at a remote, and by which it forgets those whose data has come since (FORMAT.md, section 15). With no roots at all it
 * still says that data of that remote is to be left there.
 */
export async function leavingChange(blocks: BlockRepository, session: Session, remote: string, roots: readonly CID[]): Promise<readonly RefChange[]> {
  const name = leftName(remote)
  const before = await blocks.getRef(name)
  const edits = new Map<string, TreeEdit<CID>>()
  if (before !== undefined) {
    const evicted = await blocks.evicted()
    for await (const { key } of scanTree(session, before, linkCodec)) if (!evicted.has(toHex(key))) edits.set(toHex(key), { key, value: undefined })
  }
  for (const root of roots) edits.set(toHex(root.multihash.digest), { key: root.multihash.digest, value: root })
  const ordered = [...edits.values()].sort((a, b) => compareBytes(a.key, b.key))
  const target = await editTree(session, session, before ?? null, linkCodec, ordered)
  return before?.equals(target) === true ? [] : [{ name, expected: before ?? null, target, own: true }]
}

/** Says that data of a remote is to be left there, if that is not said yet. */
export async function leaveAt(blocks: BlockRepository, remote: string): Promise<void> {
  if ((await blocks.getRef(leftName(remote))) !== undefined) return
  await blocks.withSession(async (session) => session.commit({ action: 'clone', message: `data is left at ${remote}`, refs: await leavingChange(blocks, session, remote, []) }))
}
