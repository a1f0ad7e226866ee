import type { CID } from '../../cid/cid.ts'
import { NotFoundError } from '../../errors.ts'
import type { BlockRequest, ReadResult } from '../../repository/block-reader.ts'
import type { BlocksElsewhere } from '../../repository/elsewhere.ts'
import type { LazyRemote } from './lazy-remote.ts'

/** Blocks that were left at remotes, from the first that has them. */
export class LazyBlocks implements BlocksElsewhere {
  readonly remotes: readonly LazyRemote[]

  /** @param remotes at least one */
  constructor(remotes: readonly LazyRemote[]) {
    this.remotes = remotes
  }

  async get(cid: CID): Promise<Uint8Array> {
    let failure: unknown
    for (const remote of this.remotes) {
      try {
        return await remote.get(cid)
      } catch (error) {
        failure ??= error
        if (!(error instanceof NotFoundError)) throw error
      }
    }
    throw failure
  }

  async readBatch(requests: readonly BlockRequest[]): Promise<readonly ReadResult[]> {
    const [first, ...others] = this.remotes
    const found = [...((await first?.readBatch(requests)) ?? [])]
    for (const other of others) {
      const missing = [...found.entries()].filter(([, result]) => 'error' in result && result.error instanceof NotFoundError).map(([at]) => at)
      if (missing.length === 0) break
      const more = await other.readBatch(missing.map((at) => requests[at] as BlockRequest))
      for (const [index, at] of missing.entries()) {
        const result = more[index]
        if (result !== undefined && 'bytes' in result) found[at] = result
      }
    }
    return found
  }

  async close(): Promise<void> {
    for (const remote of this.remotes) await remote.close()
  }
}
