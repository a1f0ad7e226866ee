import { basename, dirname, join, resolve, sep } from 'node:path'
import type { LockedPackage } from '../../recipe/interface.ts'
import { NpmLock, type PackageList } from './npm-lock.ts'
import type { PackageBorder } from './package-border.ts'
import type { PackageFile, PackageFiles } from './package-files.ts'
import { realPathOf } from './real-path.ts'

/** Packages with all that they depend on. */
export interface FoundPackages {
  /** Sorted by name, then version, then integrity. */
  readonly packages: readonly LockedPackage[]
  /** Why there may be others. */
  readonly doubts: readonly string[]
}

/**
 * The packages in `folders` and what they depend on, as the nearest lock file of npm above the outermost node_modules folder has them. What it does not know, or where there is none,
 * is taken from what is installed: then there is no integrity, and packages that this platform does not install are not seen.
 */
export function lockedPackages(folders: Iterable<string>, border: PackageBorder, files: PackageFiles): FoundPackages {
  const found = new Map<string, LockedPackage>()
  const doubts = new Set<string>()
  const list: PackageList = {
    add: (item) => void found.set(JSON.stringify([item.name, item.version, item.integrity]), item),
    doubt: (reason) => void doubts.add(reason),
  }
  const locks = new Map<string, NpmLock | undefined>()
  const seen = new Set<string>()
  for (const folder of [...folders].sort()) {
    const project = resolve(folder.slice(0, folder.indexOf(`${sep}node_modules${sep}`) + 1))
    if (!locks.has(project)) locks.set(project, NpmLock.find(project))
    if (locks.get(project)?.collect(folder, list, files) !== true) collectInstalled(folder, { list, border, files, seen })
  }
  const packages = [...found.values()].sort((a, b) => order(a.name, b.name) || order(a.version, b.version) || order(a.integrity ?? '', b.integrity ?? ''))
  return { packages, doubts: [...doubts] }
}

interface InstalledWalk {
  readonly list: PackageList
  readonly border: PackageBorder
  readonly files: PackageFiles
  readonly seen: Set<string>
}

function collectInstalled(top: string, { list, border, files, seen }: InstalledWalk): void {
  const waiting = [{ name: nameOf(top), folder: top }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { name, folder } = next
    if (seen.has(`${name}\0${folder}`)) continue
    seen.add(`${name}\0${folder}`)
    const described = files.inFolder(folder)
    if (border.packageOf(join(folder, 'package.json')) === undefined) {
      list.doubt(`${name} is a link to a folder, which no module of this code asks for`)
      continue
    }
    const version = described?.fields['version']
    if (typeof version !== 'string') list.doubt(`${name} is installed without a version`)
    list.add({ name, version: typeof version === 'string' ? version : '', integrity: null })
    if (described !== undefined) waiting.push(...dependenciesOf(described))
  }
}

function dependenciesOf({ folder, fields }: PackageFile): { readonly name: string; readonly folder: string }[] {
  const lists = [fields['dependencies'], fields['optionalDependencies'], fields['peerDependencies']]
  const names = lists.flatMap((names) => (typeof names === 'object' && names !== null ? Object.keys(names) : []))
  return names.flatMap((name) => {
    const found = installedFolder(name, folder)
    return found === undefined ? [] : [{ name, folder: found }]
  })
}

function installedFolder(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const found = basename(at) === 'node_modules' ? undefined : realPathOf(join(at, 'node_modules', name))
    if (found !== undefined || dirname(at) === at) return found
  }
}

function nameOf(folder: string): string {
  const scope = basename(dirname(folder))
  return scope.startsWith('@') ? `${scope}/${basename(folder)}` : basename(folder)
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
