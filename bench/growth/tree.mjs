import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'

const FILES_PER_FOLDER = 1000
/** Stat caches may distrust files that changed within the tick of a snapshot. */
const REST_MS = 2500

/**
 * A folder of so many files of some 30 bytes, each unlike all others, in folders of 1,000. Kept in the work folder for the next time.
 * @param {number} files
 * @param {string} work
 * @param {AbortSignal} signal
 */
export async function prepareTree(files, work, signal) {
  const folder = join(work, 'growth', `${files}-files`)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}-unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  for (let file = 0; file < files; file++) {
    const inFolder = join(unfinished, `part-${String(Math.floor(file / FILES_PER_FOLDER)).padStart(4, '0')}`)
    if (file % FILES_PER_FOLDER === 0) {
      mkdirSync(inFolder)
      await nextTurn()
      signal.throwIfAborted()
    }
    writeFileSync(join(inFolder, `${String(file).padStart(7, '0')}.txt`), `file ${file} of a tree that grows\n`)
  }
  renameSync(unfinished, folder)
  await pause(REST_MS, undefined, { signal })
  return folder
}
