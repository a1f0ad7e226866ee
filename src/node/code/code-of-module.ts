import { dirname, join, relative, resolve, sep } from 'node:path'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import { globFiles } from './glob-files.ts'
import type { CodeFile, CodeLink, FoundCode, ModuleFolder } from './interface.ts'
import { lockedPackages } from './locked-packages.ts'
import { type ModuleGraph, ModuleWalk } from './module-graph.ts'
import { PackageBorder } from './package-border.ts'
import { PackageCopies } from './package-copies.ts'
import { PackageFiles } from './package-files.ts'
import { realPathOf } from './real-path.ts'
import { isBelow, pathBelow, topFolder } from './top-folder.ts'

export interface CodeOfModuleOptions {
  /** Files that the code reads or loads beside what it imports, as globs relative to the module's folder. Modules among them are followed as far as what they import is there. */
  readonly files?: readonly string[]
  /** A folder that all local files must be in. By default they may be anywhere that has a folder in common below the home folder. */
  readonly root?: string
  /** Packages that are there when the code runs, whatever is installed: name to absolute folder. They are linked, and are no part of the code's identity. */
  readonly provided?: Readonly<Record<string, string>>
}

/**
 * Finds all that a module is made of: the modules that it imports, in turn, files that it names by `new URL('./x', import.meta.url)`, the package.json files that rule them,
 * and packages with all that they depend on. Nothing is run.
 *
 * What is in a node_modules folder is a package, which the lock file stands for; everything else, links of workspaces too, is local and read. Reads and parses each local file once,
 * and one package.json for each package: some 30 ms for 50 files and a lock file of 1 MB.
 *
 * @throws NotFoundError if there is no such module
 * @throws InvalidArgumentError naming file and line of an import that leads nowhere, of a syntax error, or of TypeScript that this Node cannot read; for a glob that matches nothing;
 * and for files that are in no project together
 */
export async function codeOfModule(module: string, options: CodeOfModuleOptions = {}): Promise<FoundCode> {
  const entry = realEntry(resolve(module))
  const { files = [], provided = {} } = options
  const packageFiles = new PackageFiles()
  const border = new PackageBorder(entry)
  const graph = new ModuleWalk(border, packageFiles, new Set(Object.keys(provided)))
  graph.add(entry, globFiles(dirname(entry), files))
  if (options.root !== undefined) assertWithin(realPathOf(options.root) ?? resolve(options.root), graph)

  const copies = new PackageCopies([...graph.modules], packageFiles, graph.entered)
  const fixedAliases = [...graph.aliases].filter(([, { above }]) => !above).map(([asked]) => asked)
  const top = topFolder([...graph.files.keys(), ...copies.anchors, ...fixedAliases], copies.folders)
  const { packages, doubts } = lockedPackages(graph.packages, border, packageFiles)
  const reasons = graph.open.map(({ file, line, reason }) => `${pathBelow(file, top)}:${line}: ${reason}`)
  return {
    top, entry: pathBelow(entry, top), files: filesBelow(top, graph, copies), packages, open: [...new Set([...reasons, ...doubts])].sort(),
    ...linksBelow(top, graph, border, provided),
  }
}

function realEntry(path: string): string {
  const real = realPathOf(path)
  if (real === undefined) throw new NotFoundError(`There is no module ${path}`, { data: { path }, hint: 'Check the path.' })
  return real
}

function assertWithin(root: string, { files }: ModuleGraph): void {
  const outside = [...files.keys()].find((path) => !isBelow(path, root))
  if (outside !== undefined) throw new InvalidArgumentError(`${outside} is part of the code, and is not in ${root}`, { data: { file: outside, root }, hint: 'Move it there, or make a package of it and install that.' })
}

function filesBelow(top: string, graph: ModuleGraph, copies: PackageCopies): readonly CodeFile[] {
  const files = new Map(copies.below(top).map((file) => [file.path, file]))
  // A package.json that is itself imported stands as it is.
  for (const [path, source] of graph.files) files.set(pathBelow(path, top), { path: pathBelow(path, top), ...source })
  return [...files.values()].sort(byPath)
}

function linksBelow(top: string, graph: ModuleGraph, border: PackageBorder, provided: Readonly<Record<string, string>>): Pick<FoundCode, 'links' | 'moduleFolders'> {
  const links: CodeLink[] = []
  const folders = new Map([...graph.provided].map((name) => [`node_modules/${name}`, provided[name] ?? '']))
  // Should two from above come to one place, the nearest counts, as it does for Node.
  for (const [asked, { target }] of [...graph.aliases].sort(([a], [b]) => a.length - b.length)) {
    const at = isBelow(asked, top) ? asked : join(top, asked.slice(asked.lastIndexOf(`${sep}node_modules${sep}`)))
    if (border.packageOf(target) === undefined) links.push({ path: pathBelow(at, top), target: relative(dirname(at), target).split(sep).join('/') })
    else folders.set(pathBelow(at, top), target)
  }
  const moduleFolders: ModuleFolder[] = [...folders].map(([at, target]) => ({ at, target }))
  return { links: links.sort(byPath), moduleFolders: moduleFolders.sort((a, b) => (a.at < b.at ? -1 : 1)) }
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1
}
