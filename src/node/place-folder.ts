import * as fs from 'node:fs'
import { basename } from 'node:path'
import { WouldOverwriteError } from '../errors.ts'
import { below, type ByteText, lossyText, systemPath } from './byte-text.ts'
import { changedSince } from './changed-since.ts'
import { besideName } from './checkout-leftovers.ts'
import { errorCode, storageError } from './system-errors.ts'
import { inspectTarget, type TargetFolder } from './target-folder.ts'

/** Renames one path to another; tests put one underneath that fails. */
export type Rename = (from: ByteText, to: ByteText) => void

export const systemRename: Rename = (from, to) => fs.renameSync(systemPath(from), systemPath(to))

export interface PlaceOptions {
  /** What is there goes; else the target must be absent or empty. */
  readonly replace: boolean
  /** Unix time in ms: what is there stays if anything in it has changed since. Undefined: it goes whatever happened to it. */
  readonly unchangedSince?: number | undefined
  readonly rename: Rename
}

const REPORTED_PATHS = 10
/** Codes by which systems refuse to put a folder where something is. */
const TAKEN: ReadonlySet<string | undefined> = new Set(['EEXIST', 'ENOTEMPTY', 'ENOTDIR', 'EPERM'])

/**
 * Puts a folder where the target is. If that needs two renames and the second fails, what was there goes back; if the process dies between the two,
 * the next checkout to this target puts it back. What was replaced is removed last; if that fails, it is left to the next checkout.
 *
 * @throws WouldOverwriteError if something is there that may not be replaced, or changed too late to be sure; the target is as it was
 * @throws StorageError if the system refuses; the target is as it was
 */
export async function placeFolder(fresh: ByteText, target: TargetFolder, options: PlaceOptions): Promise<void> {
  const { replace, rename } = options
  switch (inspectTarget(target.path)) {
    case 'absent':
      return moveToFree(fresh, target, rename)
    case 'empty':
      return replaceEmpty(fresh, target, rename)
    case 'occupied':
      if (!replace) throw wouldOverwrite(target)
      return replaceOccupied(fresh, target, options)
  }
}

function moveToFree(fresh: ByteText, target: TargetFolder, rename: Rename): void {
  try {
    rename(fresh, target.path)
  } catch (error) {
    // Somebody put something there a moment ago.
    throw TAKEN.has(errorCode(error)) && inspectTarget(target.path) === 'occupied' ? wouldOverwrite(target) : refused(error, target)
  }
}

function replaceEmpty(fresh: ByteText, target: TargetFolder, rename: Rename): void {
  const { mode } = fs.statSync(systemPath(target.path))
  try {
    fs.rmdirSync(systemPath(target.path))
  } catch (error) {
    throw TAKEN.has(errorCode(error)) && inspectTarget(target.path) === 'occupied' ? wouldOverwrite(target) : refused(error, target)
  }
  try {
    moveToFree(fresh, target, rename)
  } catch (error) {
    quietly(() => fs.mkdirSync(systemPath(target.path), { mode }))
    throw error
  }
}

async function replaceOccupied(fresh: ByteText, target: TargetFolder, { unchangedSince, rename }: PlaceOptions): Promise<void> {
  const old = below(target.parent, besideName(basename(target.path) as ByteText, 'old'))
  try {
    rename(target.path, old)
  } catch (error) {
    throw refused(error, target)
  }
  try {
    rename(fresh, target.path)
  } catch (error) {
    quietly(() => rename(old, target.path))
    const isBack = fs.lstatSync(systemPath(old), { throwIfNoEntry: false }) === undefined
    throw isBack ? refused(error, target) : refused(error, target, `What was there is in ${lossyText(old)}; move it back by hand.`)
  }
  // Only now: whoever opens a path from here on gets the new folder.
  if (unchangedSince !== undefined) await assertUnchanged(old, unchangedSince, target, () => swapBack(fresh, old, target, rename))
  await fs.promises.rm(systemPath(old), { recursive: true, force: true }).catch(() => undefined)
}

/** @throws WouldOverwriteError if anything in the old folder has changed; `giveUp` is called before */
async function assertUnchanged(old: ByteText, since: number, target: TargetFolder, giveUp: () => void): Promise<void> {
  if (!fs.lstatSync(systemPath(old)).isDirectory()) return
  let paths: string[]
  try {
    paths = await changedSince(old, since, REPORTED_PATHS)
  } catch (error) {
    giveUp()
    throw refused(error, target)
  }
  if (paths.length === 0) return
  giveUp()
  const folder = lossyText(target.path)
  throw new WouldOverwriteError(`${folder} was changed during the checkout and is left as it is: ${paths.join(', ')}`, { data: { folder, paths }, hint: 'Run the same command again.' })
}

/** Puts the old folder back in its place. The new one goes back to where it was written, to be removed there. */
function swapBack(fresh: ByteText, old: ByteText, target: TargetFolder, rename: Rename): void {
  try {
    rename(target.path, fresh)
    rename(old, target.path)
  } catch (error) {
    throw refused(error, target, `What was there is in ${lossyText(old)}; move it back by hand.`)
  }
}

function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // The error that led here says more.
  }
}

function wouldOverwrite(target: TargetFolder): WouldOverwriteError {
  const folder = lossyText(target.path)
  return new WouldOverwriteError(`${folder} is not empty`, { data: { folder } })
}

function refused(error: unknown, target: TargetFolder, hint?: string): Error {
  const refusal = storageError(error, { operation: 'put', key: lossyText(target.path), location: lossyText(target.parent) })
  return hint === undefined ? refusal : Object.assign(refusal, { hint })
}
