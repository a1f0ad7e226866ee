import { readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LockedPackage } from '../../../recipe/interface.ts'
import type { LoadedModule } from './loaded-modules.ts'

interface PackagePlace {
  /** By its folder, and as its package.json has it: an alias makes them differ. */
  readonly names: readonly (string | undefined)[]
  readonly version: string | undefined
  readonly isInstalled: boolean
}

const PACKAGES = `${sep}node_modules${sep}`
/** The folder of varve's own built code, which recipes import to declare themselves. */
const OWN_FOLDER = dirname(fileURLToPath(import.meta.url)) + sep

/** Tells modules that belong to a recipe from others. */
export class AllowedModules {
  readonly #code: string
  readonly #packages: readonly LockedPackage[]
  readonly #ofPackages = new Set<string>()

  /** @param code real path of the code folder */
  constructor(code: string, packages: readonly LockedPackage[]) {
    this.#code = code + sep
    this.#packages = packages
  }

  /** The files that are neither code of the recipe, nor of a package that it may use, nor of an installed package that one of these has loaded. In the order in which they were loaded. */
  foreignOf(modules: readonly LoadedModule[]): string[] {
    let pending = modules
    // What loaded a module may be listed after it: it is only one of those that did.
    for (let count = Infinity; pending.length < count; ) {
      count = pending.length
      pending = pending.filter((module) => !this.#isAllowed(module))
    }
    return pending.map(({ file }) => file)
  }

  #isAllowed({ file, importer }: LoadedModule): boolean {
    if (file.startsWith(this.#code) && !file.slice(this.#code.length - 1).includes(PACKAGES)) return true
    const place = packagePlace(file)
    const isListed = place !== undefined && this.#packages.some(({ name, version }) => (place.version ?? '') === version && place.names.includes(name))
    const isAllowed = isListed || file.startsWith(OWN_FOLDER) || (place?.isInstalled === true && importer !== undefined && this.#ofPackages.has(importer))
    if (isAllowed) this.#ofPackages.add(file)
    return isAllowed
  }
}

/** The package that a file belongs to: what is installed is told by its path, what is linked to from elsewhere by the nearest package.json that has a name. */
function packagePlace(file: string): PackagePlace | undefined {
  const at = file.lastIndexOf(PACKAGES)
  if (at >= 0) {
    const [first = '', second = ''] = file.slice(at + PACKAGES.length).split(sep)
    const folderName = first.startsWith('@') ? `${first}/${second}` : first
    const { name, version } = readPackage(join(file.slice(0, at + PACKAGES.length), folderName))
    return { names: [folderName, name], version, isInstalled: true }
  }
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const { name, version } = readPackage(folder)
    if (name !== undefined) return { names: [name], version, isInstalled: false }
  }
  return undefined
}

function readPackage(folder: string): { readonly name?: string; readonly version?: string } {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string; version?: string }
  } catch {
    return {}
  }
}
