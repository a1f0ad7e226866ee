import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { canonicalJson } from '../../codec/canonical-json.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { JsonValue } from '../../types.ts'
import { isAbsence } from '../system-errors.ts'

/** What of a package.json decides how modules are found and read, or which packages are needed. */
export interface PackageFile {
  /** Absolute path of the folder it is in. */
  readonly folder: string
  readonly fields: { readonly [key: string]: JsonValue }
}

/** Reads each package.json once. Made anew for each piece of code: files change. */
export class PackageFiles {
  readonly #known = new Map<string, PackageFile | undefined>()
  readonly #scopes = new Map<string, PackageFile | undefined>()

  /** The package.json in a folder, if there is one. @throws InvalidArgumentError if it is not a JSON object */
  inFolder(folder: string): PackageFile | undefined {
    if (this.#known.has(folder)) return this.#known.get(folder)
    const file = readPackageFile(folder)
    this.#known.set(folder, file)
    return file
  }

  /** The package.json that rules the modules in a folder: the nearest one upwards, within the package. */
  scopeOf(folder: string): PackageFile | undefined {
    if (this.#scopes.has(folder)) return this.#scopes.get(folder)
    const parent = dirname(folder)
    const found = basename(folder) === 'node_modules' ? undefined : (this.inFolder(folder) ?? (parent === folder ? undefined : this.scopeOf(parent)))
    this.#scopes.set(folder, found)
    return found
  }
}

function readPackageFile(folder: string): PackageFile | undefined {
  const path = join(folder, 'package.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw new InvalidArgumentError(`${path} cannot be read: ${(error as Error).message}`, { cause: error, data: { file: path } })
  }
  try {
    const fields: unknown = JSON.parse(text)
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return { folder, fields: fields as PackageFile['fields'] }
  } catch (cause) {
    throw new InvalidArgumentError(`${path} is not JSON: ${(cause as Error).message}`, { cause, data: { file: path } })
  }
  throw new InvalidArgumentError(`${path} must be a JSON object`, { data: { file: path } })
}

/**
 * The copy of a package.json that is part of the code, so that a change of anything else in it changes nothing. `entered`: modules are looked for by the
 * package's own description.
 */
export function reducedPackage({ fields }: PackageFile, entered: boolean): { readonly [key: string]: JsonValue } {
  const { type, imports, name, exports, main } = fields
  return {
    ...(type === 'module' || type === 'commonjs' ? { type } : {}),
    ...(imports === undefined ? {} : { imports }),
    ...(entered && name !== undefined ? { name } : {}),
    ...(entered && exports !== undefined ? { exports } : {}),
    ...(entered && main !== undefined ? { main } : {}),
  }
}

/** The bytes of a reduced package.json. */
export function packageContent(reduced: { readonly [key: string]: JsonValue }): Uint8Array {
  return new TextEncoder().encode(`${canonicalJson(reduced, 'A package.json')}\n`)
}
