import { dirname, join } from 'node:path'
import type { CodeFile } from './interface.ts'
import { packageContent, type PackageFile, type PackageFiles, reducedPackage } from './package-files.ts'
import { isBelow, pathBelow } from './top-folder.ts'

/** The reduced package.json files that modules need beside them. */
export class PackageCopies {
  readonly #copies = new Map<string, ReturnType<typeof reducedPackage>>()
  readonly #hasModules: boolean

  /** `entered` are folders whose package.json says which file stands for a package. */
  constructor(modules: readonly string[], packages: PackageFiles, entered: ReadonlySet<string>) {
    this.#hasModules = modules.length > 0
    const ruling = [...modules.map((path) => packages.scopeOf(dirname(path))), ...[...entered].map((folder) => packages.inFolder(folder))]
    for (const found of new Set(ruling.filter((item): item is PackageFile => item !== undefined))) this.#copies.set(found.folder, reducedPackage(found, entered.has(found.folder)))
  }

  /** Folders that have one. */
  get folders(): readonly string[] {
    return [...this.#copies.keys()]
  }

  /** Absolute paths of those that must stay where they are, since they name other files. */
  get anchors(): readonly string[] {
    return [...this.#copies].filter(([, copy]) => Object.keys(copy).some((key) => key !== 'type')).map(([folder]) => join(folder, 'package.json'))
  }

  /**
   * As files. The nearest one above `top` is put into it. If there is none, an empty one is: what modules are may not depend on what is above the folder that they run in.
   */
  below(top: string): readonly CodeFile[] {
    const placed = new Map<string, Uint8Array>(this.#hasModules ? [['package.json', packageContent({})]] : [])
    const outermostFirst = [...this.#copies].sort(([a], [b]) => a.length - b.length)
    for (const [folder, copy] of outermostFirst) {
      const path = join(folder, 'package.json')
      placed.set(isBelow(path, top) ? pathBelow(path, top) : 'package.json', packageContent(copy))
    }
    return [...placed].map(([path, content]) => ({ path, content, executable: false }))
  }
}
