import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FoundCode } from '../../../src/node/code/interface.ts'
import { DescriptionCache } from '../../../src/node/derive/description-cache.ts'
import type { ModuleDescription } from '../../../src/node/derive/describe-module.ts'
import { capitals, Project } from './project.ts'

const DESCRIPTION: ModuleDescription = {
  exportName: 'clean', effectiveParams: { size: 8 },
  definition: { name: 'clean', version: null, takesParams: true, inputs: ['raw'], outputs: ['out'], deterministic: 'bitwise', environment: 'locked', map: null, files: [] },
}

function code(changes: Partial<FoundCode> = {}): FoundCode {
  const files = ['clean.mjs', 'lib/a.mjs'].map((path) => ({ path, content: new TextEncoder().encode(path), executable: false }))
  return { top: '/project', entry: 'clean.mjs', files, links: [], packages: [], open: [], moduleFolders: [], ...changes }
}

describe('what modules said of themselves', () => {
  let project = new Project()
  beforeEach(() => void (project = new Project()))
  afterEach(() => project[Symbol.asyncDispose]())

  const cache = (changes: Partial<FoundCode> = {}, wanted: { readonly exportName?: string; readonly params?: { readonly [key: string]: number } } = {}): DescriptionCache =>
    new DescriptionCache(project.folder, code(changes), { exportName: undefined, params: {}, ...wanted })
  const file = (): string => {
    const [name = '', ...others] = readdirSync(join(project.folder, 'recipes'))
    expect(others).toEqual([])
    return join(project.folder, 'recipes', name)
  }

  it('is known for the same code and parameters, wherever they are, and for no others', async () => {
    expect(await cache().read()).toBeUndefined()
    expect(await cache().keep(DESCRIPTION)).toBe(DESCRIPTION)
    expect(await cache().read()).toEqual(DESCRIPTION)
    expect(await cache({ top: '/elsewhere' }).read()).toEqual(DESCRIPTION)
    const [first, second] = code().files
    const others = [
      cache({ files: [first, { path: 'lib/a.mjs', content: new Uint8Array(9), executable: false }].filter((each) => each !== undefined) }),
      cache({ files: [first, second].filter((each) => each !== undefined).map((each) => ({ ...each, path: `x/${each.path}` })) }),
      cache({ entry: 'lib/a.mjs' }), cache({ packages: [{ name: 'zod', version: '4.0.0', integrity: 'sha512-x' }] }), cache({ links: [{ path: 'b.mjs', target: 'lib/a.mjs' }] }),
      cache({}, { exportName: 'clean' }), cache({}, { params: { size: 9 } }),
    ]
    for (const other of others) expect(await other.read()).toBeUndefined()
  })

  it.each([
    ['cut off', (text: string) => text.slice(0, -9)],
    ['empty', () => ''],
    ['another JSON value', () => 'null'],
    ['changed', (text: string) => text.replace('"outputs":["out"]', '"outputs":["bad"]')],
    ['without a description', (text: string) => JSON.stringify({ sum: (JSON.parse(text) as { sum: string }).sum })],
  ])('is not believed from a file that is %s, which is written again', async (_what, damage) => {
    await cache().keep(DESCRIPTION)
    const sound = readFileSync(file(), 'utf8')
    writeFileSync(file(), damage(sound))
    expect(readFileSync(file(), 'utf8')).not.toBe(sound)
    expect(await cache().read()).toBeUndefined()
    await cache().keep(DESCRIPTION)
    expect(readFileSync(file(), 'utf8')).toBe(sound)
    expect(await cache().read()).toEqual(DESCRIPTION)
  })

  it('is not kept of code that may load more than is known', async () => {
    const open = { open: ['clean.mjs:12: import() of …'] }
    expect(await cache(open).keep(DESCRIPTION)).toBe(DESCRIPTION)
    expect(readdirSync(project.folder)).toEqual([])
    await cache().keep(DESCRIPTION)
    expect(await cache(open).read()).toBeUndefined()
  })

  it('does not matter where it cannot be written', async () => {
    project.write('recipes', 'a file in the place of the folder')
    expect(await cache().keep(DESCRIPTION)).toBe(DESCRIPTION)
    expect(await cache().read()).toBeUndefined()
  })
})

describe('a module', () => {
  /** The times that it was loaded to be described are seen by what it says of itself. */
  const CLOCK = 'const times = String(process.hrtime.bigint())'
  const named = (head = ''): string => capitals({ head: `${head}\n${CLOCK}`, fields: 'version: times,' })

  it('is asked once, again if what is kept is damaged, and each time if it is open', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    const ask = async (module: string): Promise<string> => (await project.derive(repository, module, { dryRun: true })).derivation
    project.write('closed.mjs', named())
    const first = await ask('closed.mjs')
    expect(await ask('closed.mjs')).toBe(first)
    const kept = join(project.folder, '.varve/cache/recipes')
    for (const name of readdirSync(kept)) writeFileSync(join(kept, name), '{')
    const second = await ask('closed.mjs')
    expect(second).not.toBe(first)
    expect(await ask('closed.mjs')).toBe(second)
    project.write('open.mjs', named('const load = (name) => import(name)'))
    expect(await ask('open.mjs')).not.toBe(await ask('open.mjs'))
  }, 30_000)
})
