import { InvalidArgumentError } from '../errors.ts'
import { bodyParts } from './body.ts'
import type { ByteRange, ObjectBody, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from './interface.ts'

/** One call as the plan sees it. `key` is the prefix for `list`; `index` counts all calls of this storage from 0. */
export interface StorageCall {
  readonly operation: 'put' | 'get' | 'stat' | 'list' | 'delete'
  readonly key: string
  readonly index: number
}

/**
 * What goes wrong with a call.
 * - `before`: it fails and has no effect.
 * - `during`: a `put` stops halfway through its body and leaves nothing; a `list` fails after half of its entries.
 * - `after`: it takes effect, and the caller is told that it failed.
 * - `truncate`: a `get` returns only the first `length` bytes, a `list` only the first `length` entries, and neither says so.
 * - `alter`: a `get` returns bytes whose byte `at` (modulo the length) has one bit flipped.
 */
export type Fault =
  | { readonly type: 'before' | 'during' | 'after'; readonly error: unknown }
  | { readonly type: 'truncate'; readonly length: number }
  | { readonly type: 'alter'; readonly at: number }

type Plan = (call: StorageCall) => Fault | undefined

/** The kinds of fault that mean something for each operation. */
const KINDS: Readonly<Record<StorageCall['operation'], readonly Fault['type'][]>> = {
  put: ['before', 'during', 'after'],
  get: ['before', 'after', 'truncate', 'alter'],
  stat: ['before', 'after'],
  list: ['before', 'during', 'after', 'truncate'],
  delete: ['before', 'after'],
}

/**
 * Passes calls on to another storage and makes them fail as planned, to test what depends on storage. The plan is asked once per call.
 * A fault that means nothing for the operation throws InvalidArgumentError, so that a test never passes because its fault did not happen.
 *
 * @example
 * const storage = new FaultyStorage(inner, ({ operation, key }) =>
 *   operation === 'put' && key.startsWith('log/') ? { type: 'after', error: new StorageError('connection lost') } : undefined)
 */
export class FaultyStorage implements Storage {
  readonly location: string
  readonly #inner: Storage
  readonly #plan: Plan
  #calls: number = 0

  constructor(inner: Storage, plan: Plan) {
    this.#inner = inner
    this.#plan = plan
    this.location = inner.location
  }

  /** Calls so far, those that failed included. */
  get calls(): number {
    return this.#calls
  }

  async put(key: string, body: ObjectBody, options?: StorageCallOptions): Promise<void> {
    const fault = this.#begin('put', key)
    await this.#inner.put(key, fault?.type === 'during' ? stoppedHalfway(body, fault.error) : body, options)
    // A storage that stores half a body breaks its promise; that must not pass for a success.
    if (fault?.type === 'after' || fault?.type === 'during') throw fault.error
  }

  async get(key: string, options?: StorageCallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    const fault = this.#begin('get', key)
    const bytes = await this.#inner.get(key, options)
    if (fault?.type === 'after') throw fault.error
    if (fault?.type === 'truncate') return bytes.slice(0, fault.length)
    if (fault?.type === 'alter' && bytes.length > 0) {
      const at = fault.at % bytes.length
      bytes[at] = (bytes[at] as number) ^ 1
    }
    return bytes
  }

  async stat(key: string, options?: StorageCallOptions): Promise<ObjectStat | undefined> {
    const fault = this.#begin('stat', key)
    const stat = await this.#inner.stat(key, options)
    if (fault?.type === 'after') throw fault.error
    return stat
  }

  async *list(prefix: string, options?: StorageCallOptions): AsyncGenerator<ObjectEntry, void, undefined> {
    const fault = this.#begin('list', prefix)
    const entries: ObjectEntry[] = []
    for await (const entry of this.#inner.list(prefix, options)) entries.push(entry)
    if (fault?.type === 'during') yield* entries.slice(0, Math.floor(entries.length / 2))
    else yield* fault?.type === 'truncate' ? entries.slice(0, fault.length) : entries
    if (fault?.type === 'during' || fault?.type === 'after') throw fault.error
  }

  async delete(key: string, options?: StorageCallOptions): Promise<void> {
    const fault = this.#begin('delete', key)
    await this.#inner.delete(key, options)
    if (fault?.type === 'after') throw fault.error
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /** Asks the plan, and fails at once if that is what it says. */
  #begin(operation: StorageCall['operation'], key: string): Fault | undefined {
    const fault = this.#plan({ operation, key, index: this.#calls++ })
    if (fault === undefined) return undefined
    if (!KINDS[operation].includes(fault.type)) throw new InvalidArgumentError(`A fault of type "${fault.type}" means nothing for ${operation}`, { data: { operation, key } })
    if (fault.type === 'before') throw fault.error
    return fault
  }
}

async function* stoppedHalfway(body: ObjectBody, error: unknown): AsyncGenerator<Uint8Array, void, undefined> {
  if (body instanceof Uint8Array) yield body.subarray(0, body.length >> 1)
  else {
    for await (const part of bodyParts(body)) {
      yield part.subarray(0, part.length >> 1)
      break
    }
  }
  throw error
}
