import { realpathSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isAbsence } from '../system-errors.ts'
import type { PackageFile, PackageFiles } from './package-files.ts'
import { exportedTarget, importedTarget } from './package-target.ts'
import { packageNameOf, pathOfRequest, pathOfUrl } from './specifier.ts'
import { Unresolved } from './unresolved.ts'

/** How a module is asked for: their rules of resolution differ. */
export type LoadMode = 'import' | 'require'

/** A file that a specifier leads to. */
export interface Resolution {
  /** Absolute, with symbolic links followed. */
  readonly path: string
  /** Where the specifier says it is, before symbolic links are followed. Of what is looked for in node_modules folders: where the package is. */
  readonly asked: string
  /** True if it was looked for in the node_modules folders upwards. */
  readonly installed: boolean
  /** Folders whose package.json took part by more than its `type` and `imports`. */
  readonly entered: readonly string[]
}

const REQUIRED_EXTENSIONS: readonly string[] = ['', '.js', '.json', '.node']
const INDEXES: readonly string[] = ['index.js', 'index.json', 'index.node']
const CONDITIONS: Readonly<Record<LoadMode, ReadonlySet<string>>> = { import: conditionsOf('import'), require: conditionsOf('require') }

function conditionsOf(mode: LoadMode): ReadonlySet<string> {
  const synchronous = (process.features as { readonly require_module?: boolean }).require_module === true ? ['module-sync'] : []
  return new Set(['node', mode, 'node-addons', ...synchronous])
}

/**
 * Finds modules as Node does ("Resolution Algorithm Specification" in its documentation of ECMAScript modules, "All together" in that of CommonJS modules), but for folders
 * of NODE_PATH and in the home folder. Remembers no file, so that it sees what is there now.
 */
export class Resolver {
  readonly #packages: PackageFiles

  constructor(packages: PackageFiles) {
    this.#packages = packages
  }

  /** @returns undefined for what is part of Node; @throws Unresolved */
  resolve(specifier: string, from: string, mode: LoadMode): Resolution | undefined {
    if (isBuiltin(specifier)) return undefined
    if (/^\.{0,2}\/|^\.{1,2}$/.test(specifier)) return this.#file(mode === 'import' ? pathOfUrl(specifier, from) : pathOfRequest(specifier, from), mode)
    if (specifier.startsWith('#')) return this.#imported(specifier, from, mode)
    if (URL.canParse(specifier)) throw new Unresolved('is a URL that Node cannot load')
    return this.#bare(specifier, dirname(from), mode)
  }

  #file(asked: string, mode: LoadMode): Resolution {
    if (mode === 'import') return { path: realFile(asked), asked, installed: false, entered: [] }
    const found = this.#required(asked)
    if (found === undefined) throw new Unresolved('is not there')
    const entered = this.#packages.inFolder(asked)?.fields['main'] !== undefined && statOf(asked) === 'folder' ? [realpathSync(asked)] : []
    return { path: realpathSync(found), asked: found, installed: false, entered }
  }

  /** What a package.json leads to. */
  #described(asked: string): Resolution {
    if (statOf(asked) !== 'file') throw new Unresolved(`leads to ${asked}, which is not there`)
    return { path: realpathSync(asked), asked, installed: false, entered: [] }
  }

  /** As CommonJS completes a path: with an extension, then as a folder. */
  #required(path: string): string | undefined {
    const file = REQUIRED_EXTENSIONS.map((extension) => `${path}${extension}`).find((candidate) => statOf(candidate) === 'file')
    if (file !== undefined && !path.endsWith('/')) return file
    if (statOf(path) !== 'folder') return undefined
    const main = this.#packages.inFolder(path)?.fields['main']
    const named = typeof main === 'string' ? completed(join(path, main)) : undefined
    return named ?? INDEXES.map((name) => join(path, name)).find((candidate) => statOf(candidate) === 'file')
  }

  #imported(specifier: string, from: string, mode: LoadMode): Resolution | undefined {
    const scope = this.#packages.scopeOf(dirname(from))
    const target = scope === undefined ? undefined : importedTarget(scope.fields['imports'] ?? null, specifier, CONDITIONS[mode])
    if (scope === undefined || target === undefined) throw new Unresolved('is not among the `imports` of its package.json')
    if (isBuiltin(target)) return undefined
    if (!target.startsWith('./')) return this.#bare(target, scope.folder, mode)
    return this.#described(pathOfUrl(target, join(scope.folder, 'package.json')))
  }

  #bare(specifier: string, folder: string, mode: LoadMode): Resolution {
    const { name, subpath } = packageNameOf(specifier)
    const scope = this.#packages.scopeOf(folder)
    if (scope !== undefined && scope.fields['name'] === name && (scope.fields['exports'] ?? null) !== null) {
      return { ...this.#described(this.#exported(scope, subpath, mode)), entered: [scope.folder] }
    }
    for (let at = folder; ; at = dirname(at)) {
      const found = mode === 'require' && basename(at) === 'node_modules' ? undefined : this.#inModules(join(at, 'node_modules'), specifier, mode)
      if (found !== undefined) return found
      if (dirname(at) === at) throw new Unresolved('is not installed')
    }
  }

  #inModules(modules: string, specifier: string, mode: LoadMode): Resolution | undefined {
    const { name, subpath } = packageNameOf(specifier)
    const asked = join(modules, name)
    const described = statOf(asked) === 'folder' ? (this.#packages.inFolder(asked) ?? { folder: asked, fields: {} }) : undefined
    if (described !== undefined && (described.fields['exports'] ?? null) !== null) {
      return { ...this.#described(this.#exported(described, subpath, mode)), asked, installed: true, entered: [realpathSync(asked)] }
    }
    // CommonJS goes on upwards if there is no such file; ECMAScript modules only if there is no such package.
    const file = mode === 'require' ? this.#required(join(modules, specifier)) : described === undefined ? undefined : this.#withoutExports(described, subpath)
    if (file === undefined) return undefined
    return described === undefined ? { path: realpathSync(file), asked: file, installed: true, entered: [] } : { path: realpathSync(file), asked, installed: true, entered: [realpathSync(asked)] }
  }

  #withoutExports({ folder, fields }: PackageFile, subpath: string): string {
    if (subpath !== '.') {
      const path = fileURLToPath(new URL(subpath, pathToFileURL(`${folder}/`)))
      realFile(path)
      return path
    }
    const { main } = fields
    const candidates = typeof main === 'string' ? ['', '.js', '.json', '.node', '/index.js', '/index.json', '/index.node'].map((end) => join(folder, `${main}${end}`)) : []
    const found = [...candidates, ...INDEXES.map((name) => join(folder, name))].find((candidate) => statOf(candidate) === 'file')
    if (found === undefined) throw new Unresolved('is a package without a main module')
    return found
  }

  #exported({ folder, fields }: PackageFile, subpath: string, mode: LoadMode): string {
    const target = exportedTarget(fields['exports'] ?? null, subpath, CONDITIONS[mode])
    if (target === undefined) throw new Unresolved('is not among the `exports` of its package')
    return fileURLToPath(new URL(target, pathToFileURL(`${folder}/`)))
  }
}

function completed(path: string): string | undefined {
  return [...REQUIRED_EXTENSIONS.map((extension) => `${path}${extension}`), ...INDEXES.map((name) => join(path, name))].find((candidate) => statOf(candidate) === 'file')
}

function realFile(path: string): string {
  const kind = statOf(path)
  if (kind === 'folder') throw new Unresolved('is a folder')
  if (kind === undefined) throw new Unresolved('is not there')
  return realpathSync(path)
}

function statOf(path: string): 'file' | 'folder' | undefined {
  try {
    const facts = statSync(path, { throwIfNoEntry: false })
    return facts?.isFile() === true ? 'file' : facts?.isDirectory() === true ? 'folder' : undefined
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}
