import type { CID } from '../cid/cid.ts'
import type { BlockSource, DeltaHint } from '../codec/interface.ts'
import { VarveError } from '../errors.ts'
import { listChunks, type ListChunk } from '../file/index.ts'
import { type Manifest, openManifest } from '../manifest/manifest.ts'

/** More would be chunks that a delta copies next to nothing from. */
const MAX_BASES = 4
/** The chunks of a file are held in memory; one of more, some 25 GiB, is left undelta'd. */
const MAX_CHUNKS = 100_000

/** Finds, for the chunks of one file after another, the chunks of the snapshot before that they resemble: those in the same place of the same path. */
export class Predecessor {
  readonly #source: BlockSource
  readonly #root: CID
  #manifest: Promise<Manifest> | undefined

  constructor(source: BlockSource, root: CID) {
    this.#source = source
    this.#root = root
  }

  /** What is known of a path. Nothing is read before a chunk of it turns out to be new. */
  file(path: Uint8Array): FilePredecessor {
    return new FilePredecessor(() => this.#chunks(path))
  }

  async #chunks(path: Uint8Array): Promise<readonly ListChunk[]> {
    try {
      this.#manifest ??= openManifest(this.#source, this.#root)
      const value = await (await this.#manifest).get(path)
      if (value?.kind !== 'file' && value?.kind !== 'executable') return []
      const chunks: ListChunk[] = []
      for await (const chunk of listChunks(this.#source, value)) if (chunks.push(chunk) > MAX_CHUNKS) return []
      return chunks
    } catch (error) {
      // A delta is a saving and no need: what cannot be read now is for `verify` to report.
      if (error instanceof VarveError) return []
      throw error
    }
  }
}

/** The chunks of one file's version before. */
export class FilePredecessor {
  readonly #load: () => Promise<readonly ListChunk[]>
  #chunks: Promise<readonly ListChunk[]> | undefined
  /** How much further into the version before the like of the next byte is expected. */
  #drift = 0

  constructor(load: () => Promise<readonly ListChunk[]>) {
    this.#load = load
  }

  /** Whether the version before has anything where a chunk of `size` bytes at `offset` is. */
  async resembles(offset: number, size: number): Promise<boolean> {
    this.#chunks ??= this.#load()
    return overlapping(await this.#chunks, offset + this.#drift, size).length > 0
  }

  /** The hint for the chunk of `size` bytes at `offset`. */
  hint(offset: number, size: number): DeltaHint {
    let bases: readonly ListChunk[] = []
    return {
      bases: async () => {
        this.#chunks ??= this.#load()
        bases = overlapping(await this.#chunks, offset + this.#drift, size)
        return bases.map(({ cid }) => cid)
      },
      onMatch: (sourceEnd) => {
        const first = bases[0]
        if (first !== undefined && sourceEnd > 0) this.#drift = first.offset + sourceEnd - (offset + size)
      },
    }
  }
}

/** The chunks that cover the span, those with most of it if there are many; in order. */
function overlapping(chunks: readonly ListChunk[], start: number, size: number): readonly ListChunk[] {
  const end = start + size
  const share = (chunk: ListChunk): number => Math.min(end, chunk.offset + chunk.size) - Math.max(start, chunk.offset)
  let low = 0
  for (let high = chunks.length; low < high; ) {
    const middle = (low + high) >>> 1
    const chunk = chunks[middle]
    if (chunk !== undefined && chunk.offset + chunk.size <= start) low = middle + 1
    else high = middle
  }
  const found: ListChunk[] = []
  for (let chunk = chunks[low]; chunk !== undefined && chunk.offset < end; chunk = chunks[++low]) found.push(chunk)
  if (found.length <= MAX_BASES) return found
  const wanted = new Set([...found].sort((a, b) => share(b) - share(a)).slice(0, MAX_BASES))
  return found.filter((chunk) => wanted.has(chunk))
}
