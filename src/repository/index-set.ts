import { toHex } from '../bytes.ts'
import type { Hasher } from '../cid/interface.ts'
import type { Storage } from '../storage/interface.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import { IndexFile } from './index-file.ts'
import type { IndexedPack, IndexName, IndexRecord } from './index-format.ts'
import type { PageCache } from './page-cache.ts'

/** A place where a block is stored. */
export interface BlockLocation {
  readonly pack: IndexedPack
  readonly offset: number
  readonly storedSize: number
  readonly size: number
  readonly codec: number
}

/** The index files that one root record names. */
export class IndexSet {
  readonly files: readonly IndexFile[]
  /** The file that had the block that was found last, and the one of those that are not in memory. */
  #likely: IndexFile | undefined
  #likelyLarge: IndexFile | undefined
  /** Those that are in memory, and the others. */
  #bySize: readonly [readonly IndexFile[], readonly IndexFile[]] | undefined

  constructor(files: readonly IndexFile[]) {
    this.files = files
  }

  /** Opens what `names` lists, taking over what `before` has open already. */
  static async open(storage: Storage, hasher: Hasher, cache: PageCache, names: readonly IndexName[], before?: IndexSet): Promise<IndexSet> {
    const known = new Map(before?.files.map((file) => [identity(file.name), file]))
    return new IndexSet(await Promise.all(names.map(async (name) => known.get(identity(name)) ?? IndexFile.open(storage, hasher, cache, name))))
  }

  /** Every pack once, though more than one file may list it. All of them become objects: for work that goes over the whole repository. */
  get packs(): Iterable<IndexedPack> {
    return this.files.flatMap((file, number) => file.packs.filter(({ id }) => !this.files.slice(0, number).some((earlier) => earlier.hasPack(id))))
  }

  /** Blocks in all index files; a block that is stored twice counts twice. */
  get records(): number {
    return this.files.reduce((sum, file) => sum + file.records, 0)
  }

  hasPack(id: Uint8Array): boolean {
    return this.files.some((file) => file.hasPack(id))
  }

  /** All places of a block, none if it is not in the repository. Answers at once if the pages are in memory. */
  find(digest: Uint8Array): MaybePromise<readonly BlockLocation[]> {
    return this.#findIn(this.files, digest)
  }

  /**
   * Some places of a block, none if it is not in the repository. Blocks that are read together were mostly written together: the file that had the one before is asked first, then those that are in memory, and of the
   * others the one that had something last; all else, at the same time, only if none of these knows the block. To ask all of them each time reads, and hashes, a page of each in vain.
   */
  findSome(digest: Uint8Array): MaybePromise<readonly BlockLocation[]> {
    const [small, large] = (this.#bySize ??= [this.files.filter((file) => file.isInMemory), this.files.filter((file) => !file.isInMemory)])
    const [likely, likelyLarge] = [this.#likely, this.#likelyLarge]
    const rest = (): MaybePromise<readonly BlockLocation[]> => this.#findIn(large.filter((file) => file !== likely && file !== likelyLarge), digest)
    const inLarge = (): MaybePromise<readonly BlockLocation[]> => (likelyLarge === undefined || likelyLarge === likely ? rest() : foundOr(this.#findIn([likelyLarge], digest), rest))
    const inSmall = (): MaybePromise<readonly BlockLocation[]> => foundOr(this.#findIn(small, digest), inLarge)
    return likely === undefined ? inSmall() : foundOr(this.#findIn([likely], digest), inSmall)
  }

  #findIn(files: readonly IndexFile[], digest: Uint8Array): MaybePromise<readonly BlockLocation[]> {
    const found: BlockLocation[] = []
    let waiting: Promise<unknown>[] | undefined
    const add = (file: IndexFile, records: readonly IndexRecord[]): void => {
      if (!addLocations(found, file, records)) return
      this.#likely = file
      if (!file.isInMemory) this.#likelyLarge = file
    }
    for (const file of files) {
      const records = file.find(digest)
      if (isPromise(records)) (waiting ??= []).push(records.then((loaded) => add(file, loaded)))
      else if (records.length > 0) add(file, records)
    }
    return waiting === undefined ? found : Promise.all(waiting).then(() => found)
  }

  /** One place of a block, undefined if it is not in the repository. Asks the newest file first and no further than it must: over a network each may cost a request. */
  findOne(digest: Uint8Array): MaybePromise<BlockLocation | undefined> {
    return this.#findFrom(this.files.length - 1, digest)
  }

  #findFrom(last: number, digest: Uint8Array): MaybePromise<BlockLocation | undefined> {
    for (let number = last; number >= 0; number--) {
      const file = this.files[number] as IndexFile
      const records = file.find(digest)
      if (isPromise(records)) return records.then((loaded) => locationIn(file, loaded) ?? this.#findFrom(number - 1, digest))
      const location = locationIn(file, records)
      if (location !== undefined) return location
    }
    return undefined
  }

  /** The pack of one place of a block, undefined if it is not in the repository. Makes no objects, and looks no further than it must: for those who ask of every file. */
  packOf(digest: Uint8Array): MaybePromise<IndexedPack | undefined> {
    return this.#packFrom(0, digest)
  }

  #packFrom(first: number, digest: Uint8Array): MaybePromise<IndexedPack | undefined> {
    for (let number = first; number < this.files.length; number++) {
      const pack = (this.files[number] as IndexFile).packOf(digest)
      if (isPromise(pack)) return pack.then((known) => known ?? this.#packFrom(number + 1, digest))
      if (pack !== undefined) return pack
    }
    return undefined
  }
}

/** Two files may have the same content, and are two all the same. */
function identity({ id, digest }: IndexName): string {
  return `${toHex(id)} ${toHex(digest)}`
}

function locationIn(file: IndexFile, [record]: readonly IndexRecord[]): BlockLocation | undefined {
  const pack = record === undefined ? undefined : file.pack(record.pack)
  return record === undefined || pack === undefined ? undefined : { ...record, pack }
}

function foundOr(found: MaybePromise<readonly BlockLocation[]>, others: () => MaybePromise<readonly BlockLocation[]>): MaybePromise<readonly BlockLocation[]> {
  return isPromise(found) ? found.then((locations) => (locations.length > 0 ? locations : others())) : found.length > 0 ? found : others()
}

/** @returns whether there were any */
function addLocations(found: BlockLocation[], file: IndexFile, records: readonly IndexRecord[]): boolean {
  const before = found.length
  for (const record of records) {
    const pack = file.pack(record.pack)
    if (pack !== undefined) found.push({ ...record, pack })
  }
  return found.length > before
}
