import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { InvalidArgumentError, NotFoundError } from '../errors.ts'

/** What stands for stdin or stdout where a file is named. */
export const STANDARD_STREAM = '-'

/** Opens a file that the user named, or stdin, for reading. @throws NotFoundError, InvalidArgumentError for a folder */
export async function openInput(file: string): Promise<AsyncIterable<Uint8Array>> {
  if (file === STANDARD_STREAM) {
    if (process.stdin.isTTY) throw new InvalidArgumentError('stdin is a terminal', { hint: 'Name a file, or pipe one in.' })
    return process.stdin
  }
  await assertFile(file)
  return createReadStream(file)
}

/** @throws NotFoundError or InvalidArgumentError if the path names no file */
async function assertFile(file: string): Promise<void> {
  try {
    await using handle = await open(file, 'r')
    if ((await handle.stat()).isDirectory()) throw new InvalidArgumentError(`${file} is a folder, not a file`)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new NotFoundError(`There is no file ${file}`, { cause: error, data: { path: file }, hint: 'Check the path.' })
    throw error
  }
}

/** The text of a small file. @throws InvalidArgumentError if it is larger than `maxSize` bytes */
export async function readInputText(file: string, maxSize: number): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of await openInput(file)) {
    size += piece.length
    if (size > maxSize) throw new InvalidArgumentError(`${file} has more than ${maxSize} bytes`, { hint: 'This is not the file that was meant.' })
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
