import * as fs from 'node:fs'
import { readdir } from 'node:fs/promises'
import { RecipeFailedError } from '../../errors.ts'
import { below, type ByteText, byteTextOfPath, lossyText, systemPath } from '../byte-text.ts'

/**
 * Moves all that one call of a map recipe wrote to where the whole output is put together. Folders may be in both; links are moved as they are and never followed.
 * @param file that the call was for, for messages
 * @throws RecipeFailedError if another call wrote the same path, or something else in a folder's place: which of them counted would depend on their order; or if a link or a file
 * has taken the place of one of the two folders
 */
export async function mergeOutput(from: string, into: string, file: string): Promise<void> {
  const folders = [byteTextOfPath(from), byteTextOfPath(into)] as const
  for (const folder of folders) {
    if (factsOf(folder)?.isDirectory() !== true) throw new RecipeFailedError(`The call for ${file} was given a folder for its output, and left something else there`, { data: { file, path: lossyText(folder) } })
  }
  await mergeFolder(...folders, '', file)
}

/** Both are folders, and no links. */
async function mergeFolder(from: ByteText, into: ByteText, prefix: string, file: string): Promise<void> {
  for (const name of await readdir(systemPath(from), { encoding: 'latin1' })) {
    const [source, target, path] = [below(from, name), below(into, name), `${prefix}${lossyText(name as ByteText)}`]
    // Several calls are merged at a time: nothing may come between the look at a place and what is put there.
    const isFolder = factsOf(source)?.isDirectory() === true
    const there = factsOf(target)
    if (there === undefined) {
      if (isFolder) fs.mkdirSync(systemPath(target))
      else fs.renameSync(systemPath(source), systemPath(target))
    } else if (!isFolder || !there.isDirectory()) {
      throw new RecipeFailedError(`The calls for ${file} and for another file both wrote ${path}`, { data: { file, path }, hint: 'Let each call write paths of its own, such as the path of its file.' })
    }
    if (isFolder) await mergeFolder(source, target, `${path}/`, file)
  }
}

function factsOf(path: ByteText): fs.Stats | undefined {
  return fs.lstatSync(systemPath(path), { throwIfNoEntry: false })
}
