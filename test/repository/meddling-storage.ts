import type { ByteRange, ObjectBody, ObjectStat, StorageCallOptions } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'

/** Before the first call that a test waits for, does what others might do at that moment. */
export class MeddlingStorage extends MemoryStorage {
  #waiting: { readonly operation: string; readonly prefix: string; readonly work: () => Promise<unknown> }[] = []
  /** Calls since they were last set to nothing, as `get packs/…`. */
  calls: string[] = []

  before(operation: 'get' | 'put' | 'stat', prefix: string, work: () => Promise<unknown>): void {
    this.#waiting.push({ operation, prefix, work })
  }

  /** True once everything has happened that was asked for. */
  get isDone(): boolean {
    return this.#waiting.length === 0
  }

  override async get(key: string, options?: StorageCallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    await this.#meddle('get', key)
    return super.get(key, options)
  }

  override async put(key: string, body: ObjectBody, options?: StorageCallOptions): Promise<void> {
    await this.#meddle('put', key)
    return super.put(key, body, options)
  }

  override async stat(key: string, options?: StorageCallOptions): Promise<ObjectStat | undefined> {
    await this.#meddle('stat', key)
    return super.stat(key, options)
  }

  async #meddle(operation: string, key: string): Promise<void> {
    this.calls.push(`${operation} ${key}`)
    const next = this.#waiting.find((wanted) => wanted.operation === operation && key.startsWith(wanted.prefix))
    if (next === undefined) return
    this.#waiting = this.#waiting.filter((wanted) => wanted !== next)
    await next.work()
  }
}
