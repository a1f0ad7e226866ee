import { chmodSync, readdirSync, rmSync } from 'node:fs'
import { chmod, lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { hostId } from '../maker.ts'
import { isAbsence } from '../system-errors.ts'
import { isLeftover, tempName } from '../temp-files.ts'
import { killLeftovers } from './process-tree.ts'

/** A folder for one run. All paths are absolute and have no links in them. */
export interface Scratch {
  readonly path: string
  readonly code: string
  readonly tmp: string
  readonly home: string
  /** Gets `stdout.txt` and `stderr.txt`. */
  readonly log: string
  /** For the outputs of one unit of a map recipe; not there in the beginning. */
  readonly units: string
  input(name: string): string
  output(name: string): string
  /** Removes it all, read-only folders too. */
  remove(): Promise<void>
}

/** Makes a folder with an empty `code`, `inputs`, `outputs`, `tmp`, `home` and `log` in `parent`, which is made too. Its name says who made it. */
export async function makeScratch(parent: string): Promise<Scratch> {
  await mkdir(parent, { recursive: true })
  const path = join(await realpath(parent), tempName(hostId()))
  await mkdir(path, { mode: 0o700 })
  await Promise.all(['code', 'inputs', 'outputs', 'tmp', 'home', 'log'].map((name) => mkdir(join(path, name))))
  return scratchAt(path)
}

function scratchAt(path: string): Scratch {
  return {
    path,
    code: join(path, 'code'), tmp: join(path, 'tmp'), home: join(path, 'home'), log: join(path, 'log'), units: join(path, 'units'),
    input: (name) => join(path, 'inputs', name),
    output: (name) => join(path, 'outputs', name),
    remove: () => removeFolder(path),
  }
}

/**
 * Removes what dead processes of this host left in `parent`, and ends what they started and is still running there. What belongs to living processes and to other hosts stays. Never
 * fails: what cannot be removed only takes up space.
 */
export async function sweepScratches(parent: string): Promise<void> {
  const host = hostId()
  try {
    for (const name of await readdir(parent)) {
      if (!isLeftover(name, host)) continue
      const scratch = scratchAt(join(await realpath(parent), name))
      killLeftovers(scratch)
      await scratch.remove()
    }
  } catch {
    // The run that asked for this meets the same trouble, if it matters, and reports it.
  }
}

/** Removes a folder, whatever its permissions are. Links in it are not followed. */
export async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch {
    await makeWritable(path)
    await rm(path, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The same at once, for folders of few files: ten times as cheap as in the background. `isFrozen` if nothing may be written to it. */
export async function removeSmallFolder(path: string, isFrozen = false): Promise<void> {
  try {
    // Root may remove what is in a folder that it may not write to.
    if (isFrozen && process.geteuid?.() !== 0) thaw(path)
    rmSync(path, { recursive: true, force: true })
  } catch {
    await removeFolder(path)
  }
}

/** Folders alone: what is in one is removed by the right to write to it. */
function thaw(folder: string): void {
  chmodSync(folder, 0o700)
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) thaw(join(folder, entry.name))
}

async function makeWritable(path: string | Buffer): Promise<void> {
  try {
    const facts = await lstat(path)
    if (facts.isSymbolicLink()) return
    await chmod(path, facts.mode | 0o700)
    if (!facts.isDirectory()) return
    for (const name of await readdir(path, { encoding: 'buffer' })) await makeWritable(Buffer.concat([Buffer.from(path), Buffer.from(sep), name]))
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
}
