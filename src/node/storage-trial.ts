import { resolve } from 'node:path'
import { InvalidArgumentError } from '../errors.ts'
import { checkStorage, tried, type CheckedPromise } from '../storage/check-storage.ts'
import type { ConformanceCase } from '../storage/conformance.ts'
import type { Storage } from '../storage/interface.ts'
import { beginFolderTrial } from './folder-trial.ts'

/** Something worth knowing of a storage that is neither good nor bad. */
export interface StorageFact {
  readonly about: string
  readonly text: string
  readonly value: string | number | boolean
}

/** A fresh place in a storage, in which a check can do nothing to what is there already. */
export interface StorageTrial {
  readonly kind: 'folder'
  /** Where, for people. */
  readonly location: string
  /** One more connection to the same objects. */
  readonly open: () => Promise<Storage>
  /** Promises that cannot be seen through `Storage`. */
  readonly cases: readonly ConformanceCase[]
  readonly facts: () => readonly StorageFact[]
  /** Removes all that the trial made. Returns what it could not remove. */
  readonly end: () => Promise<readonly string[]>
}

/**
 * Begins a trial of the storage that a user means: so far the path of a folder. Other kinds of location have their place here.
 * @throws NotFoundError if there is no such folder; StorageError if nothing can be made in it
 * @throws InvalidArgumentError for a kind of location that this version does not know
 */
export function beginStorageTrial(location: string): StorageTrial {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location) ?? []
  if (scheme !== undefined) throw new InvalidArgumentError(`This version knows no storage of the kind "${scheme}:"`, { data: { location: scheme }, hint: 'Give the path of a folder.' })
  if (location === '') throw new InvalidArgumentError('The location is empty', { hint: 'Give the path of a folder.' })
  return beginFolderTrial(resolve(location))
}

/** Tries every promise, one after the other. Stops with the signal's reason between two of them. */
export async function* tryPromises({ cases, open }: StorageTrial, signal?: AbortSignal): AsyncGenerator<CheckedPromise, void, undefined> {
  for (const promised of cases) {
    signal?.throwIfAborted()
    yield await tried(promised)
  }
  yield* checkStorage(open, { shared: true, ...(signal === undefined ? {} : { signal }) })
}
