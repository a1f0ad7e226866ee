import { mkdir, readdir, rename } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RecipeFailedError } from '../../errors.ts'

/**
 * Moves all that one call of a map recipe wrote to where the whole output is put together.
 * @param file that the call was for, for messages
 * @throws RecipeFailedError if another call wrote the same path: which of them counted would depend on their order
 */
export async function mergeOutput(from: string, into: string, file: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(into, entry.name)]
    if (entry.isDirectory()) {
      await mkdir(target, { recursive: true })
      await mergeOutput(source, target, file)
    } else if (existsSync(target)) {
      throw new RecipeFailedError(`The calls for ${file} and for another file both wrote ${entry.name}`, { data: { file, path: target }, hint: 'Let each call write paths of its own, such as the path of its file.' })
    } else await rename(source, target)
  }
}
