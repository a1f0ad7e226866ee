import { dirname, join, relative, sep } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import type { LockedPackage } from '../../recipe/interface.ts'
import { nearestOf } from './lock-file.ts'
import type { PackageFiles } from './package-files.ts'

/** A package in `packages` of a lock file of npm, version 2 or 3 (https://docs.npmjs.com/cli/configuring-npm/package-lock-json). Nothing in it is trusted to be there. */
interface LockEntry {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** What packages were found, and why there may be more. */
export interface PackageList {
  add(found: LockedPackage): void
  doubt(reason: string): void
}

const NAMES: readonly string[] = ['npm-shrinkwrap.json', 'package-lock.json']
/** What comes from a git repository has no archive to check: the commit says as much. */
const GIT_COMMIT = /^git[^#]*#([0-9a-f]{7,64})$/

/** The lock file of npm that rules a folder, if there is one of a version that says where packages are. */
export class NpmLock {
  readonly #folder: string
  readonly #name: string
  readonly #entries: ReadonlyMap<string, LockEntry>
  readonly #seen = new Set<string>()

  private constructor(folder: string, name: string, entries: ReadonlyMap<string, LockEntry>) {
    this.#folder = folder
    this.#name = name
    this.#entries = entries
  }

  /** @throws InvalidArgumentError if it is not JSON */
  static find(folder: string): NpmLock | undefined {
    const found = nearestOf(folder, NAMES)
    if (found === undefined) return undefined
    let packages: unknown
    try {
      packages = (JSON.parse(new TextDecoder().decode(found.content)) as { readonly packages?: unknown } | null)?.packages
    } catch (cause) {
      throw new InvalidArgumentError(`${found.path} is not JSON: ${(cause as Error).message}`, { cause, data: { file: found.path }, hint: 'Have npm make it anew: npm install --package-lock-only' })
    }
    if (typeof packages !== 'object' || packages === null) return undefined
    return new NpmLock(dirname(found.path), found.path.slice(dirname(found.path).length + 1), new Map(Object.entries(packages as Record<string, LockEntry>)))
  }

  /** Adds the package in a folder and all that it depends on, for every platform. False if the lock file does not know the folder. */
  collect(folder: string, list: PackageList, installed: PackageFiles): boolean {
    const key = relative(this.#folder, folder).split(sep).join('/')
    if (!this.#entries.has(key)) return false
    const waiting = [key]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (this.#seen.has(at)) continue
      this.#seen.add(at)
      waiting.push(...this.#visit(at, list, installed))
    }
    return true
  }

  /** @returns keys of what it depends on */
  #visit(key: string, list: PackageList, installed: PackageFiles): readonly string[] {
    const entry = this.#entries.get(key) ?? {}
    if (entry.link === true) {
      list.doubt(`${this.#name}: ${key} is a link to ${entry.resolved ?? 'a folder'}, which no module of this code asks for`)
      return []
    }
    const version = entry.version ?? ''
    const commit = GIT_COMMIT.exec(entry.resolved ?? '')?.[1]
    list.add({ name: nameIn(key), version, integrity: entry.integrity ?? (commit === undefined ? null : `git-${commit}`) })
    const actual = installed.inFolder(join(this.#folder, key))?.fields['version']
    if (typeof actual === 'string' && actual !== version) list.doubt(`${this.#name}: ${key} is ${version} there, and ${actual} is installed`)
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = entry
    return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).flatMap((name) => {
      const found = this.#keyOf(name, key)
      if (found === undefined && Object.hasOwn(dependencies, name) && !Object.hasOwn(optionalDependencies, name)) list.doubt(`${this.#name}: ${key} needs ${name}, which is not there`)
      return found ?? []
    })
  }

  /** Where a package finds another: in the node_modules folders upwards. */
  #keyOf(name: string, from: string): string | undefined {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      const key = `${at === '' ? '' : `${at}/`}node_modules/${name}`
      if (this.#entries.has(key)) return key
      if (at === '') return undefined
    }
  }
}

function nameIn(key: string): string {
  return key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length)
}
