import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { StorageError } from '../../errors.ts'
import type { PackageState } from '../../run/capture-interface.ts'
import { COMMAND_LOCK_FILES, findLockFile, type LockFile, NODE_LOCK_FILES, nearestOf } from '../code/lock-file.ts'
import { installedVersion, type NpmEntry, npmEntries } from './npm-installed.ts'
import { packageDifferences } from './package-differences.ts'

export interface FoundPackageState {
  readonly packages: PackageState | null
  readonly missing: readonly string[]
}

const NPM_LOCKS: readonly string[] = ['npm-shrinkwrap.json', 'package-lock.json']

/**
 * The lock file that rules a folder, what npm has installed for it, and in what the two differ.
 * @param top what the path of the lock file is relative to
 */
export function packageState(folder: string, top: string): FoundPackageState {
  try {
    return readPackages(folder, top)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return { packages: null, missing: [`The packages are not known: ${error.message}`] }
  }
}

function readPackages(folder: string, top: string): FoundPackageState {
  const lock = findLockFile(folder, [...NODE_LOCK_FILES, ...COMMAND_LOCK_FILES])
  const hidden = lock !== undefined && !isOfNode(lock) ? undefined : nearestOf(lock === undefined ? folder : dirname(lock.path), [join('node_modules', '.package-lock.json')])
  const installed = hidden === undefined ? (lock !== undefined && isEmpty(lock) ? new Map<string, NpmEntry>() : undefined) : npmEntries(textOf(hidden.content))
  if (lock === undefined && installed === undefined) return { packages: null, missing: ['The packages are not known: there is no lock file'] }
  const root = hidden === undefined ? folder : dirname(dirname(hidden.path))
  const missing = [
    ...(lock === undefined ? ['What should be installed is not known: there is no lock file'] : []),
    ...(installed === undefined ? ['What is installed is not known: there is no node_modules/.package-lock.json, which npm keeps'] : []),
  ]
  const locked = lock === undefined || installed === undefined ? undefined : lockedEntries(lock)
  if (installed !== undefined && lock !== undefined && locked === undefined) missing.push(`Whether what is installed is what is locked is not known: ${pathIn(top, lock.path)} does not say where packages are`)
  return {
    packages: {
      lockFile: lock === undefined ? null : { path: pathIn(top, lock.path), sha256: lock.sha256 },
      installed: installed === undefined ? [] : listed(installed),
      differences: locked === undefined || installed === undefined ? [] : packageDifferences(locked, installed, (at) => installedVersion(root, at)),
    },
    missing,
  }
}

function isOfNode({ path }: LockFile): boolean {
  return NODE_LOCK_FILES.some((name) => path.endsWith(`${sep}${name}`))
}

/** Whether a lock file of npm has no packages, and none are there: npm notes nothing then. */
function isEmpty(lock: LockFile): boolean {
  if (lockedEntries(lock)?.size !== 0) return false
  const folder = join(dirname(lock.path), 'node_modules')
  return !existsSync(folder) || readdirSync(folder).every((name) => name.startsWith('.'))
}

/** Undefined if it is none of npm. */
function lockedEntries(lock: LockFile): ReadonlyMap<string, NpmEntry> | undefined {
  const name = NPM_LOCKS.find((name) => lock.path.endsWith(`${sep}${name}`))
  const found = name === undefined ? undefined : nearestOf(dirname(lock.path), [name])
  return found === undefined ? undefined : npmEntries(textOf(found.content))
}

/** Sorted, none twice. */
function listed(entries: ReadonlyMap<string, NpmEntry>): PackageState['installed'] {
  const unique = new Map([...entries.values()].map(({ name, version, integrity }) => [JSON.stringify([name, version, integrity]), { name, version, integrity }]))
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

function pathIn(top: string, path: string): string {
  return relative(top, path).split(sep).join('/')
}

function textOf(content: Uint8Array): string {
  return new TextDecoder().decode(content)
}
