import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../../bytes.ts'
import type { FinishedPack } from '../../repository/pack-writer.ts'
import { isSystemError } from './cached-pack.ts'

/** What a cache may take of a disk unless it is told otherwise. */
export const DEFAULT_CACHE_LIMIT_BYTES: number = 2 * 1024 ** 3

const PACK_NAME = /^[0-9a-f]{32}\.pack$/
const LIMIT_NAME = 'limit'
/** What a process that died left behind. */
const LEFTOVER_AFTER_MS = 3_600_000

export interface CacheFile {
  readonly path: string
  readonly size: number
  readonly usedAtMs: number
}

/** The folder of a cache: packs, and the bound if one was set. Several processes use it at once, and it may be removed at any time. */
export class CacheFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Changes when files come or go; undefined if there is no folder. */
  get version(): number | undefined {
    return statSync(this.path, { throwIfNoEntry: false })?.mtimeMs
  }

  packs(): readonly CacheFile[] {
    return this.#files().filter(({ path }) => path.endsWith('.pack'))
  }

  /** Writes a pack, which appears whole. Not synced: a pack that a power cut damages is no pack. @returns its path */
  publish({ id, parts }: Pick<FinishedPack, 'id' | 'parts'>): string {
    mkdirSync(this.path, { recursive: true })
    const path = join(this.path, `${toHex(id)}.pack`)
    try {
      writeFileSync(`${path}.tmp`, Buffer.concat(parts))
      renameSync(`${path}.tmp`, path)
    } catch (error) {
      // On a full disk the part that was written takes room.
      this.remove(`${path}.tmp`)
      throw error
    }
    return path
  }

  get limitBytes(): number {
    try {
      const bytes = Number(readFileSync(join(this.path, LIMIT_NAME), 'utf8').trim())
      return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : DEFAULT_CACHE_LIMIT_BYTES
    } catch (error) {
      if (isSystemError(error)) return DEFAULT_CACHE_LIMIT_BYTES
      throw error
    }
  }

  set limitBytes(bytes: number) {
    mkdirSync(this.path, { recursive: true })
    const path = join(this.path, LIMIT_NAME)
    writeFileSync(`${path}.tmp`, `${bytes}\n`)
    renameSync(`${path}.tmp`, path)
  }

  /** Removes the packs that were used longest ago until no more than `limit` bytes are left, and what dead processes left. @returns the paths that are gone */
  shrink(limit: number): readonly string[] {
    const gone: string[] = []
    const files = this.#files().toSorted((a, b) => b.usedAtMs - a.usedAtMs)
    let bytes = 0
    for (const { path, size, usedAtMs } of files) {
      const isLeftover = path.endsWith('.tmp')
      if (!isLeftover) bytes += size
      const isToGo = isLeftover ? Date.now() - usedAtMs > LEFTOVER_AFTER_MS : bytes > limit
      if (!isToGo) continue
      this.remove(path)
      gone.push(path)
    }
    return gone
  }

  /** Removes a file if that is possible: another process may have been first, or have it open. */
  remove(path: string): void {
    try {
      rmSync(path, { force: true })
    } catch (error) {
      if (!isSystemError(error)) throw error
    }
  }

  #files(): readonly CacheFile[] {
    const found: CacheFile[] = []
    for (const name of this.#names()) {
      if (!PACK_NAME.test(name) && !name.endsWith('.tmp')) continue
      const path = join(this.path, name)
      const facts = statSync(path, { throwIfNoEntry: false })
      if (facts?.isFile() === true) found.push({ path, size: facts.size, usedAtMs: facts.mtimeMs })
    }
    return found
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.path)
    } catch (error) {
      if (isSystemError(error)) return []
      throw error
    }
  }
}
