import { type CID, cidText } from '../../cid/cid.ts'
import { leftRoots } from '../../dataset/left-at-remote.ts'
import { StorageError } from '../../errors.ts'
import type { BlockRequest, ReadResult } from '../../repository/block-reader.ts'
import type { BlockRepository } from '../../repository/index.ts'
import { readRemotesHere } from '../remotes.ts'
import type { RequestTally } from '../request-tally.ts'

/** A remote that data was left at and that was removed by force: nobody here knows where it is. */
export class RemovedRemote {
  readonly name: string
  readonly requests: RequestTally = {}

  constructor(name: string) {
    this.name = name
  }

  /** @throws StorageError always */
  async get(cid: CID): Promise<never> {
    throw this.#unknown(cid)
  }

  async readBatch(requests: readonly BlockRequest[]): Promise<readonly ReadResult[]> {
    return requests.map(({ cid }) => ({ cid, error: this.#unknown(cid) }))
  }

  async close(): Promise<void> {}

  #unknown(cid: CID): StorageError {
    const { name } = this
    return new StorageError(`Block ${cidText(cid)} was left at the remote "${name}", which is not known here any more`, {
      data: { cid: cidText(cid), remote: name, url: null }, hint: `Add it again, wherever it is now: varve remote add ${name} <url>`,
    })
  }
}

/** The names of remotes that data was left at, is not here, and that were removed. */
export async function removedRemotes(blocks: BlockRepository): Promise<readonly string[]> {
  const names = new Set((await leftRoots(blocks)).values())
  if (names.size > 0) for (const { name } of await readRemotesHere(blocks)) names.delete(name)
  return [...names]
}
