import type { ByteRange, ObjectBody, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from '../storage/interface.ts'
import type { LastWords } from './last-words.ts'
import { listenTo } from './requests/deadline.ts'

/**
 * Another storage whose calls end when a signal says so, whoever makes them and whatever the other side does. What is being read is given up at once, with the signal's reason. What is being
 * written, and calls that begin after the signal, such as those of a last commit, have the time of `LastWords`. Closing it closes the storage below.
 */
export class StoppableStorage implements Storage {
  readonly location: string
  readonly #inner: Storage
  readonly #words: LastWords
  /** Calls under way: those that end at the signal, and those that end when all is over. */
  readonly #reads = new Set<AbortController>()
  readonly #others = new Set<AbortController>()
  readonly #onSignal: () => void = () => abortAll(this.#reads, this.#words.signal)
  readonly #onOver: () => void = () => abortAll(this.#others, this.#words.signal)

  constructor(inner: Storage, words: LastWords) {
    this.#inner = inner
    this.#words = words
    this.location = inner.location
    listenTo(words.signal, this.#onSignal)
    listenTo(words.over, this.#onOver)
  }

  get keepsVersions(): boolean | undefined {
    return this.#inner.keepsVersions
  }

  put(key: string, body: ObjectBody, options: StorageCallOptions = {}): Promise<void> {
    return this.#call(this.#others, options, this.#words.over, (signal) => this.#inner.put(key, body, { ...options, signal }))
  }

  get(key: string, options: StorageCallOptions & { readonly range?: ByteRange } = {}): Promise<Uint8Array> {
    return this.#read(options, (signal) => this.#inner.get(key, { ...options, signal }))
  }

  stat(key: string, options: StorageCallOptions = {}): Promise<ObjectStat | undefined> {
    return this.#read(options, (signal) => this.#inner.stat(key, { ...options, signal }))
  }

  async *list(prefix: string, options: StorageCallOptions = {}): AsyncGenerator<ObjectEntry, void, undefined> {
    const own = new AbortController()
    const listing = this.#inner.list(prefix, { ...options, signal: own.signal })[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await this.#read(options, (signal) => {
          signal.addEventListener('abort', () => own.abort(signal.reason), { once: true })
          return listing.next()
        })
        if (next.done === true) return
        yield next.value
      }
    } finally {
      // Not waited for: one that is stuck would never say so.
      void listing.return?.()?.catch(() => undefined)
    }
  }

  delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    return this.#call(this.#others, options, this.#words.farewell(), (signal) => this.#inner.delete(key, { ...options, signal }))
  }

  close(): Promise<void> {
    this.#words.end()
    this.#words.signal.removeEventListener('abort', this.#onSignal)
    return this.#inner.close()
  }

  #read<T>(options: StorageCallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#call(this.#words.signal.aborted ? this.#others : this.#reads, options, this.#words.over, work)
  }

  /** @param until ends the call too, if it is another signal than those of `calls` */
  async #call<T>(calls: Set<AbortController>, { signal: own }: StorageCallOptions, until: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    own?.throwIfAborted()
    until.throwIfAborted()
    const controller = new AbortController()
    const { signal } = controller
    const onOwn = (): void => controller.abort(own?.reason)
    const onUntil = (): void => controller.abort(this.#words.signal.reason)
    if (own !== undefined) listenTo(own, onOwn)
    if (until !== this.#words.over) listenTo(until, onUntil)
    calls.add(controller)
    let onAbort: () => void = onOwn
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true })
    })
    try {
      // A storage that does not heed signals is not waited for either.
      const answer = await Promise.race([work(signal), aborted])
      this.#words.heard()
      return answer
    } finally {
      calls.delete(controller)
      own?.removeEventListener('abort', onOwn)
      until.removeEventListener('abort', onUntil)
      signal.removeEventListener('abort', onAbort)
    }
  }
}

function abortAll(calls: ReadonlySet<AbortController>, { reason }: AbortSignal): void {
  for (const controller of calls) controller.abort(reason)
}
