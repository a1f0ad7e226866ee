import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'

const FILES_PER_FOLDER = 1000

/**
 * A folder of so many files of some 30 bytes, each unlike all others, in folders of 1,000. Kept in the work folder for the next time.
 * @param {number} files
 * @param {string} work
 * @param {AbortSignal} signal
 * @param {(message: string) => void} report
 */
export async function prepareTree(files, work, signal, report) {
  const folder = join(work, 'growth', `${files}-files`)
  if (existsSync(folder)) return folder
  report(`generating ${files.toLocaleString('en')} files`)
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
  return folder
}
