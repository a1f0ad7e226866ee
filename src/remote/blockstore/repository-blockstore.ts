import type { Blockstore, InputPair, Pair } from 'interface-blockstore'
import { equalBytes, toHex } from '../../bytes.ts'
import { type CID, cidFromDigest, DIGEST_SIZE_BYTES, RAW_CODE } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, MalformedDataError, NotFoundError, RefConflictError, SessionRevokedError } from '../../errors.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import type { AnyIterable, MaybePromise } from '../../types.ts'
import { collectBody } from './collect-body.ts'
import type { RepositoryBlockstoreOptions } from './interface.ts'
import { type KeptChange, KeptBlocks } from './kept-blocks.ts'

interface Abortable {
  readonly signal?: AbortSignal | undefined
}

const DEFAULT_FLUSH_AFTER = 4096

/**
 * A varve repository as a blockstore of IPFS's `interface-blockstore`, so that Helia and all that is written for that interface run on it.
 *
 * Blocks go into packs as they are put, and are durable and seen by others after `flush`, which comes by itself after so many changes and with `close`; what was not flushed is gone if the process
 * dies. Helia does not tell a blockstore that it stops: close it then. A list of them under the ref `_varve/blockstores/<name>` keeps them from garbage collection, one by one: links between them are not followed. `delete` takes a block off the list, and the next collection
 * takes it away if nothing else needs it. Lists stay where they are: `push` and `fetch` do not carry them.
 *
 * A block is known by its digest alone. CIDs of either version and any codec are taken, if their hash is the repository's (SHA-256 unless it was created otherwise); one block under two codecs is one block, and
 * `getAll` gives CIDs of version 1 with the codec of plain bytes. With another hash there is nothing here: `has` is false, `get` a NotFoundError, and `put` is refused.
 *
 * @example
 * const blockstore = repositoryBlockstore(repository)
 * const helia = await createHelia({ blockstore })
 * …
 * await helia.stop()
 * await blockstore.close()
 */
export function repositoryBlockstore(repository: BlockRepository | Repository, options: RepositoryBlockstoreOptions = {}): RepositoryBlockstore {
  return new RepositoryBlockstore('blocks' in repository ? repository.blocks : repository, options)
}

/** See `repositoryBlockstore`. */
export class RepositoryBlockstore implements Blockstore {
  readonly #repository: BlockRepository
  readonly #kept: KeptBlocks
  readonly #readsAll: boolean
  readonly #flushAfter: number
  readonly #request: { readonly action: string; readonly message: string; readonly actor: string | null }
  /** What is not committed yet, by digest in hex. Replaced, and not emptied, by a commit. */
  #changes = new Map<string, KeptChange>()
  /** Open from the first change to the commit. */
  #session: Session | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  /** Use `repositoryBlockstore`. */
  constructor(repository: BlockRepository, { name = 'default', reads = 'own', flushAfter = DEFAULT_FLUSH_AFTER, message = '', author }: RepositoryBlockstoreOptions) {
    if (!(flushAfter >= 1)) throw new InvalidArgumentError(`A blockstore cannot commit after ${flushAfter} changes`, { hint: 'Use 1 or more, or Infinity.' })
    this.#repository = repository
    this.#kept = new KeptBlocks(repository, name)
    this.#readsAll = reads === 'repository'
    this.#flushAfter = flushAfter
    this.#request = { action: 'blockstore', message, actor: author ?? null }
  }

  /** The ref under which the list of blocks is. */
  get ref(): string {
    return this.#kept.ref
  }

  /** Blocks put and deleted since the last commit. */
  get uncommitted(): number {
    return this.#changes.size
  }

  /**
   * Stores a block, in a copy.
   * @throws MalformedDataError if the bytes do not hash to the CID; @throws InvalidArgumentError for another hash than the repository's, or more than 1 MiB
   */
  async put(cid: CID, body: Uint8Array | AnyIterable<Uint8Array>, { signal }: Abortable = {}): Promise<CID> {
    const own = this.#own(cid)
    if (own === undefined) throw foreignHash(cid, this.#repository)
    const bytes = await collectBody(body, cid.toString(), signal)
    if (!equalBytes(this.#repository.hasher.digest(bytes), own.multihash.digest)) {
      throw new MalformedDataError(`Bytes that were put as ${cid.toString()} do not hash to it; they were not stored`, { data: { cid: cid.toString() } })
    }
    await this.#inTurn(async () => {
      await (await this.#opened()).put(RAW_CODE, bytes)
      await this.#note({ cid: own, isKept: true })
    })
    return cid
  }

  async *putMany(source: AnyIterable<InputPair>, options: Abortable = {}): AsyncGenerator<CID> {
    for await (const { cid, bytes } of source) yield this.put(cid, bytes, options)
  }

  /** The block in one piece, hashed before it is handed out. @throws NotFoundError; @throws CorruptBlockError if no sound copy is left */
  async *get(cid: CID, { signal }: Abortable = {}): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted()
    const own = this.#own(cid)
    if (own === undefined || !(await this.#shows(own))) throw notHere(cid, this.#repository)
    const bytes = await this.#source().get(own)
    signal?.throwIfAborted()
    yield bytes
  }

  async *getMany(source: AnyIterable<CID>, options: Abortable = {}): AsyncGenerator<Pair> {
    for await (const cid of source) {
      options.signal?.throwIfAborted()
      yield { cid, bytes: this.get(cid, options) }
    }
  }

  /** What was put through this blockstore and not deleted, as it is when the iteration begins. Each block is read when its bytes are asked for. */
  async *getAll(options: Abortable = {}): AsyncGenerator<Pair> {
    options.signal?.throwIfAborted()
    const { changes, tree } = await this.#inTurn(async () => ({ changes: new Map(this.#changes), tree: await this.#kept.tree() }))
    for await (const cid of this.#kept.list(tree)) {
      options.signal?.throwIfAborted()
      if (!changes.has(toHex(cid.multihash.digest))) yield { cid, bytes: this.get(cid, options) }
    }
    for (const { cid, isKept } of changes.values()) {
      options.signal?.throwIfAborted()
      if (isKept) yield { cid, bytes: this.get(cid, options) }
    }
  }

  async has(cid: CID, { signal }: Abortable = {}): Promise<boolean> {
    signal?.throwIfAborted()
    const own = this.#own(cid)
    return own !== undefined && this.#shows(own)
  }

  /** Takes a block off the list. What is not on it stays so. */
  async delete(cid: CID, { signal }: Abortable = {}): Promise<void> {
    signal?.throwIfAborted()
    const own = this.#own(cid)
    if (own !== undefined) await this.#inTurn(() => this.#note({ cid: own, isKept: false }))
  }

  async *deleteMany(source: AnyIterable<CID>, options: Abortable = {}): AsyncGenerator<CID> {
    for await (const cid of source) {
      await this.delete(cid, options)
      yield cid
    }
  }

  /**
   * Makes all that was put and deleted durable and visible, in one commit. Whatever others did to the same list meanwhile is kept.
   * @throws SessionRevokedError if garbage collection gave this writer up: what was not committed is gone from here, and must be put again. After any other error it is still here
   */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#commit())
  }

  /** Flushes and ends; the repository stays open. After an error it is not closed, so that nothing is lost. */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.flush()
    this.#closed = true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Changes and commits one after the other: a session takes nothing while it commits. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => {
      this.#assertOpen()
      return work()
    })
    this.#turn = done.catch(() => undefined)
    return done
  }

  #assertOpen(): void {
    if (this.#closed) throw new InvalidArgumentError('This blockstore was closed', { hint: 'Make another with repositoryBlockstore().' })
  }

  async #opened(): Promise<Session> {
    this.#session ??= await this.#repository.session()
    return this.#session
  }

  async #note(change: KeptChange): Promise<void> {
    this.#changes.set(toHex(change.cid.multihash.digest), change)
    if (this.#changes.size >= this.#flushAfter) await this.#commit()
  }

  async #commit(): Promise<void> {
    if (this.#changes.size === 0) return
    const session = await this.#opened()
    try {
      await this.#repository.refresh()
      await this.#commitOver(session)
    } catch (error) {
      if (error instanceof SessionRevokedError) await this.#begin(session)
      throw error
    }
    await this.#begin(session)
  }

  /** Until no other writer of the list was first. */
  async #commitOver(session: Session): Promise<void> {
    for (;;) {
      const change = await this.#kept.change(session, this.#changes.values())
      // A block that is listed and was lost may have been stored again.
      if (change === undefined) return session.checkpoint()
      try {
        await session.commit({ ...this.#request, refs: [change] })
        return
      } catch (error) {
        if (!(error instanceof RefConflictError)) throw error
        await this.#repository.refresh()
      }
    }
  }

  async #begin(after: Session): Promise<void> {
    this.#session = undefined
    this.#changes = new Map()
    await after.close()
  }

  /** Where blocks are read: what is not committed is in the session alone. */
  #source(): { get(cid: CID): Promise<Uint8Array>; has(cid: CID): MaybePromise<boolean> } {
    return this.#session ?? this.#repository
  }

  async #shows(cid: CID): Promise<boolean> {
    const change = this.#changes.get(toHex(cid.multihash.digest))
    if (change?.isKept === true) return true
    if (!(await this.#source().has(cid))) return false
    return this.#readsAll || (change === undefined && this.#kept.has(cid))
  }

  /** The block as this repository names it, or undefined if its hash is another. */
  #own({ multihash: { code, digest } }: CID): CID | undefined {
    const { hasher } = this.#repository
    return code === hasher.code && digest.length === DIGEST_SIZE_BYTES ? cidFromDigest(hasher, RAW_CODE, digest) : undefined
  }
}

function notHere(cid: CID, { storage }: BlockRepository): NotFoundError {
  return new NotFoundError(`Block ${cid.toString()} is not in the blockstore at ${storage.location}`, { data: { cid: cid.toString() }, hint: 'Put it first, or take it from a peer who has it.' })
}

function foreignHash(cid: CID, { hasher, storage }: BlockRepository): InvalidArgumentError {
  return new InvalidArgumentError(`Block ${cid.toString()} cannot be stored at ${storage.location}, where all blocks are named by ${hasher.name}`, {
    data: { cid: cid.toString(), hash: hasher.name, multihash: cid.multihash.code }, hint: `Name it by its ${hasher.name}, or keep it in another blockstore.`,
  })
}
