import { createHash } from 'node:crypto'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { searchPath } from '../execution/environment.ts'

/**
 * The SHA-256, in hex, of the file that a command's first word starts: found as the system finds it, by the search path that the command will have. `in the code` for a path with `/` that is
 * not absolute, since the code is known already; `not found` if there is none. Reads the file: some 5 ms for an interpreter.
 */
export async function programDigest(word: string): Promise<string> {
  if (!isAbsolute(word) && /[/\\]/.test(word)) return 'in the code'
  const places = isAbsolute(word) ? [word] : searchPath().split(delimiter).map((folder) => join(folder, word))
  const found = places.find((place) => existsSync(place) && statSync(place).isFile())
  if (found === undefined) return 'not found'
  const hash = createHash('sha256')
  await pipeline(createReadStream(found), hash)
  return hash.digest('hex')
}
