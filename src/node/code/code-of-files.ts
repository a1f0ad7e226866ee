import { readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import { isAbsence } from '../system-errors.ts'
import { globFiles } from './glob-files.ts'
import type { FoundCode, ModuleFolder } from './interface.ts'
import { kindOf, readSource } from './module-source.ts'
import { PackageCopies } from './package-copies.ts'
import { PackageFiles } from './package-files.ts'
import { realPathOf } from './real-path.ts'
import { isBelow, pathBelow } from './top-folder.ts'

/**
 * The code of a command: the files that globs match in a folder, which the words of the command are relative to. What they import is not looked at: name everything. If there is JavaScript
 * among them, the package.json files that rule it are added, and the node_modules folders that it sees are linked whole; which packages those are is for the environment to say.
 *
 * @throws NotFoundError if there is no such folder
 * @throws InvalidArgumentError naming a glob that matches nothing, or a file outside of the folder
 */
export async function codeOfFiles(folder: string, globs: readonly string[]): Promise<FoundCode> {
  const top = realPathOf(resolve(folder))
  if (top === undefined) throw new NotFoundError(`There is no folder ${resolve(folder)}`, { data: { path: resolve(folder) }, hint: 'Check the path.' })
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
  const add = (at: string, path: string): void => {
    const target = realPathOf(path)
    if (target !== undefined) found.set(at, target)
  }
  for (const script of scripts) {
    for (let at = dirname(script); isBelow(at, top); at = dirname(at)) add(pathBelow(join(at, 'node_modules'), top), join(at, 'node_modules'))
  }
  const above: string[] = []
  for (let at = top; ; at = dirname(at)) {
    if (namesIn(join(at, 'node_modules')).length > 0) above.unshift(join(at, 'node_modules'))
    if (dirname(at) === at) break
  }
  const [only] = above
  if (above.length === 1 && only !== undefined) add('node_modules', only)
  else for (const modules of above) for (const name of packagesIn(modules)) add(`node_modules/${name}`, join(modules, name))
  return [...found].map(([at, target]) => ({ at, target })).sort((a, b) => (a.at < b.at ? -1 : 1))
}

function packagesIn(modules: string): readonly string[] {
  const names = namesIn(modules).filter((name) => !name.startsWith('.'))
  return names.flatMap((name) => (name.startsWith('@') ? namesIn(join(modules, name)).map((inner) => `${name}/${inner}`) : [name]))
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isAbsence(error)) return []
    throw error
  }
}
