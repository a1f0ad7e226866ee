import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const SOURCE = resolve('src')

/** From the bottom up (ARCHITECTURE.md). A file may import from its own layer's folder and from lower lines. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors.ts', 'types.ts', 'bytes.ts'],
  ['cid'],
  ['codec', 'chunker'],
  ['manifest', 'file'],
  ['storage'],
  ['repository'],
  ['dataset'],
  ['recipe'],
  ['run'],
  ['registry'],
  ['lineage'],
  ['node'],
  ['remote'],
  ['cli', 'index.ts', 'core.ts'],
]
const NODE_LAYERS = new Set(['node', 'remote', 'cli', 'index.ts'])
const NODE_PACKAGES = new Set(['fs-extra', 'tar-stream', 'acorn', 'acorn-walk'])
const TERMINAL_PACKAGES = new Set(['commander', 'cli-progress'])
/** A program of its own, which runs in child processes alone. */
const CHILD_PROGRAM = 'node/execution/runner/'
/** Gives child processes the search path, which nobody else can know. */
const CHILD_ENVIRONMENT = 'node/execution/environment.ts'
/** Of a run, the process that it is part of is what is to be recorded. */
const RECORDED_PROCESS = 'node/run/own-process.ts'
/** A network is reached as other programs reach it, which they are told by variables. */
const OWN_PROXIES = 'remote/proxy/own-proxies.ts'
/** Imported by `index.ts` and `core.ts` files, which only gather names. */
const MAX_LINES = 300

interface Import {
  readonly file: string
  readonly line: string
  readonly target: string
}

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && !file.includes('.generated.'))

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SOURCE, file), 'utf8')
  const found = [...text.matchAll(/^(?:import|export)[^'"\n]*(?:\{[^}]*\}[^'"\n]*)?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|^import\s+['"]([^'"]+)['"]/gm)]
  return found.map((match) => ({ file, line: match[0], target: match[1] ?? match[2] ?? match[3] ?? '' }))
}

function layerOf(file: string): { name: string; level: number } {
  const name = file.split('/')[0] ?? file
  return { name, level: LAYERS.findIndex((layer) => layer.includes(name)) }
}

const imports = files.flatMap(importsOf)

describe('the layers', () => {
  it('have a place for every source file', () => {
    expect(files.filter((file) => layerOf(file).level < 0)).toEqual([])
    expect(imports.length).toBeGreaterThan(200)
  })

  it('import only from the lines above their own', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (!target.startsWith('.')) return false
      const from = layerOf(file)
      const to = layerOf(relative(SOURCE, resolve(SOURCE, dirname(file), target)))
      return from.name !== to.name && to.level >= from.level
    })
    expect(wrong).toEqual([])
  })

  it('keep Node out of the core', () => {
    const builtins = new Set(builtinModules)
    const wrong = imports.filter(({ file, target }) => !NODE_LAYERS.has(layerOf(file).name) && (target.startsWith('node:') || builtins.has(target) || NODE_PACKAGES.has(target)))
    expect(wrong).toEqual([])
    const globals = files.filter((file) => !NODE_LAYERS.has(layerOf(file).name) && /\b(process|Buffer|__dirname|require)\b[.(]/.test(withoutComments(file)))
    expect(globals).toEqual([])
  })

  it('keep the terminal, the environment and exit codes in the command line', () => {
    expect(imports.filter(({ file, target }) => layerOf(file).name !== 'cli' && TERMINAL_PACKAGES.has(target))).toEqual([])
    const wrong = files.filter((file) => layerOf(file).name !== 'cli' && !file.startsWith(CHILD_PROGRAM) && file !== CHILD_ENVIRONMENT && file !== RECORDED_PROCESS && file !== OWN_PROXIES && /\bconsole\.|process\.(env|argv|exit|exitCode|stdout|stderr|stdin)\b/.test(withoutComments(file)))
    expect(wrong).toEqual([])
  })

  it('name imports with their extension, and have no default exports', () => {
    expect(imports.filter(({ target }) => target.startsWith('.') && !/\.(ts|json)$/.test(target))).toEqual([])
    expect(files.filter((file) => /^export default/m.test(readFileSync(join(SOURCE, file), 'utf8')))).toEqual([])
  })

  it('are made of small files', () => {
    expect(files.filter((file) => readFileSync(join(SOURCE, file), 'utf8').split('\n').length > MAX_LINES)).toEqual([])
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|misc|manager)(\.ts|\/)/.test(file))).toEqual([])
  })
})

function withoutComments(file: string): string {
  return readFileSync(join(SOURCE, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '').replace(/(['"`])(?:\\.|(?!\1)[^\\])*\1/g, "''")
}
