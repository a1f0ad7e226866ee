import { InvalidArgumentError } from '../errors.ts'
import type { ByteRange, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from './interface.ts'
import { assertKey } from './key.ts'

/**
 * A view of another storage through which nothing can be changed: `put` and `delete` always throw InvalidArgumentError, even where
 * they would have had no effect. Closing it closes the storage below.
 */
export class ReadOnlyStorage implements Storage {
  readonly location: string
  readonly #inner: Storage

  constructor(inner: Storage) {
    this.#inner = inner
    this.location = inner.location
  }

  async put(key: string): Promise<void> {
    this.#refuse('put', key)
  }

  get(key: string, options?: StorageCallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    return this.#inner.get(key, options)
  }

  stat(key: string, options?: StorageCallOptions): Promise<ObjectStat | undefined> {
    return this.#inner.stat(key, options)
  }

  list(prefix: string, options?: StorageCallOptions): AsyncIterable<ObjectEntry> {
    return this.#inner.list(prefix, options)
  }

  async delete(key: string): Promise<void> {
    this.#refuse('delete', key)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #refuse(operation: 'put' | 'delete', key: string): never {
    assertKey(key)
    throw new InvalidArgumentError(`Cannot ${operation} "${key}": ${this.location} was opened read-only`, {
      data: { key, operation },
      hint: 'Open the repository for writing, or write to another one.',
    })
  }
}
