import { createHash, type Hash } from 'node:crypto'
import { type CID, cidFromDigest, RAW_CODE } from '../../src/cid/cid.ts'
import type { ContentStore, FileContent } from '../../src/dataset/interface.ts'
import type { MaybePromise } from '../../src/types.ts'

/** A store that hashes each file whole and keeps nothing. */
export class HashingStore implements ContentStore {
  /** Files that were begun. */
  begun = 0
  /** Whether content that a cache names counts as there. */
  isHolding = true
  /** Called whenever bytes have been read. */
  onAdvance: (bytes: Uint8Array) => MaybePromise<void> = () => undefined
  readonly #memory: Uint8Array
  #hash: Hash = createHash('sha256')
  #size = 0

  constructor(memorySize: number = 1024 * 1024) {
    this.#memory = new Uint8Array(memorySize)
  }

  begin(): void {
    this.begun++
    this.#hash = createHash('sha256')
    this.#size = 0
  }

  space(): Uint8Array {
    return this.#memory
  }

  advance(bytes: number): MaybePromise<void> {
    const piece = this.#memory.subarray(0, bytes)
    this.#hash.update(piece)
    this.#size += bytes
    return this.onAdvance(piece)
  }

  finish(): FileContent {
    return { cid: rawCid(this.#hash.digest()), size: this.#size }
  }

  holds(): boolean {
    return this.isHolding
  }
}

/** The CID that the store above gives to these bytes. */
export function contentCid(bytes: string | Uint8Array): CID {
  return rawCid(createHash('sha256').update(bytes).digest())
}

function rawCid(digest: Uint8Array): CID {
  return cidFromDigest({ code: 0x12 }, RAW_CODE, new Uint8Array(digest))
}
