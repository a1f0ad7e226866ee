/** A part of an object: `start` inclusive, `end` exclusive, in bytes. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface ObjectStat {
  readonly size: number
}

export interface ObjectEntry extends ObjectStat {
  readonly key: string
}

export interface StorageCallOptions {
  readonly signal?: AbortSignal
}

/** What `put` stores: whole, or in parts that are written one after the other. A part's memory may be used again once the next is asked for. */
export type ObjectBody = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * A body whose parts may be gathered without copying them. A storage that calls `written(0)` before it asks for the first part promises to go on
 * calling it; each part then stays as it is until it was told, by the count of bytes from the beginning of the body, that it is written. When it asks for
 * more it may keep 2 MiB of what it has: whoever fills the body waits until the rest is written.
 */
export interface LendingBody extends AsyncIterable<Uint8Array> {
  written(bytes: number): void
}

/**
 * An object store: the only thing a repository needs. Keys are relative paths of `[a-z0-9._/-]`, without `.` or `..` segments; no key is
 * another one followed by `/…`. A bad key, prefix or range is an InvalidArgumentError.
 *
 * What an implementation promises, and `varve/testing` checks:
 * - **Durable.** When `put` resolves, the object survives a power cut.
 * - **Atomic.** An object is absent or whole, to every reader, at every moment. A failed or aborted `put` leaves it absent, unless it failed
 *   after the object had become visible (a lost reply, a folder that cannot be synced): then it is whole, and stays.
 * - **Exclusive.** Of any number of concurrent `put`s of one key, in any number of processes, exactly one resolves.
 * - **Read after write.** What `put` stored is seen by every `get`, `stat` and `list` that begins after it resolved; likewise `delete`.
 * - **Honest.** A failure is an error. It is never reported as absence or as an empty listing.
 */
export interface Storage {
  /** Where this is, for people: a path or a URL without credentials. */
  readonly location: string

  /** True once a deletion has shown that what is deleted stays as an old version and takes its room, until a rule of the storage removes it. */
  readonly keepsVersions?: boolean | undefined

  /**
   * Creates an object. The body is consumed once.
   * @throws AlreadyExistsError if the key is taken; the object there is untouched, and survives a power cut
   * @throws StorageError if the storage fails
   */
  put(key: string, body: ObjectBody, options?: StorageCallOptions): Promise<void>

  /**
   * Reads an object or a part of it. A range that reaches past the end is cut to what is there.
   * The result is the caller's own to keep and to change. It may begin where `into` does, if that is large enough: fresh memory for each of many large reads costs more than the reading. What else is in `into` means
   * nothing afterwards, and if the call fails it may go on changing.
   * @throws NotFoundError if there is no such object
   */
  get(key: string, options?: StorageCallOptions & { readonly range?: ByteRange; readonly into?: Uint8Array }): Promise<Uint8Array>

  /** Size of an object, or undefined if there is none. */
  stat(key: string, options?: StorageCallOptions): Promise<ObjectStat | undefined>

  /** All objects whose key begins with `prefix` (empty, or ending in `/`), in no particular order. */
  list(prefix: string, options?: StorageCallOptions): AsyncIterable<ObjectEntry>

  /** Removes an object; one that is absent is no error. */
  delete(key: string, options?: StorageCallOptions): Promise<void>

  /** Releases handles. Nothing may be called after it. */
  close(): Promise<void>
}
