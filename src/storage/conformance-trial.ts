import { equalBytes } from '../bytes.ts'
import { StorageError, VarveError, type ErrorCode } from '../errors.ts'
import type { Storage } from './interface.ts'
import { isWithoutListing } from './no-listing.ts'

/** What one case works with. All keys it uses come from `key`, so that they can be removed afterwards. */
export interface Trial {
  readonly storage: Storage
  /** A key of this case alone. */
  readonly key: (name: string) => string
  /** Stores an object, through the storage or, where that is read-only, behind its back. Returns the key. */
  readonly place: (name: string, bytes: Uint8Array) => Promise<string>
  /** One more storage on the same objects. */
  readonly openAnother: () => Promise<Storage>
}

/** A promise of `Storage` and how it is checked; `on` says for which storages, `harm` what becomes of a repository on one that breaks it. */
export interface Promised {
  readonly name: string
  readonly harm: string
  readonly on: 'all' | 'writable' | 'read-only' | 'shared' | 'unlisted'
  /** About nothing but what `list` shows. */
  readonly lists?: boolean
  readonly check: (trial: Trial) => Promise<void>
}

/** A storage did something else than it promises. Any other StorageError says that it could not do what was asked. */
export class BrokenPromiseError extends StorageError {
  constructor(message: string, details: { data?: Record<string, unknown>; cause?: unknown } = {}) {
    super(`Promise broken: ${message}`, { ...details, hint: 'Do not keep a repository on this storage.' })
  }
}

/** Fails the case. */
export function broken(message: string, data: Record<string, unknown> = {}, cause?: unknown): never {
  // What failed by itself was not able to keep the promise, which is not the same as breaking it.
  if (cause instanceof StorageError) throw cause
  throw new BrokenPromiseError(message, { data, ...(cause === undefined ? {} : { cause }) })
}

/** Bytes without a short period, different for every seed. */
export function patternBytes(size: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return new Uint8Array(words.buffer, 0, size)
}

/** Fails unless both hold the same bytes. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (!(actual instanceof Uint8Array)) broken(`${what} is not a Uint8Array`)
  if (actual.length !== expected.length) broken(`${what} has ${actual.length} bytes instead of ${expected.length}`)
  if (!equalBytes(actual, expected)) broken(`${what} has other bytes than were stored`)
}

/** What `call` throws; fails if it succeeds. */
export async function failureOf(call: () => Promise<unknown>, what: string): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return broken(`${what} succeeded`)
}

/** Fails unless `call` throws a VarveError with this code. */
export async function expectCode(call: () => Promise<unknown>, code: ErrorCode, what: string): Promise<void> {
  const error = await failureOf(call, what)
  if (!(error instanceof VarveError) || error.code !== code) broken(`${what} threw ${String(error)} instead of an error with code ${code}`, {}, error)
}

/** Fails unless the object is absent in every way it can be asked for. */
export async function expectAbsent(storage: Storage, key: string, when: string): Promise<void> {
  if ((await storage.stat(key)) !== undefined) broken(`stat finds "${key}" ${when}`)
  await expectCode(() => storage.get(key), 'NOT_FOUND', `get of "${key}" ${when}`)
  const folder = key.slice(0, key.lastIndexOf('/') + 1)
  if ((await sizesIfListed(storage, folder))?.has(key) === true) broken(`list shows "${key}" ${when}`)
}

/** Fails unless the object is whole in every way it can be asked for. */
export async function expectPresent(storage: Storage, key: string, bytes: Uint8Array, when: string): Promise<void> {
  expectBytes(await storage.get(key), bytes, `"${key}" ${when}`)
  const stat = await storage.stat(key)
  if (stat?.size !== bytes.length) broken(`stat of "${key}" says ${stat?.size ?? 'absent'} instead of ${bytes.length} bytes ${when}`)
  const folder = key.slice(0, key.lastIndexOf('/') + 1)
  const sizes = await sizesIfListed(storage, folder)
  const listed = sizes?.get(key)
  if (sizes !== undefined && listed !== bytes.length) broken(`list says ${listed ?? 'absent'} instead of ${bytes.length} bytes for "${key}" ${when}`)
}

/** What `sizesBelow` gives, or undefined if the storage says that it cannot list, which is a promise of its own. */
async function sizesIfListed(storage: Storage, prefix: string): Promise<Map<string, number> | undefined> {
  try {
    return await sizesBelow(storage, prefix)
  } catch (error) {
    if (isWithoutListing(error)) return undefined
    throw error
  }
}

/** Everything that `list` shows, by key; fails if it shows a key twice. */
export async function sizesBelow(storage: Storage, prefix: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  for await (const { key, size } of storage.list(prefix)) {
    if (sizes.has(key)) broken(`list("${prefix}") shows "${key}" twice`)
    if (!key.startsWith(prefix)) broken(`list("${prefix}") shows "${key}"`)
    sizes.set(key, size)
  }
  return sizes
}
