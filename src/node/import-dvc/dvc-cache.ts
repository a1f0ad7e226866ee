import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CorruptObjectError, MalformedDataError } from '../../errors.ts'
import { isAbsence } from '../system-errors.ts'
import type { DvcHash } from './dvc-file.ts'
import { checkedContent, damaged } from './checked-content.ts'
import { MOST_LISTING_BYTES, readBounded, unreadable } from './read-bounded.ts'

/** A file in a folder that DVC tracks, as the folder's list has it. Its path is not checked. */
export interface ListedFile {
  readonly md5: string
  readonly relpath: string
}

const MD5 = /^[0-9a-f]{32}$/

/** Where DVC keeps the content of files, by MD5: its cache, or a remote in a folder. */
export class DvcCache {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /**
   * The file that holds the content, in the layout of DVC 3 or of versions before; undefined if it is not there.
   * @param name 32 hexadecimal digits, with `.dir` for the list of a folder
   * @throws StorageError if the system does not tell
   */
  async locate(name: string): Promise<string | undefined> {
    for (const layout of ['files/md5', '.']) {
      const path = join(this.folder, layout, name.slice(0, 2), name.slice(2))
      try {
        if ((await stat(path)).isFile()) return path
      } catch (cause) {
        if (!isAbsence(cause)) throw unreadable(path, cause)
      }
    }
    return undefined
  }

  /**
   * The files of a tracked folder; undefined if their list is not there.
   * @throws CorruptObjectError if the list does not have its MD5; @throws MalformedDataError if it is none
   */
  async listing(md5: string): Promise<readonly ListedFile[] | undefined> {
    const path = await this.locate(`${md5}.dir`)
    const bytes = path === undefined ? undefined : await readBounded(path, MOST_LISTING_BYTES)
    if (path === undefined || bytes === undefined) return undefined
    if (createHash('md5').update(bytes).digest('hex') !== md5) throw damaged(path, `${md5}.dir`)
    return parseListing(bytes.toString('utf8'), path)
  }

  /**
   * Content, checked while it is read.
   * @throws CorruptObjectError at the end if it does not have its MD5, or is gone since it was located
   */
  async *content(md5: string, hash: DvcHash, name: string): AsyncGenerator<Uint8Array, void, undefined> {
    const path = await this.locate(md5)
    if (path === undefined) throw new CorruptObjectError(`The content of ${name} went from ${this.folder} while it was imported`, { data: { path: name, md5 }, hint: 'Run `dvc fetch`, then import again.' })
    yield* checkedContent(path, { md5, hash, name })
  }
}

function parseListing(text: string, path: string): readonly ListedFile[] {
  const refuse = (why: string): never => {
    throw new MalformedDataError(`${path} is no list of a folder's files: ${why}`, { data: { path }, hint: 'Run `dvc add` on the folder again, then import it.' })
  }
  let items: unknown
  try {
    items = JSON.parse(text)
  } catch {
    refuse('it is not JSON')
  }
  if (!Array.isArray(items)) return refuse('it is not a list')
  return items.map((item: unknown, at) => {
    const { md5, relpath } = (typeof item === 'object' && item !== null ? item : {}) as { readonly md5?: unknown; readonly relpath?: unknown }
    if (typeof md5 !== 'string' || !MD5.test(md5) || typeof relpath !== 'string') return refuse(`item ${at} has no "md5" of 32 hexadecimal digits and "relpath"`)
    return { md5, relpath }
  })
}
