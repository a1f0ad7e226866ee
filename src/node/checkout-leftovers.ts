import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { below, type ByteText, systemPath } from './byte-text.ts'
import { hostId, isAlive } from './maker.ts'

/** `new` is a folder being written, `old` one that has been moved out of its way. */
export type LeftoverRole = 'new' | 'old'

/** Keeps the name below the 255 bytes that systems allow. */
const MAX_NAME_BYTES = 150
const LEFTOVER = /^(?<role>new|old)-(?<host>[0-9a-f]{12})-(?<process>[1-9][0-9]*)-[0-9a-f]{16}$/

/** A name beside a target that no other process chooses, and that says for what and by whom it was made. */
export function besideName(target: ByteText, role: LeftoverRole): ByteText {
  return `${prefixFor(target)}${role}-${hostId()}-${process.pid}-${randomBytes(8).toString('hex')}` as ByteText
}

/**
 * Removes what checkouts to a target left beside it when their processes died. If one died between moving the old folder away and
 * putting the new one there, the old one goes back. Those of living processes and of other machines stay. What cannot be removed stays, too.
 *
 * @param target name of the target in `parent`
 * @returns true if the old folder was put back
 */
export function clearLeftovers(parent: ByteText, target: ByteText): boolean {
  const prefix = prefixFor(target)
  const host = hostId()
  let restored = false
  for (const name of namesIn(parent)) {
    if (!name.startsWith(prefix)) continue
    const made = LEFTOVER.exec(name.slice(prefix.length))?.groups
    if (made === undefined || made['host'] !== host || isAlive(Number(made['process']))) continue
    const path = systemPath(below(parent, name))
    const place = systemPath(below(parent, target))
    try {
      if (made['role'] === 'old' && fs.lstatSync(place, { throwIfNoEntry: false }) === undefined) {
        fs.renameSync(path, place)
        restored = true
      } else fs.rmSync(path, { recursive: true, force: true })
    } catch {
      // It only takes up space.
    }
  }
  return restored
}

function prefixFor(target: ByteText): string {
  return `.${target.slice(0, MAX_NAME_BYTES)}.varve-`
}

function namesIn(folder: ByteText): ByteText[] {
  try {
    return fs.readdirSync(systemPath(folder), { encoding: 'latin1' }) as ByteText[]
  } catch {
    // A folder may be open for writing and not for listing.
    return []
  }
}
