import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { CorruptObjectError } from '../../errors.ts'

/** Pointers are below 1024 bytes (Git LFS specification, version 1). */
export const MOST_POINTER_BYTES = 1024
const POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:[a-z0-9.-]+ .*\n)*?oid sha256:([0-9a-f]{64})\n(?:.*\n)*?size (\d+)\n/

/** What stands in git for a large file. */
export interface LfsPointer {
  readonly sha256: string
  readonly size: number
}

/** The pointer that the bytes are, if they are one. */
export function lfsPointer(bytes: Uint8Array): LfsPointer | undefined {
  if (bytes.length >= MOST_POINTER_BYTES) return undefined
  const [, sha256, size] = POINTER.exec(Buffer.from(bytes).toString('utf8')) ?? []
  return sha256 === undefined || size === undefined ? undefined : { sha256, size: Number(size) }
}

/** The file that a pointer stands for, if it was fetched. */
export function lfsFile(gitFolder: string, { sha256 }: LfsPointer): string | undefined {
  const path = join(gitFolder, 'lfs/objects', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
  return existsSync(path) ? path : undefined
}

/** Its content, which must be what the pointer says. @throws CorruptObjectError at the end if it is not */
export async function* lfsContent(path: string, { sha256, size }: LfsPointer): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256')
  let length = 0
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(part)
    length += part.length
    yield part
  }
  if (length !== size || hash.digest('hex') !== sha256) throw new CorruptObjectError(`${path} is damaged: it is not what git LFS keeps under that name`, { data: { path }, hint: 'Run `git lfs fsck`, then `git lfs fetch --all`.' })
}
