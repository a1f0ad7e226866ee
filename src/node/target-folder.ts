import * as fs from 'node:fs'
import { basename, dirname } from 'node:path'
import { InvalidArgumentError, WouldOverwriteError } from '../errors.ts'
import { type ByteText, byteTextOf, byteTextOfPath, lossyText, systemPath } from './byte-text.ts'
import { clearLeftovers } from './checkout-leftovers.ts'
import { errorCode, isAbsence, storageError } from './system-errors.ts'

export type TargetState = 'absent' | 'empty' | 'occupied'

/** The place that a checkout goes to. */
export interface TargetFolder {
  /** Absolute. If the path led to a folder through a link, the folder itself. */
  readonly path: ByteText
  readonly parent: ByteText
  /** Folders above it that had to be made, the topmost first. */
  readonly made: readonly ByteText[]
}

/**
 * How a path stands; links are followed, and one that leads nowhere counts as occupied.
 * @throws StorageError if the system does not say
 */
export function inspectTarget(path: ByteText): TargetState {
  try {
    fs.lstatSync(systemPath(path))
  } catch (error) {
    if (isAbsence(error)) return 'absent'
    throw storageError(error, { operation: 'stat', key: lossyText(path), location: 'the file system' })
  }
  try {
    const folder = fs.opendirSync(systemPath(path))
    try {
      return folder.readSync() === null ? 'empty' : 'occupied'
    } finally {
      folder.closeSync()
    }
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOTDIR' || code === 'ENOENT' || code === 'ELOOP') return 'occupied'
    throw storageError(error, { operation: 'stat', key: lossyText(path), location: 'the file system' })
  }
}

/**
 * Makes sure that a folder can be put at a path: makes the folders above it, and clears up after processes that died while they wrote there.
 * @throws InvalidArgumentError if another folder cannot take its place, as that of a mounted file system
 * @throws WouldOverwriteError if a checkout that died had moved the old folder out of the way; it is back then
 */
export function prepareTarget(path: string): TargetFolder {
  const target = followed(path)
  const parent = dirname(target) as ByteText
  if (parent === target) throw notReplaceable(path, 'the root of the file system')
  const made = makeFolders(parent)
  const facts = fs.statSync(systemPath(target), { throwIfNoEntry: false })
  if (facts !== undefined && facts.dev !== fs.statSync(systemPath(parent)).dev) throw notReplaceable(path, 'where a file system is mounted')
  const restored = clearLeftovers(parent, basename(target) as ByteText)
  if (restored) {
    throw new WouldOverwriteError(`A checkout to ${path} was interrupted while it replaced the folder; the old folder is back in its place now`, {
      data: { folder: path }, hint: 'Run the same command again.',
    })
  }
  return { path: target, parent, made }
}

/** Removes folders again that were made for nothing. */
export function removeMade(made: readonly ByteText[]): void {
  for (const folder of made.toReversed()) {
    try {
      fs.rmdirSync(systemPath(folder))
    } catch {
      // Something is in it by now.
      return
    }
  }
}

function followed(path: string): ByteText {
  try {
    return byteTextOf(fs.realpathSync.native(path, { encoding: 'buffer' }))
  } catch {
    return byteTextOfPath(path)
  }
}

function makeFolders(folder: ByteText): ByteText[] {
  const missing: ByteText[] = []
  for (let path = folder; fs.lstatSync(systemPath(path), { throwIfNoEntry: false }) === undefined; path = dirname(path) as ByteText) missing.unshift(path)
  const made: ByteText[] = []
  for (const path of missing) {
    try {
      fs.mkdirSync(systemPath(path))
      made.push(path)
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue
      removeMade(made)
      throw storageError(error, { operation: 'put', key: lossyText(path), location: 'the file system' })
    }
  }
  return made
}

function notReplaceable(path: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError(`${path} is ${why}, and a checkout cannot put another folder there`, { data: { path }, hint: 'Check out to a folder in it.' })
}
