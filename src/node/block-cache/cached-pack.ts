import { closeSync, fstatSync, openSync, readSync, utimesSync } from 'node:fs'
import { basename } from 'node:path'
import type { Hasher } from '../../cid/interface.ts'
import { VarveError } from '../../errors.ts'
import type { IndexedPack } from '../../repository/index-format.ts'
import { type BlockHeader, packKindFromByte } from '../../repository/pack-format.ts'
import { headersIn, readTrailerRows } from '../../repository/pack-reader.ts'
import { FILE_HEADER_SIZE_BYTES } from '../../repository/tail.ts'

/** How often the time of the last use is written down: packs that were used longest ago go first. */
const TOUCH_EVERY_MS = 60_000

/** A pack file in a cache. Whatever is wrong with it makes its blocks absent, and is no error. */
export class CachedPack {
  readonly path: string
  readonly pack: IndexedPack
  #file: number | undefined
  #touchedAt = Number.NEGATIVE_INFINITY

  private constructor(path: string, pack: IndexedPack, file: number) {
    this.path = path
    this.pack = pack
    this.#file = file
  }

  /** Undefined for a file that is gone, or is no sound pack. The headers come in the order of the blocks. */
  static async open(path: string, hasher: Hasher): Promise<{ readonly cached: CachedPack; readonly headers: Iterable<BlockHeader> } | undefined> {
    let file: number | undefined
    try {
      file = openSync(path, 'r')
      const kind = packKindFromByte(readExactly(file, 0, FILE_HEADER_SIZE_BYTES)?.[9] ?? 0xff)
      const id = new Uint8Array(Buffer.from(basename(path, '.pack'), 'hex'))
      const pack = { id, kind: kind ?? 'data', size: fstatSync(file).size } as const
      const opened = file
      const rows = await readTrailerRows({ get: async (_key, { range } = {}) => readExactly(opened, range?.start ?? 0, range?.end ?? 0) ?? new Uint8Array(0) }, hasher, pack)
      return { cached: new CachedPack(path, pack, file), headers: headersIn(rows) }
    } catch (error) {
      if (file !== undefined) closeSync(file)
      if (error instanceof VarveError || isSystemError(error)) return undefined
      throw error
    }
  }

  /** The bytes from `start` to `end`; undefined if they cannot be read. */
  read(start: number, end: number): Uint8Array | undefined {
    try {
      this.#file ??= openSync(this.path, 'r')
      this.#touch()
      return readExactly(this.#file, start, end)
    } catch (error) {
      if (isSystemError(error)) return undefined
      throw error
    }
  }

  /** Closes the file; the next read opens it again. */
  release(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #touch(): void {
    const now = Date.now()
    if (now - this.#touchedAt < TOUCH_EVERY_MS) return
    this.#touchedAt = now
    utimesSync(this.path, now / 1000, now / 1000)
  }
}

function readExactly(file: number, start: number, end: number): Uint8Array | undefined {
  if (end < start || start < 0) return undefined
  const bytes = new Uint8Array(end - start)
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(file, bytes, done, bytes.length - done, start + done)
    if (read === 0) return undefined
    done += read
  }
  return bytes
}

/** What a call on files says that could not be done. */
export function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string' && 'syscall' in error
}
