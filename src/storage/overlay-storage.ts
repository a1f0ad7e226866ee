import { AlreadyExistsError } from '../errors.ts'
import type { ByteRange, ObjectBody, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from './interface.ts'
import { assertKey, assertPrefix } from './key.ts'
import { MemoryStorage } from './memory-storage.ts'

/**
 * Another storage as it would be after some writing: what is put is kept in another place, by default in memory, what is deleted is hidden, and the storage beneath is only read.
 * For rehearsals. What is written to the storage beneath meanwhile is seen; closing this leaves it open.
 *
 * @example
 * const rehearsal = new OverlayStorage(storage)
 */
export class OverlayStorage implements Storage {
  readonly location: string
  readonly #beneath: Storage
  readonly #written: Storage
  readonly #deleted = new Set<string>()

  constructor(beneath: Storage, written: Storage = new MemoryStorage()) {
    this.#beneath = beneath
    this.#written = written
    this.location = beneath.location
  }

  async put(key: string, body: ObjectBody, options?: StorageCallOptions): Promise<void> {
    if ((await this.#beneathStat(key, options)) !== undefined) throw new AlreadyExistsError(`Object "${key}" is already in ${this.location}`, { data: { key } })
    await this.#written.put(key, body, options)
  }

  async get(key: string, options?: StorageCallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    const isOwn = this.#isHidden(key) || (await this.#written.stat(key, options)) !== undefined
    return isOwn ? this.#written.get(key, options) : this.#beneath.get(key, options)
  }

  async stat(key: string, options?: StorageCallOptions): Promise<ObjectStat | undefined> {
    return (await this.#written.stat(key, options)) ?? (await this.#beneathStat(key, options))
  }

  async *list(prefix: string, options?: StorageCallOptions): AsyncGenerator<ObjectEntry, void, undefined> {
    assertPrefix(prefix)
    yield* this.#written.list(prefix, options)
    for await (const entry of this.#beneath.list(prefix, options)) if (!this.#isHidden(entry.key)) yield entry
  }

  async delete(key: string, options?: StorageCallOptions): Promise<void> {
    await this.#written.delete(key, options)
    this.#deleted.add(key)
  }

  async close(): Promise<void> {}

  #isHidden(key: string): boolean {
    assertKey(key)
    return this.#deleted.has(key)
  }

  async #beneathStat(key: string, options?: StorageCallOptions): Promise<ObjectStat | undefined> {
    return this.#isHidden(key) ? undefined : this.#beneath.stat(key, options)
  }
}
