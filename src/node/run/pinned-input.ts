import { type CID, cidText } from '../../cid/cid.ts'
import type { CheckoutOptions } from '../../dataset/checkout.ts'
import type { ByteSpan } from '../../dataset/read-content.ts'
import type { Repository } from '../../dataset/repository.ts'
import type { CheckoutResult, ListedEntry } from '../../dataset/results.ts'
import type { CidText } from '../../types.ts'

/** Data that a run reads: pinned, so that it is the same whatever becomes of the ref by which it was named. */
export class PinnedInput {
  readonly root: CidText
  readonly #repository: Repository

  constructor(repository: Repository, root: CID) {
    this.#repository = repository
    this.root = cidText(root)
  }

  /** The content of a file, or a part of it. */
  read(path: string, span?: ByteSpan): Promise<Uint8Array> {
    return this.#repository.read(this.root, path, span)
  }

  /** What is in it, or below a path. */
  entries(path?: string): AsyncGenerator<ListedEntry> {
    return this.#repository.entries(this.root, path)
  }

  /** Writes it to a folder. */
  checkout(folder: string, options?: CheckoutOptions): Promise<CheckoutResult> {
    return this.#repository.checkout(this.root, folder, options)
  }
}
