import { AlreadyExistsError, NotFoundError } from '../errors.ts'
import { collectBody } from './body.ts'
import type { ByteRange, ObjectBody, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from './interface.ts'
import { assertKey, assertPrefix } from './key.ts'
import { assertRange, clampRange } from './range.ts'

/**
 * Objects in memory, for tests and for repositories that live as long as a process. Bytes are copied on the way in and on the
 * way out. It keeps every promise of `Storage` but durability.
 *
 * @example
 * const storage = new MemoryStorage()
 * await storage.put('config.json', new TextEncoder().encode('{}'))
 */
export class MemoryStorage implements Storage {
  readonly location: string = 'memory'
  readonly #objects = new Map<string, Uint8Array>()

  async put(key: string, body: ObjectBody, options: StorageCallOptions = {}): Promise<void> {
    assertKey(key)
    options.signal?.throwIfAborted()
    this.#refuseTaken(key)
    const bytes = await collectBody(body, options.signal)
    // Another put may have come first while the body was read. Nothing can come between this look and the entry.
    this.#refuseTaken(key)
    this.#objects.set(key, bytes)
  }

  async get(key: string, options: StorageCallOptions & { readonly range?: ByteRange } = {}): Promise<Uint8Array> {
    assertKey(key)
    if (options.range !== undefined) assertRange(options.range)
    options.signal?.throwIfAborted()
    const bytes = this.#objects.get(key)
    if (bytes === undefined) throw new NotFoundError(`No object "${key}" in ${this.location}`, { data: { key } })
    const { start, end } = clampRange(options.range, bytes.length)
    return bytes.slice(start, end)
  }

  async stat(key: string, options: StorageCallOptions = {}): Promise<ObjectStat | undefined> {
    assertKey(key)
    options.signal?.throwIfAborted()
    const bytes = this.#objects.get(key)
    return bytes === undefined ? undefined : { size: bytes.length }
  }

  async *list(prefix: string, options: StorageCallOptions = {}): AsyncGenerator<ObjectEntry, void, undefined> {
    assertPrefix(prefix)
    for (const [key, bytes] of this.#objects) {
      options.signal?.throwIfAborted()
      if (key.startsWith(prefix)) yield { key, size: bytes.length }
    }
    options.signal?.throwIfAborted()
  }

  async delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    assertKey(key)
    options.signal?.throwIfAborted()
    this.#objects.delete(key)
  }

  async close(): Promise<void> {}

  #refuseTaken(key: string): void {
    if (this.#objects.has(key)) throw new AlreadyExistsError(`Object "${key}" is already in ${this.location}`, { data: { key } })
  }
}
