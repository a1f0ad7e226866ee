import { realpathSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { codeOfModule } from '../../../src/node/code/code-of-module.ts'
import { MadeFolders } from '../made-folders.ts'
import { identityOf, pathsIn } from './made-projects.ts'

const folders = new MadeFolders()
afterAll(() => folders.remove())

/** Ways to ask for another module from one that is named with .mjs, and where it may be. */
const WAYS: readonly ((path: string) => string)[] = [
  (path) => `import '${path}'`, (path) => `export * from '${path}'`, (path) => `await import('${path}')`, (path) => `new Worker(new URL('${path}', import.meta.url))`, (path) => `try { await import(\`${path}\`) } catch {}`, (path) => `import.meta.resolve("${path}")`,
]

interface Module {
  readonly folder: string
  readonly asks: readonly { readonly of: number; readonly way: number }[]
  readonly isOpen: boolean
}

const modules = fc.array(
  fc.record({ folder: fc.constantFrom('', 'a', 'a/b', 'c'), asks: fc.array(fc.record({ of: fc.nat(11), way: fc.nat(WAYS.length - 1) }), { maxLength: 4 }), isOpen: fc.boolean() }),
  { minLength: 1, maxLength: 12 },
)

const pathOf = ({ folder }: Module, at: number): string => join(folder, `m${at}.mjs`)

function filesOf(made: readonly Module[]): Record<string, string> {
  return Object.fromEntries(made.map((module, at) => {
    const lines = module.asks.map(({ of, way }) => {
      const target = made[of % made.length] ?? module
      const path = relative(module.folder, pathOf(target, of % made.length))
      return WAYS[way]?.(path.startsWith('.') ? path : `./${path}`)
    })
    return [pathOf(module, at), [...lines, module.isOpen ? 'import(name)' : ''].join('\n')]
  }))
}

/** Numbers of the modules that the first one leads to. */
function reached(made: readonly Module[]): ReadonlySet<number> {
  const found = new Set([0])
  for (const at of found) for (const { of } of made[at]?.asks ?? []) found.add(of % made.length)
  return found
}

describe('the identity of code', () => {
  it('is what the modules are that can be reached, wherever the project is and whatever was written first', async () => {
    await fc.assert(fc.asyncProperty(modules, fc.nat(11), async (made, changed) => {
      const files = filesOf(made)
      const first = made[0] as Module
      const found = async (folder: string): Promise<{ readonly paths: string[]; readonly identity: string }> => {
        const code = await codeOfModule(join(folder, pathOf(first, 0)))
        return { paths: pathsIn(code).filter((path) => path !== 'package.json').map((path) => relative(folder, join(code.top, path))).sort(), identity: await identityOf(code) }
      }
      const here = realpathSync(folders.make(files))
      const there = realpathSync(folders.make(Object.fromEntries(Object.entries(files).reverse().map(([path, text]) => [join('far/away', path), text]))))
      const before = await found(here)
      expect(before.paths).toEqual([...reached(made)].map((at) => pathOf(made[at] as Module, at)).sort())
      expect((await found(join(there, 'far/away'))).identity).toBe(before.identity)
      const at = changed % made.length
      const path = pathOf(made[at] as Module, at)
      writeFileSync(join(here, path), `${files[path]}// a comment`)
      expect((await found(here)).identity === before.identity).toBe(!reached(made).has(at))
    }), { numRuns: 30 })
  })
})
