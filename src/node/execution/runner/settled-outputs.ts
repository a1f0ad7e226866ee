import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isAbsence } from '../../system-errors.ts'
import { shownNames } from '../shown-names.ts'

/** How long file operations that nobody waits for are watched. */
const PATIENCE_MS = 1000

/**
 * Looks whether a call that has returned is still writing to its outputs by other ways than `write`, such as `fs.promises.writeFile` without `await`: the process is about to be ended, and a file might
 * be half there. Lets what it began and did not wait for have a turn. Costs nothing more if no file operation is under way, and two looks at every file of the outputs if one is.
 * @param outputs folders by name
 * @throws Error naming what changed after the call had returned
 */
export async function assertSettled(outputs: Readonly<Record<string, string>>): Promise<void> {
  let before = isAtFiles() ? factsOf(outputs) : undefined
  // Streams begin their work in the turn after the one that makes them.
  await nextTurn()
  if (isAtFiles()) before ??= factsOf(outputs)
  if (before === undefined) return
  const end = performance.now() + PATIENCE_MS
  // One operation may be followed by the next.
  while (isAtFiles() && performance.now() < end) await nextTurn()
  const after = factsOf(outputs)
  const changed = [...after].filter(([path, facts]) => before?.get(path) !== facts).map(([path]) => path)
  if (changed.length > 0) throw new Error(`run() returned while ${shownNames(changed)} ${changed.length === 1 ? 'was' : 'were'} still being written: await all that it begins`)
}

/** True if this thread waits for the system to open, read, write or close a file. */
function isAtFiles(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'))
}

/** Size and time of each file, by `output/path`. */
function factsOf(outputs: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const visit = (folder: string, name: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) visit(path, `${name}/${entry.name}`)
      else {
        const { size, mtimeNs } = lstatSync(path, { bigint: true })
        found.set(`${name}/${entry.name}`, `${size} ${mtimeNs}`)
      }
    }
  }
  for (const [name, folder] of Object.entries(outputs)) {
    try {
      visit(folder, name)
    } catch (error) {
      // Taken away while this looks, or before: whoever stores the outputs says so.
      if (!isAbsence(error)) throw error
    }
  }
  return found
}
