import { StorageError } from '../errors.ts'
import { BrokenPromiseError } from './conformance-trial.ts'
import { storageConformance, type ConformanceCase, type ConformanceOptions } from './conformance.ts'
import { isDiskFull } from './disk-full.ts'
import type { Storage } from './interface.ts'

/** What was found of one promise. */
export interface CheckedPromise {
  /** The promise, as a sentence. */
  readonly promise: string
  /** `untried`: the storage failed before it could show whether it keeps the promise. */
  readonly outcome: 'kept' | 'broken' | 'untried'
  /** What was seen instead, or why it could not be tried. */
  readonly reason?: string
  /** It could not be tried only because the disk, or the quota, is full: nothing is known against the storage. */
  readonly full?: true
  /** What would go wrong with a repository on a storage that does not keep it. */
  readonly harm: string
}

export interface CheckOptions extends ConformanceOptions {
  /** Stops between two promises with the signal's reason; what was made is removed by then. */
  readonly signal?: AbortSignal
}

/**
 * Tries every promise that a repository relies on, one after the other, and says what was found. Never throws for what the storage does;
 * costs what `storageConformance` costs.
 *
 * @param open a storage that may hold other objects
 * @throws InvalidArgumentError if `options.prefix` is not a key
 *
 * @example
 * for await (const { promise, outcome, reason } of checkStorage(async () => new MyStorage())) console.log(outcome, promise, reason)
 */
export async function* checkStorage(open: () => Promise<Storage>, options: CheckOptions = {}): AsyncGenerator<CheckedPromise, void, undefined> {
  const { signal, ...conformance } = options
  for (const promised of storageConformance(open, conformance)) {
    signal?.throwIfAborted()
    yield await tried(promised)
  }
  signal?.throwIfAborted()
}

/** Runs a case, or anything else that throws BrokenPromiseError for what is wrong and another StorageError for what cannot be done. */
export async function tried({ name, harm, run }: ConformanceCase): Promise<CheckedPromise> {
  try {
    await run()
    return { promise: name, outcome: 'kept', harm }
  } catch (error) {
    const outcome = error instanceof StorageError && !(error instanceof BrokenPromiseError) ? 'untried' : 'broken'
    return { promise: name, outcome, reason: reasonOf(error), ...(outcome === 'untried' && isDiskFull(error) ? { full: true } : {}), harm }
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^Promise broken: /, '')
}
