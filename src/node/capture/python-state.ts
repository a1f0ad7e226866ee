import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StorageError } from '../../errors.ts'
import type { PackageState, PythonState } from '../../run/capture-interface.ts'
import type { PythonAnswer, PythonDistribution } from './ask-python.ts'
import type { FoundPackageState } from './package-state.ts'
import type { PythonCommand } from './python-command.ts'
import { isEachHashed, pythonDifferences } from './python-differences.ts'
import { findPythonLock, type PythonLock } from './python-lock.ts'
import { realPath } from './real-path.ts'

export interface FoundPython extends FoundPackageState {
  readonly python: PythonState | null
}

interface Places {
  /** Where the command is started; links are followed in both. */
  readonly folder: string
  /** Top of the code, from which paths are told. */
  readonly top: string
}

/**
 * The interpreter that a command starts, what is installed for it, and in what that differs from the lock file.
 * @param asked what it said, or why it did not
 */
export function pythonState(command: PythonCommand, asked: PythonAnswer | string, { folder, top }: Places): FoundPython {
  const missing: string[] = []
  const lock = lockOf(folder, missing)
  const lockFile = lock === undefined ? null : { path: pathIn(top, lock.path), sha256: lock.sha256 }
  if (lockFile === null) missing.push('What of Python should be installed is not known: there is no lock file (requirements.txt, uv.lock, poetry.lock, Pipfile.lock)')
  if (typeof asked === 'string') {
    missing.push(`What is installed for Python is not known: ${command.words.join(' ')} ${asked}`)
    return { python: null, packages: lockFile === null ? null : { lockFile, installed: [], differences: [] }, missing }
  }
  const installed = asked.distributions.filter((one) => !isPartOfCode(one, top))
  if (lock !== undefined && lock.pins === null) missing.push(`Whether what is installed is what is locked is not known: ${lockFile?.path} cannot be compared with what Python says`)
  const packages = { lockFile, installed: listed(installed), differences: lock?.pins == null ? [] : pythonDifferences(lock.pins, installed) }
  return { python: stateOf(command, asked, { folder, top, isHashed: lock?.pins != null && isEachHashed(lock.pins, installed) }), packages, missing }
}

function lockOf(folder: string, missing: string[]): PythonLock | undefined {
  try {
    return findPythonLock(folder)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    missing.push(`The lock file is not known: ${error.message}`)
    return undefined
  }
}

function stateOf({ words }: PythonCommand, { implementation, version, executable, environment }: PythonAnswer, { folder, top, isHashed }: Places & Pick<PythonState, 'isHashed'>): PythonState {
  return {
    command: words.map((word) => (isAbsolute(word) ? portable(folder, top, word) : word)), implementation, version,
    executable: portable(top, top, executable), environment: environment === null ? null : portable(top, top, environment), isHashed,
  }
}

/** A path of the code as it is called from a folder; any other stays. */
function portable(from: string, top: string, path: string): string {
  // The interpreter of a virtual environment is a link.
  const real = join(realPath(dirname(path)), basename(path))
  return isIn(top, real) ? pathIn(from, real) : path
}

function isPartOfCode({ address }: PythonDistribution, top: string): boolean {
  if (address?.startsWith('file:') !== true) return false
  try {
    return isIn(top, realPath(fileURLToPath(address)))
  } catch {
    return false
  }
}

function isIn(top: string, path: string): boolean {
  const inTop = relative(top, path)
  return !isAbsolute(inTop) && inTop.split(sep)[0] !== '..'
}

/** pip notes no digest of what it installed. */
function listed(installed: readonly PythonDistribution[]): PackageState['installed'] {
  return installed.map(({ name, version }) => ({ name, version, integrity: null })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function pathIn(top: string, path: string): string {
  return relative(top, path).split(sep).join('/')
}
