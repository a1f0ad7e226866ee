import type { CID } from '../cid/cid.ts'
import { VarveError } from '../errors.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { readSnapshot } from './snapshot-object.ts'

/** The root that a ref has now, or undefined if there is no such ref, or its snapshot cannot be read. */
export async function rootOfRef(repository: BlockRepository, ref: string): Promise<CID | undefined> {
  const target = await repository.getRef(ref)
  try {
    return target === undefined ? undefined : (await readSnapshot(repository, target)).root
  } catch (error) {
    // What is wrong with it comes up when a new snapshot is recorded after it.
    if (error instanceof VarveError) return undefined
    throw error
  }
}
