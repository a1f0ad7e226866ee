import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { getLineInfo } from 'acorn'
import { InvalidArgumentError } from '../../errors.ts'
import { javaScriptOf, kindOf, readSource, type SourceFile } from './module-source.ts'
import type { PackageBorder } from './package-border.ts'
import type { PackageFiles } from './package-files.ts'
import { type ParsedModule, parseModule, type Reference } from './parse-module.ts'
import { type Resolution, Resolver } from './resolver.ts'
import { Unresolved } from './unresolved.ts'

/** What was found by following modules. Paths are absolute. */
export interface ModuleGraph {
  readonly files: ReadonlyMap<string, SourceFile>
  /** Those of the files that are JavaScript or TypeScript. */
  readonly modules: ReadonlySet<string>
  /** Folders of packages, with symbolic links followed. */
  readonly packages: ReadonlySet<string>
  /** From where something is asked for to where it really is. `above`: it is found from any folder below the node_modules folder it is in. */
  readonly aliases: ReadonlyMap<string, { readonly target: string; readonly above: boolean }>
  /** Names of packages that are provided, and asked for. */
  readonly provided: ReadonlySet<string>
  /** Folders whose package.json says which file stands for a package. */
  readonly entered: ReadonlySet<string>
  readonly open: readonly { readonly file: string; readonly line: number; readonly reason: string }[]
}

const JAVASCRIPT = /\.[cm]?[jt]s$/

/** Follows the modules of a program. Reads and parses each file once. `providable` are names of packages that are there when the code runs, whatever is installed. */
export class ModuleWalk implements ModuleGraph {
  readonly files: Map<string, SourceFile> = new Map()
  readonly modules: Set<string> = new Set()
  readonly packages: Set<string> = new Set()
  readonly aliases: Map<string, { target: string; above: boolean }> = new Map()
  readonly provided: Set<string> = new Set()
  readonly entered: Set<string> = new Set()
  readonly open: { file: string; line: number; reason: string }[] = []
  readonly #border: PackageBorder
  readonly #packageFiles: PackageFiles
  readonly #providable: ReadonlySet<string>
  readonly #resolver: Resolver
  /** Modules, and files that may be modules, that are named as files. */
  readonly #named: string[] = []

  constructor(border: PackageBorder, packageFiles: PackageFiles, providable: ReadonlySet<string>) {
    this.#border = border
    this.#packageFiles = packageFiles
    this.#providable = providable
    this.#resolver = new Resolver(packageFiles)
  }

  /**
   * Adds a module and all that it needs. Files that it only names, and `named`, may be modules or data: what they need is followed as far as it is there.
   * @throws InvalidArgumentError naming file, line and specifier if something needed is not there
   */
  add(entry: string, named: readonly string[]): void {
    this.#follow([entry], true)
    for (const asked of named) this.#addNamed({ path: realpathSync(asked), asked, installed: false, entered: [] })
    for (let path = this.#named.pop(); path !== undefined; path = this.#named.pop()) this.#follow([path], false)
  }

  #follow(start: readonly string[], strict: boolean): void {
    const waiting = [...start]
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (this.files.has(path)) continue
      const source = readSource(path)
      this.files.set(path, source)
      const kind = kindOf(path, this.#packageFiles.scopeOf(dirname(path)))
      if (kind === undefined || (!strict && !JAVASCRIPT.test(path))) continue
      this.modules.add(path)
      const module = this.#parsed(path, source, kind, strict)
      if (module !== undefined) waiting.push(...this.#needs(path, module, strict))
    }
  }

  #parsed(path: string, source: SourceFile, kind: Parameters<typeof parseModule>[1], strict: boolean): (ParsedModule & { readonly text: string }) | undefined {
    try {
      const text = javaScriptOf(path, source)
      return { text, ...parseModule(text, kind) }
    } catch (error) {
      if (!strict) return undefined
      if (!(error instanceof SyntaxError)) throw error
      const line = (error as { readonly loc?: { readonly line: number } }).loc?.line ?? 1
      throw new InvalidArgumentError(`${path}:${line}: ${error.message.replace(/ \(\d+:\d+\)$/, '')}`, { cause: error, data: { file: path, line }, hint: 'Correct the syntax.' })
    }
  }

  /** @returns local modules that the module needs */
  #needs(path: string, { text, references, open }: ParsedModule & { readonly text: string }, strict: boolean): string[] {
    const lineOf = (offset: number): number => getLineInfo(text, offset).line
    for (const { reason, offset } of open) this.open.push({ file: path, line: lineOf(offset), reason })
    const found: string[] = []
    for (const reference of references) {
      try {
        const local = reference.mode === 'file' ? this.#name(path, reference) : this.#load(path, reference, () => lineOf(reference.offset))
        if (local !== undefined) found.push(local)
      } catch (error) {
        if (!(error instanceof Unresolved)) throw error
        if (!strict || reference.optional) continue
        const { specifier, offset } = reference
        throw new InvalidArgumentError(`${path}:${lineOf(offset)}: ${JSON.stringify(specifier)} ${error.message}`, {
          data: { file: path, line: lineOf(offset), specifier }, hint: 'Install what is missing, or correct the name. What code can do without, it may load within try.',
        })
      }
    }
    return found
  }

  #load(from: string, { specifier, mode }: Reference, line: () => number): string | undefined {
    if (isAbsolute(specifier) || specifier.startsWith('file:')) {
      this.open.push({ file: from, line: line(), reason: `${JSON.stringify(specifier)} is an absolute path` })
      return undefined
    }
    if (specifier.startsWith('data:') || mode === 'file') return undefined
    if (this.#isProvided(specifier)) return undefined
    const found = this.#resolver.resolve(specifier, from, mode)
    return found === undefined ? undefined : this.#accept(found)
  }

  #accept({ path, asked, installed, entered }: Resolution): string | undefined {
    const packageFolder = this.#border.packageOf(path)
    if (packageFolder !== undefined) this.packages.add(packageFolder)
    for (const folder of entered) if (this.#border.packageOf(join(folder, 'package.json')) === undefined) this.entered.add(folder)
    const target = installed ? (entered[0] ?? path) : path
    if (asked !== target || installed) this.aliases.set(asked, { target, above: installed })
    return packageFolder === undefined ? path : undefined
  }

  /** A file beside the module. It may be there only later, or be a folder to write to. */
  #name(from: string, { specifier }: Reference): undefined {
    if (!isAbsolute(specifier) && !/^[a-z][a-z0-9+.-]*:/i.test(specifier)) {
      const found = this.#resolver.resolve(specifier.startsWith('.') ? specifier : `./${specifier}`, from, 'import')
      if (found !== undefined) this.#addNamed(found)
    }
    return undefined
  }

  /** Data is kept where it is asked for, even if a link has it from elsewhere. */
  #addNamed(found: Resolution): void {
    if (!JAVASCRIPT.test(found.path) && this.#border.packageOf(found.asked) === undefined) this.files.set(found.asked, readSource(found.asked))
    else if (this.#accept(found) !== undefined) this.#named.push(found.path)
  }

  #isProvided(specifier: string): boolean {
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? ''
    if (!this.#providable.has(name)) return false
    this.provided.add(name)
    return true
  }
}
