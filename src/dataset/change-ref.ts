import { type CID, cidText } from '../cid/cid.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { isTagName } from '../repository/ref-name.ts'
import type { RefInfo } from './results.ts'
import { readSnapshot } from './snapshot-object.ts'
import { assertWhole } from './whole.ts'

export interface RefChangeOptions {
  /** What it must point to now, or null if it must not exist; default: whatever it is. */
  readonly expected?: CID | null | undefined
  readonly message?: string
  readonly author?: string
}

/** Points a ref or tag to a snapshot that is whole, or with null removes it. @throws RefConflictError, NotFoundError */
export async function changeRef(repository: BlockRepository, name: string, target: CID | null, { expected, message, author }: RefChangeOptions): Promise<void> {
  const action = target === null ? 'delete-ref' : isTagName(name) ? 'tag' : 'set-ref'
  const change = { name, target, ...(expected === undefined ? {} : { expected }) }
  await repository.withSession(async (session) => {
    if (target !== null) await assertWhole(repository, target)
    await session.commit({ action, message: message ?? '', actor: author ?? null, refs: [change] })
  })
}

export async function refInfo(repository: BlockRepository, name: string, target: CID): Promise<RefInfo> {
  const { root, time, message } = await readSnapshot(repository, target)
  return { name, kind: isTagName(name) ? 'tag' : 'ref', snapshot: cidText(target), root: cidText(root), time, message }
}
