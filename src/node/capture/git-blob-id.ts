import { createHash, type Hash } from 'node:crypto'
import type { CID } from '../../cid/cid.ts'
import { RAW_CODE } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import type { ContentStore, FileContent } from '../../dataset/interface.ts'
import { listChunks } from '../../file/index.ts'
import type { MaybePromise } from '../../types.ts'

/** Begins the id that git gives to content of so many bytes: the hash of a header and the content. SHA-256 in repositories whose ids are that long. */
export function blobHash(size: number, idLength: number): Hash {
  return createHash(idLength === 64 ? 'sha256' : 'sha1').update(`blob ${size}\0`)
}

/** The chunks of stored content one after the other, each as it comes out of the store. */
export async function* storedPieces(source: BlockSource, content: { readonly cid: CID; readonly size: number }): AsyncGenerator<Uint8Array> {
  if (content.cid.code === RAW_CODE) yield await source.get(content.cid)
  else for await (const { cid } of listChunks(source, content)) yield await source.get(cid)
}

/** Takes content on its way into a store, and computes what git calls it. */
export class BlobHashingStore implements ContentStore {
  readonly #inner: ContentStore
  readonly #idLength: number
  #size = 0
  #space: Uint8Array = new Uint8Array(0)
  #hash: Hash
  #blob = ''

  constructor(inner: ContentStore, idLength: number) {
    this.#inner = inner
    this.#idLength = idLength
    this.#hash = blobHash(0, idLength)
  }

  /** How long the next content will be. If it is not, it gets an id that git does not have. */
  expect(size: number): void {
    this.#size = size
  }

  /** The id of the content that was finished last. */
  get blob(): string {
    return this.#blob
  }

  /** The id of content that is given whole. */
  blobOf(bytes: Uint8Array): string {
    return blobHash(bytes.length, this.#idLength).update(bytes).digest('hex')
  }

  begin(path?: Uint8Array): void {
    this.#hash = blobHash(this.#size, this.#idLength)
    this.#inner.begin(path)
  }

  space(): Uint8Array {
    this.#space = this.#inner.space()
    return this.#space
  }

  advance(bytes: number): MaybePromise<void> {
    this.#hash.update(this.#space.subarray(0, bytes))
    return this.#inner.advance(bytes)
  }

  finish(): MaybePromise<FileContent> {
    this.#blob = this.#hash.digest('hex')
    return this.#inner.finish()
  }

  holds(content: FileContent): MaybePromise<boolean> {
    return this.#inner.holds(content)
  }
}
