import { sep } from 'node:path'

/** Tells local files from those of packages, by real paths. What lies in a node_modules folder is a package, but for the package that the code itself is in. */
export class PackageBorder {
  readonly #own: string | undefined

  constructor(entry: string) {
    this.#own = packageFolderOf(entry)
  }

  /** The folder of the package that a file belongs to; undefined for a local file. */
  packageOf(path: string): string | undefined {
    const own = this.#own !== undefined && path.startsWith(`${this.#own}${sep}`) ? this.#own.length : 0
    return packageFolderOf(path.slice(own)) === undefined ? undefined : packageFolderOf(path)
  }
}

/** Up to the name, with its scope, that follows the last node_modules in a path. */
function packageFolderOf(path: string): string | undefined {
  const segments = path.split(sep)
  const at = segments.lastIndexOf('node_modules')
  if (at === -1 || at === segments.length - 1) return undefined
  return segments.slice(0, at + (segments[at + 1]?.startsWith('@') === true ? 3 : 2)).join(sep)
}
