import { type BlockCode, type CID, DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { Hasher, Platform } from '../../cid/interface.ts'
import { VarveError } from '../../errors.ts'
import { encodeBlock } from '../../repository/encode-block.ts'
import { type BlockHeader, BLOCK_HEADER_SIZE_BYTES, type PackKind } from '../../repository/pack-format.ts'
import { PackWriter } from '../../repository/pack-writer.ts'
import { openStoredBlock } from '../../repository/read-block.ts'
import { FILE_HEADER_SIZE_BYTES } from '../../repository/tail.ts'
import { CacheFolder } from './cache-folder.ts'
import { CachedPack, isSystemError } from './cached-pack.ts'
import { mergeSmall } from './merge-small.ts'
import { type CachedPlace, PlaceTable } from './place-table.ts'

/** A pack is written when it has grown to this. */
const PACK_SIZE_BYTES: number = 16 * 1024 * 1024
/** Files that are open at once. */
const MOST_OPEN = 32
/** Look-ups of blocks that are not here look for what other processes have written so often. */
const LOOK_EVERY_MS = 1000

export interface CacheStatus {
  readonly folder: string
  /** Of files, and of blocks in them. */
  readonly bytes: number
  readonly packs: number
  readonly blocks: number
  readonly limitBytes: number
}

/**
 * Blocks on disk that can be had again: packs in a folder, of bounded size, those that were used longest ago go first. Every block is hashed when it is read, and whatever is wrong makes it absent. A folder that cannot be
 * written to caches nothing, and is no error. Memory: 32 MiB of what is to be written, some 70 bytes a block.
 */
export class BlockCache {
  readonly #folder: CacheFolder
  readonly #platform: Platform
  readonly #hasher: Hasher
  readonly #places = new PlaceTable()
  readonly #writers = new Map<PackKind, { readonly writer: PackWriter; readonly number: number }>()
  /** By number; undefined for one that is gone, or is being written. */
  #packs: (CachedPack | undefined)[] = []
  readonly #known = new Map<string, number>()
  readonly #open = new Set<CachedPack>()
  #version: number | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  #failure: Error | undefined

  constructor(folder: string, platform: Platform, hasher: Hasher) {
    this.#folder = new CacheFolder(folder)
    this.#platform = platform
    this.#hasher = hasher
  }

  /** The bytes of a block, or undefined if they are not here. */
  async get(cid: CID): Promise<Uint8Array | undefined> {
    const { digest } = cid.multihash
    const place = this.#places.find(digest)
    if (place === undefined) {
      if (performance.now() - this.#lookedAt < LOOK_EVERY_MS) return undefined
      await this.#look()
      return this.#places.find(digest) === undefined ? undefined : this.get(cid)
    }
    const bytes = this.#read(cid, place)
    if (bytes === undefined) this.#places.forget(digest)
    return bytes
  }

  /** Keeps a block whose bytes are known to be those of its CID; they are copied. */
  async put({ code, multihash: { digest } }: CID, bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined || this.#places.find(digest) !== undefined) return
    const kind = code === DAG_CBOR_CODE ? 'metadata' : 'data'
    const { writer, number } = this.#writerOf(kind)
    // Content is kept as it is: what it costs to compress it is more than what reading less saves.
    const placement = writer.append(code as BlockCode, digest, bytes.length, encodeBlock(this.#platform, this.#hasher, digest, bytes, kind === 'data' ? 'none' : 'auto'))
    this.#places.set(digest, { ...placement, size: bytes.length, pack: number })
    if (writer.size >= PACK_SIZE_BYTES) await this.#publish(kind)
  }

  /** Writes what is in memory, and keeps to the bound. */
  async flush(): Promise<void> {
    for (const kind of this.#writers.keys()) await this.#publish(kind)
  }

  async close(): Promise<void> {
    await this.flush()
    for (const pack of this.#open) pack.release()
    this.#open.clear()
  }

  async status(): Promise<CacheStatus> {
    await this.flush()
    let [bytes, blocks, packs] = [0, 0, 0]
    for (const { path, size } of this.#folder.packs()) {
      const opened = await CachedPack.open(path, this.#hasher)
      if (opened === undefined) continue
      opened.cached.release()
      bytes += size
      packs++
      for (const _header of opened.headers) blocks++
    }
    return { folder: this.#folder.path, bytes, packs, blocks, limitBytes: this.limitBytes }
  }

  /** Why nothing is written any more, if something kept it from being written. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Absolute path. */
  get folder(): string {
    return this.#folder.path
  }

  /** Writes what is in memory; then tells of a digest whether its block is in a file. */
  async holder(): Promise<(digest: Uint8Array) => boolean> {
    await this.flush()
    const paths = new Set(this.#folder.packs().map(({ path }) => path))
    this.#forgetGone([...this.#known.keys()].filter((path) => !paths.has(path)))
    await this.#look()
    return (digest) => {
      const place = this.#places.find(digest)
      return place !== undefined && this.#packs[place.pack] !== undefined
    }
  }

  get limitBytes(): number {
    return this.#folder.limitBytes
  }

  /** Sets the bound, and keeps to it. */
  async limit(bytes: number): Promise<void> {
    await this.flush()
    this.#folder.limitBytes = bytes
    this.#forgetGone(this.#folder.shrink(bytes))
  }

  /** Removes all blocks. */
  async clear(): Promise<void> {
    await this.flush()
    this.#forgetGone(this.#folder.shrink(0))
  }

  #read(cid: CID, place: CachedPlace): Uint8Array | undefined {
    const end = place.offset + BLOCK_HEADER_SIZE_BYTES + place.storedSize
    const writing = [...this.#writers.values()].find(({ number }) => number === place.pack)?.writer
    const pack = this.#packs[place.pack]
    const stored = writing?.stored(place).slice() ?? pack?.read(place.offset, end)
    if (stored === undefined) return undefined
    if (pack !== undefined) this.#opened(pack)
    try {
      return openStoredBlock(this.#platform, this.#hasher, cid, { ...place, pack: pack?.pack ?? { id: new Uint8Array(16), kind: 'data', size: end } }, stored)
    } catch (error) {
      if (error instanceof VarveError) return undefined
      throw error
    }
  }

  #writerOf(kind: PackKind): { readonly writer: PackWriter; readonly number: number } {
    const known = this.#writers.get(kind)
    if (known !== undefined) return known
    const begun = { writer: new PackWriter(this.#platform, this.#hasher, kind), number: this.#packs.push(undefined) - 1 }
    this.#writers.set(kind, begun)
    return begun
  }

  async #publish(kind: PackKind): Promise<void> {
    const under = this.#writers.get(kind)
    if (under === undefined) return
    this.#writers.delete(kind)
    try {
      const limit = this.#folder.limitBytes
      await this.#take(this.#folder.publish(under.writer.finish()), under.number)
      const merged = await mergeSmall(this.#folder, this.#platform, this.#hasher)
      this.#forgetGone([...merged, ...this.#folder.shrink(limit)])
      if (merged.length > 0) await this.#look()
    } catch (error) {
      if (!isSystemError(error)) throw error
      // A disk that is full or may not be written to: all is read from where it comes from.
      this.#failure = error as Error
    }
  }

  /** Finds packs that other processes have written, if files came or went. */
  async #look(): Promise<void> {
    this.#lookedAt = performance.now()
    const version = this.#folder.version
    if (version === undefined || version === this.#version) return
    this.#version = version
    // Of blocks whose packs are gone nothing is to stay for ever.
    if (this.#writers.size === 0 && this.#packs.length > 2 * this.#known.size + MOST_OPEN) this.#forgetAll()
    for (const { path } of this.#folder.packs()) if (!this.#known.has(path)) await this.#take(path, this.#packs.push(undefined) - 1)
  }

  async #take(path: string, number: number): Promise<void> {
    const opened = await CachedPack.open(path, this.#hasher)
    if (opened === undefined) return
    this.#packs[number] = opened.cached
    this.#known.set(path, number)
    this.#opened(opened.cached)
    for (const [offset, header] of placed(opened.headers)) {
      const known = this.#places.find(header.digest)
      if (known === undefined || known.pack === number || !this.#isThere(known)) this.#places.set(header.digest, { ...header, offset, pack: number })
    }
  }

  #isThere({ pack }: CachedPlace): boolean {
    return this.#packs[pack] !== undefined || [...this.#writers.values()].some(({ number }) => number === pack)
  }

  #opened(pack: CachedPack): void {
    this.#open.delete(pack)
    this.#open.add(pack)
    for (const oldest of this.#open) {
      if (this.#open.size <= MOST_OPEN) return
      oldest.release()
      this.#open.delete(oldest)
    }
  }

  #forgetGone(paths: readonly string[]): void {
    for (const path of paths) {
      const number = this.#known.get(path)
      this.#known.delete(path)
      const pack = number === undefined ? undefined : this.#packs[number]
      if (number === undefined || pack === undefined) continue
      pack.release()
      this.#open.delete(pack)
      this.#packs[number] = undefined
    }
  }

  #forgetAll(): void {
    for (const pack of this.#open) pack.release()
    this.#open.clear()
    this.#packs = []
    this.#known.clear()
    this.#places.clear()
  }
}

/** Headers with where their blocks begin. */
export function* placed(headers: Iterable<BlockHeader>): Generator<readonly [offset: number, header: BlockHeader]> {
  let offset = FILE_HEADER_SIZE_BYTES
  for (const header of headers) {
    yield [offset, header]
    offset += BLOCK_HEADER_SIZE_BYTES + header.storedSize
  }
}
