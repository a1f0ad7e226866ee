import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson } from '../../codec/canonical-json.ts'
import type { FoundCode } from '../code/interface.ts'
import { hostId } from '../maker.ts'
import { tempName } from '../temp-files.ts'
import type { Params } from './interface.ts'
import type { ModuleDescription } from './describe-module.ts'

/** Changes whenever what is kept, or what it depends on, does. */
const VERSION = 2

/**
 * What a module said of itself, kept by all that it is made of, so that it need not be loaded to find out that nothing is to be done. May be deleted at any time. Code that may load more than is known
 * of it is asked each time.
 */
export class DescriptionCache {
  readonly #folder: string
  readonly #path: string
  readonly #isClosed: boolean

  constructor(cacheFolder: string, code: FoundCode, { exportName, params }: { readonly exportName: string | undefined; readonly params: Params }) {
    this.#folder = join(cacheFolder, 'recipes')
    this.#isClosed = code.open.length === 0
    const key = createHash('sha256')
    const facts = { version: VERSION, node: process.version, entry: code.entry ?? null, exportName: exportName ?? null, params, packages: code.packages.map(({ name, version, integrity }) => ({ name, version, integrity })), links: code.links.map(({ path, target }) => ({ path, target })) }
    key.update(canonicalJson(facts, 'The parameters of a recipe'))
    for (const { path, content } of code.files) key.update(`\0${path}\0${content.length}\0`).update(content)
    this.#path = join(this.#folder, `${key.digest('hex')}.json`)
  }

  async read(): Promise<ModuleDescription | undefined> {
    if (!this.#isClosed) return undefined
    try {
      const { sum, description } = JSON.parse(await readFile(this.#path, 'utf8')) as { sum: string; description: ModuleDescription }
      return sum === sumOf(description) ? description : undefined
    } catch {
      // Absent or damaged: the module is asked again.
      return undefined
    }
  }

  /** Gives the description back. */
  async keep(description: ModuleDescription): Promise<ModuleDescription> {
    if (!this.#isClosed) return description
    const temporary = join(this.#folder, tempName(hostId()))
    try {
      await mkdir(this.#folder, { recursive: true })
      await writeFile(temporary, JSON.stringify({ sum: sumOf(description), description }))
      await rename(temporary, this.#path)
    } catch {
      // A cache that cannot be written only costs time.
    }
    return description
  }
}

function sumOf(description: ModuleDescription): string {
  return createHash('sha256').update(JSON.stringify(description)).digest('hex')
}
