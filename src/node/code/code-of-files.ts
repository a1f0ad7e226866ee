import { readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import { isAbsence } from '../system-errors.ts'
import { globFiles } from './glob-files.ts'
import type { FoundCode, ModuleFolder } from './interface.ts'
import { kindOf, readSource } from './module-source.ts'
import { PackageCopies } from './package-copies.ts'
import { PackageFiles } from './package-files.ts'
import { isBelow, pathBelow } from './top-folder.ts'

/**
 * The code of a command: the files that globs match in a folder, which the words of the command are relative to. What they import is not looked at: name everything. If there is JavaScript
 * among them, the package.json files that rule it are added, and the node_modules folders that it sees are linked whole; which packages those are is for the environment to say.
 *
 * @throws InvalidArgumentError naming a glob that matches nothing, or a file outside of the folder
 */
export async function codeOfFiles(folder: string, globs: readonly string[]): Promise<FoundCode> {
  const top = realpathSync(resolve(folder))
  const paths = globFiles(top, globs)
  const outside = paths.find((path) => !isBelow(path, top))
  if (outside !== undefined) throw new InvalidArgumentError(`${outside} is not in ${top}, where the command runs`, { data: { file: outside, folder: top }, hint: 'Let the command run from a folder that holds all of its code.' })
  const packageFiles = new PackageFiles()
  const scripts = paths.filter((path) => kindOf(path, undefined) !== undefined && basename(path).includes('.'))
  const files = new Map(new PackageCopies(scripts, packageFiles, new Set()).below(top).map((file) => [file.path, file]))
  for (const path of paths) files.set(pathBelow(path, top), { path: pathBelow(path, top), ...readSource(path) })
  return {
    top, entry: undefined, files: [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), links: [], packages: [], open: [],
    moduleFolders: scripts.length === 0 ? [] : moduleFolders(top, scripts),
  }
}

/** Those between the scripts and the top, and in the top what all those at and above it hold: of packages of one name, the nearest. */
function moduleFolders(top: string, scripts: readonly string[]): readonly ModuleFolder[] {
  const found = new Map<string, string>()
  for (const script of scripts) {
    for (let at = dirname(script); isBelow(at, top); at = dirname(at)) {
      const modules = join(at, 'node_modules')
      if (names(modules) !== undefined) found.set(pathBelow(modules, top), realpathSync(modules))
    }
  }
  const above: string[] = []
  for (let at = top; ; at = dirname(at)) {
    const modules = join(at, 'node_modules')
    if (names(modules) !== undefined) above.push(modules)
    if (dirname(at) === at) break
  }
  const [only, ...others] = above
  if (only !== undefined && others.length === 0) found.set('node_modules', realpathSync(only))
  else for (const modules of above.toReversed()) for (const name of packagesIn(modules)) found.set(`node_modules/${name}`, realpathSync(join(modules, name)))
  return [...found].map(([at, target]) => ({ at, target })).sort((a, b) => (a.at < b.at ? -1 : 1))
}

function packagesIn(modules: string): readonly string[] {
  return (names(modules) ?? []).filter((name) => !name.startsWith('.')).flatMap((name) => (name.startsWith('@') ? (names(join(modules, name)) ?? []).map((inner) => `${name}/${inner}`) : [name]))
}

function names(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}
