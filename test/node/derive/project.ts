import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { derive } from '../../../src/node/derive/derive.ts'
import type { DeriveOptions, DeriveResult } from '../../../src/node/derive/interface.ts'
import { openRepository, type OpenOptions } from '../../../src/node/open-repository.ts'
import type { Repository } from '../../../src/dataset/repository.ts'
import type { RecipeDefinition } from '../../../src/recipe/define-recipe.ts'
import { derivedOutputs } from '../../../src/recipe/evict-derived.ts'

/** A folder with recipes and a repository beside them. */
export class Project {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'varve-derive-'))
  readonly #opened: Repository[] = []

  write(path: string, content: string): string {
    const place = join(this.folder, path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, content)
    return place
  }

  async open(options: OpenOptions = {}): Promise<Repository> {
    const repository = await openRepository(join(this.folder, '.varve'), { create: true, ...options })
    this.#opened.push(repository)
    return repository
  }

  derive(repository: Repository, recipe: string | RecipeDefinition, options: Partial<DeriveOptions> = {}): Promise<DeriveResult> {
    return derive(repository, typeof recipe === 'string' ? join(this.folder, recipe) : recipe, { inputs: { raw: 'raw' }, ...options })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const repository of this.#opened) await repository.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Drops all derived data that can be made again, one run being enough. Gives the roots. */
export async function evictDerived(repository: Repository): Promise<readonly string[]> {
  const alsoEvict = async () => (await derivedOutputs(repository.blocks, { trustOnce: true })).filter(({ evictable }) => evictable).map(({ cid }) => cid)
  return (await repository.collectGarbage({ graceMs: 0, alsoEvict })).evictedRoots
}

/** A recipe that writes each file of `raw` in capitals; `extra` are more lines of its function, `head` of its module. */
export function capitals({ name = 'capitals', extra = '', head = '', fields = '' }: { readonly name?: string; readonly extra?: string; readonly head?: string; readonly fields?: string } = {}): string {
  return `import { defineRecipe } from 'varve'
${head}
export const ${name} = defineRecipe({
  name: '${name}', inputs: ['raw'], outputs: ['out'], ${fields}
  async run({ inputs, outputs, params, rng, log }) {
    for await (const path of inputs.raw.files()) {
      await outputs.out.write(path, new TextDecoder().decode(await inputs.raw.read(path)).toUpperCase())
      log('wrote', path)
    }
    ${extra}
  },
})
`
}
