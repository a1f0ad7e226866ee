import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { FileContent } from '../../dataset/interface.ts'
import type { ByteText } from '../byte-text.ts'
import type { EntryFacts } from '../folder-calls.ts'
import { type CachedContent, StatCacheReader } from '../stat-cache-reader.ts'
import { StatCacheWriter } from '../stat-cache-writer.ts'

export interface CodeCachePlace {
  /** Where caches of the repository are; it gets a folder `stat`. */
  readonly folder: string
  /** What content is hashed for, as for the folders of the repository. */
  readonly identity: string
  /** Top of the working tree. Its cache is another than that of a dataset in the same folder, which has other files. */
  readonly top: string
  /** See `NodeFoldersOptions`; for tests. */
  readonly trustAfterMs?: number | undefined
}

/** What files of a working tree held when they were last captured. It may be lost at any time. */
export class CodeCache {
  readonly #before: StatCacheReader
  readonly #after: StatCacheWriter

  constructor({ folder, identity, top, trustAfterMs }: CodeCachePlace) {
    const path = join(folder, 'stat', `${createHash('sha256').update(`code\0${top}`).digest('hex')}.bin`)
    this.#before = new StatCacheReader(path, identity)
    this.#after = new StatCacheWriter(path, { identity, before: this.#before, trustAfterMs })
  }

  /** Files must be asked for in the order of their keys. */
  find(key: ByteText, facts: EntryFacts): CachedContent | undefined {
    return this.#before.find(key, facts)
  }

  remember(key: ByteText, facts: EntryFacts, content: FileContent | CachedContent): void {
    this.#after.add(key, facts, content, 'record' in content ? content.record : undefined)
  }

  commit(): Promise<void> | void {
    return this.#after.commit()
  }

  close(): void {
    this.#after.abandon()
    this.#before.close()
  }
}
