import type { CID } from '../cid/cid.ts'
import { toHex } from '../bytes.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import { leftRoots } from './left-at-remote.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { DAG_CBOR_CODE } from '../cid/cid.ts'
import { isTagName } from '../repository/ref-name.ts'
import { DigestTable } from '../repository/digest-table.ts'
import { Pause } from '../repository/pause.ts'
import { linksOf } from '../repository/reachable.ts'
import { shownTracked } from '../repository/tracked-ref.ts'
import { storedLength } from '../repository/read-block.ts'

/** What one ref or tag holds. */
export interface RefUsage {
  readonly name: string
  readonly kind: 'ref' | 'tag'
  /** Stored bytes that nothing else leads to: what would be freed with the ref. */
  readonly exclusiveBytes: number
  readonly exclusiveBlocks: number
  /** The remote that data of it was left at, so that it takes no room here; null if none was. */
  readonly leftAt: string | null
}

export interface RefUsages {
  readonly refs: readonly RefUsage[]
  /** What two or more refs lead to. */
  readonly sharedBytes: number
  readonly sharedBlocks: number
}

export interface MeasureRefsOptions {
  /** Snapshots that are as good as evicted. */
  readonly evicted?: readonly CID[]
  readonly signal?: AbortSignal | undefined
}

const SHARED = 0xffffffff

/**
 * Follows every ref through its history and counts what it alone leads to. Every block is visited three times at most, however many refs
 * share it. Memory: some 45 bytes a block.
 */
export async function measureRefs(repository: BlockRepository, { evicted = [], signal }: MeasureRefsOptions = {}): Promise<RefUsages> {
  const ended = new Set([...(await repository.evicted()), ...evicted.map(({ multihash }) => toHex(multihash.digest))])
  const left = await leftRoots(repository)
  const owners = new Owners(repository)
  const names: string[] = []
  const leftAt: (string | undefined)[] = []
  const pause = new Pause(signal)
  for await (const { name, target } of repository.refs()) {
    const owner = names.push(shownTracked(name) ?? name) - 1
    const waiting: CID[] = [target]
    for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
      await pause.take()
      const isNew = await owners.take(cid, owner)
      if (cid.code !== DAG_CBOR_CODE) continue
      leftAt[owner] ??= left.get(toHex(cid.multihash.digest))
      if (!isNew || ended.has(toHex(cid.multihash.digest))) continue
      waiting.push(...linksOf(decodeCbor(await repository.get(cid))))
    }
  }
  return {
    refs: names.map((name, owner) => ({ name, kind: isTagName(name) ? 'tag' : 'ref', exclusiveBytes: owners.bytes[owner] ?? 0, exclusiveBlocks: owners.blocks[owner] ?? 0, leftAt: leftAt[owner] ?? null })),
    sharedBytes: owners.sharedBytes,
    sharedBlocks: owners.sharedBlocks,
  }
}

/** Which ref each block belongs to, or that it is shared. */
class Owners {
  readonly bytes: number[] = []
  readonly blocks: number[] = []
  sharedBytes = 0
  sharedBlocks = 0
  readonly #repository: BlockRepository
  readonly #blocks = new DigestTable()
  #owners: Uint32Array = new Uint32Array(1024)

  constructor(repository: BlockRepository) {
    this.#repository = repository
  }

  /** True if this changes whose the block is, so that what it links to has to be looked at. */
  async take({ multihash: { digest } }: CID, owner: number): Promise<boolean> {
    const isNew = this.#blocks.add(digest)
    const row = this.#blocks.rowOf(digest)
    const before = this.#owners[row]
    if (!isNew && (before === owner || before === SHARED)) return false
    const [location] = await this.#repository.indexes.find(digest)
    const size = location === undefined ? 0 : storedLength(location)
    if (row >= this.#owners.length) this.#grow()
    this.#owners[row] = isNew ? owner : SHARED
    if (isNew) this.#add(owner, size, 1)
    else {
      this.#add(before ?? 0, -size, -1)
      this.sharedBytes += size
      this.sharedBlocks++
    }
    return true
  }

  #add(owner: number, bytes: number, blocks: number): void {
    this.bytes[owner] = (this.bytes[owner] ?? 0) + bytes
    this.blocks[owner] = (this.blocks[owner] ?? 0) + blocks
  }

  #grow(): void {
    const larger = new Uint32Array(this.#owners.length * 2)
    larger.set(this.#owners)
    this.#owners = larger
  }
}
