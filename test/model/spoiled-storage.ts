import type { ByteRange, ObjectBody, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from '../../src/storage/interface.ts'

/** What a spoiled storage does instead of what it should; whatever is not named works. */
export interface Faults {
  /** True for an object that listings leave out. */
  readonly hides?: (key: string) => boolean
  /** True for an object that `put` replaces, where it should refuse. */
  readonly overwrites?: (key: string) => boolean
  /** True for an object that `put` does not store, though it says so. */
  readonly loses?: (key: string) => boolean
}

/** A storage that does not keep one of its promises. */
export class SpoiledStorage implements Storage {
  readonly location = 'spoiled'
  readonly #inner: Storage
  readonly #faults: Faults

  constructor(inner: Storage, faults: Faults) {
    this.#inner = inner
    this.#faults = faults
  }

  async put(key: string, body: ObjectBody, options?: StorageCallOptions): Promise<void> {
    if (this.#faults.loses?.(key) === true) {
      if (!(body instanceof Uint8Array)) for await (const part of body) void part
      return
    }
    if (this.#faults.overwrites?.(key) === true) await this.#inner.delete(key)
    return this.#inner.put(key, body, options)
  }

  get(key: string, options?: StorageCallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    return this.#inner.get(key, options)
  }

  stat(key: string, options?: StorageCallOptions): Promise<ObjectStat | undefined> {
    return this.#inner.stat(key, options)
  }

  async *list(prefix: string, options?: StorageCallOptions): AsyncGenerator<ObjectEntry> {
    for await (const entry of this.#inner.list(prefix, options)) if (this.#faults.hides?.(entry.key) !== true) yield entry
  }

  delete(key: string, options?: StorageCallOptions): Promise<void> {
    return this.#inner.delete(key, options)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
