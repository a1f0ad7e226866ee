import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { contentOf } from '../content-of.ts'
import { pipfileLock, tomlLock } from './python-lock-files.ts'
import { type RequirementsReader, requirements } from './requirements.ts'

/** What a lock file says of one distribution. */
export interface PythonPin {
  readonly name: string
  /** One, or several of which a platform takes one. None: it is named without a version. */
  readonly versions: readonly string[]
  readonly isHashed: boolean
  /** Whether it is to be installed everywhere. */
  readonly isRequired: boolean
}

export interface PythonLock {
  /** Absolute. */
  readonly path: string
  /** Lower-case hexadecimal. */
  readonly sha256: string
  /** By normal name; null if it is of a kind that cannot be compared with what is installed. */
  readonly pins: ReadonlyMap<string, PythonPin> | null
}

/** In the order in which they count where a folder has several. Of requirements, `requirements.txt` comes first. */
const KINDS: readonly RegExp[] = [/^uv\.lock$/, /^poetry\.lock$/, /^Pipfile\.lock$/, /^requirements\.txt$/, /^requirements[\w.-]*\.txt$/, /^environment\.ya?ml$/, /^conda-lock\.yml$/, /^pdm\.lock$/]

/**
 * The lock file of Python that rules a folder: in the nearest folder upwards that has one.
 * @throws StorageError if it cannot be read
 */
export function findPythonLock(folder: string): PythonLock | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const names = namesIn(at)
    const name = KINDS.flatMap((kind) => names.filter((one) => kind.test(one))).find((one) => contentOf(join(at, one)) !== undefined)
    if (name !== undefined) return lockAt(join(at, name))
    if (dirname(at) === at) return undefined
  }
}

function lockAt(path: string): PythonLock {
  const content = contentOf(path) ?? new Uint8Array()
  return { path, sha256: createHash('sha256').update(content).digest('hex'), pins: pinsIn(path, new TextDecoder().decode(content)) }
}

function pinsIn(path: string, text: string): PythonLock['pins'] {
  if (/(uv|poetry|pdm)\.lock$/.test(path)) return tomlLock(text)
  if (path.endsWith('Pipfile.lock')) return pipfileLock(text)
  if (!path.endsWith('.txt')) return null
  const read: RequirementsReader = (from, name) => {
    const found = resolve(dirname(from), name)
    const content = contentOf(found)
    return content === undefined ? undefined : { path: found, text: new TextDecoder().decode(content) }
  }
  return requirements(path, text, read)
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    // What may not be listed has nothing that a program could be told to use.
    return []
  }
}
