import { randomBytes } from 'node:crypto'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Writes a file that is there whole or not at all: under another name first, until all bytes are on the disk.
 * @returns its size in bytes
 */
export async function writeOutputFile(file: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const temporary = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`)
  let size = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      size += piece.length
      yield piece
    }
  }
  const handle = await open(temporary, 'wx')
  try {
    try {
      await writeFile(handle, counted())
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return size
}
