import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../random.mjs'

const CHANGED_FILES = 10
export const ADDED_SIZE_BYTES = 1024 * 1024

/**
 * A second folder that shares the files of the first by hard links, but for ten of them, in ten of its folders, whose last byte is another, and a new file of 1 MiB of random bytes. Kept, as the corpus is.
 * @param {string} folder holds folders of files
 * @param {string} target
 */
export function changeFiles(folder, target) {
  if (existsSync(target)) return
  const unfinished = `${target}-unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  const folders = readdirSync(folder).sort()
  const every = Math.max(1, Math.floor(folders.length / CHANGED_FILES))
  for (const [number, name] of folders.entries()) {
    mkdirSync(join(unfinished, name), { recursive: true })
    for (const [index, file] of readdirSync(join(folder, name)).sort().entries()) {
      const [from, to] = [join(folder, name, file), join(unfinished, name, file)]
      if (index > 0 || number % every > 0 || number >= every * CHANGED_FILES) linkSync(from, to)
      else writeFileSync(to, changed(readFileSync(from)))
    }
  }
  writeFileSync(join(unfinished, 'added.bin'), new Uint8Array(new Random(0xadd).fillWords(new Uint32Array(ADDED_SIZE_BYTES / 4)).buffer))
  renameSync(unfinished, target)
}

/** @param {Buffer} bytes */
function changed(bytes) {
  const last = bytes.length - 1
  bytes[last] = (bytes[last] ?? 0) ^ 1
  return bytes
}
