import { realpathSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { moduleResolve } from 'import-meta-resolve'
import { afterAll, describe, expect, it } from 'vitest'
import { PackageFiles } from '../../../src/node/code/package-files.ts'
import { type LoadMode, Resolver } from '../../../src/node/code/resolver.ts'
import { Unresolved } from '../../../src/node/code/unresolved.ts'
import { MadeFolders } from '../made-folders.ts'
import { json } from './made-projects.ts'

const folders = new MadeFolders()
// Those that are compared with warn of what is in the packages made here.
const { noDeprecation } = process
process.noDeprecation = true
afterAll(() => {
  folders.remove()
  process.noDeprecation = noDeprecation ?? false
})

const exported = {
  '.': { import: './esm.mjs', require: './cjs.cjs' }, './null': null, './nested': { browser: './no.js', node: { import: './esm.mjs', default: './cjs.cjs' } }, './list': ['../bad.js', './cjs.cjs'],
  './features/*.js': './src/*.js', './features/private/*.js': null, './all/*': './src/*', './all/*.mjs': './esm.mjs', './bad': '../outside.js', './bare': 'plain', './deep/*/x': './src/*.js', './folder/': './src/',
  './missing': './not-there.js', './sub': './src', './only-browser': { browser: './esm.mjs' }, './encoded': './src/%2e%2e/x.js', './q/*-very-long.js': './esm.mjs', './q/deep/*': './cjs.cjs', './module-sync': { 'module-sync': './esm.mjs', default: './cjs.cjs' },
}
const imported = {
  '#own': './app/own.js', '#dep': 'plain/lib/a.js', '#node': 'node:fs', '#fs': 'fs', '#by/*': './app/*.js', '#by/none/*': null, '#cond': { import: './app/own.js', require: 'plain' }, '#bad': '../out.js', '#url': 'https://example.org/', '#self': 'self/own',
  '#list': [{ browser: './x.js' }, './app/own.js'], '#slash': './app/', '#gone': 'not-installed',
}

const project = realpathSync(folders.make({
  'package.json': json({ name: 'self', exports: { './own': './app/own.js', './x': { import: './app/own.js' } }, imports: imported }),
  'app/own.js': '', 'app/with space.js': '', 'app/other.json': '{}', 'app/own.mjs': '', 'app/index.js': '', 'app/folder/index.json': '', 'app/main-folder/package.json': json({ main: './lib' }), 'app/main-folder/lib/index.js': '', 'app/bad-main/package.json': json({ main: 'nothing' }), 'app/bad-main/index.js': '',
  'app/inner/package.json': '{}', 'app/inner/a.js': '', 'app/both.js': '', 'app.js': '', 'app/inner.js': '', 'node_modules/node_modules/decoy/index.js': '', 'app/both/index.js': '',
  'node_modules/plain/package.json': json({ name: 'plain', main: 'lib' }), 'node_modules/plain/lib/index.js': '', 'node_modules/plain/lib/a.js': '', 'node_modules/plain/index.js': '',
  'node_modules/no-main/package.json': json({ name: 'no-main' }), 'node_modules/no-main/index.js': '', 'node_modules/empty/package.json': '{}', 'node_modules/bare-folder/index.js': '', 'node_modules/file.js': '',
  'node_modules/wrong-main/package.json': json({ main: './nothing.js' }), 'node_modules/wrong-main/index.js': '',
  'node_modules/@scope/pkg/package.json': json({ exports: './only.js' }), 'node_modules/@scope/pkg/only.js': '',
  'node_modules/mapped/package.json': json({ exports: exported }), 'node_modules/mapped/esm.mjs': '', 'node_modules/mapped/cjs.cjs': '', 'node_modules/mapped/src/a.js': '', 'node_modules/mapped/src/private/b.js': '', 'node_modules/mapped/x.js': '',
  'node_modules/sugar/package.json': json({ exports: { import: './a.mjs', default: './b.js' } }), 'node_modules/sugar/a.mjs': '', 'node_modules/sugar/b.js': '', 'node_modules/mixed/package.json': json({ exports: { '.': './a.js', import: './a.js' } }), 'node_modules/mixed/a.js': '',
  'node_modules/none/package.json': json({ exports: {} }), 'node_modules/null/package.json': json({ exports: null, main: 'm.js' }), 'node_modules/null/m.js': '', 'node_modules/list/package.json': json({ exports: [{ browser: './x.js' }, './y.js'] }), 'node_modules/list/y.js': '',
  'app/node_modules/plain/package.json': '{}', 'app/node_modules/plain/index.js': '', 'store/linked/package.json': json({ main: 'main.js' }), 'store/linked/main.js': '',
}))
symlinkSync(join(project, 'store/linked'), join(project, 'node_modules/linked'))
symlinkSync(join(project, 'app/own.js'), join(project, 'app/alias.js'))

const specifiers = [
  './own.js', './own', './own.mjs', './alias.js', './with%20space.js', './with space.js', './own.js?x=1', '.', './', '..', './folder', './folder/', './main-folder', './bad-main', './both', './both/', './other', './other.json', './nothing', '../app/own.js', './inner', './inner/a', './own%2fx.js',
  'plain', 'plain/lib', 'plain/lib/a.js', 'plain/lib/a', 'plain/package.json', 'no-main', 'no-main/index.js', 'no-main/nothing', 'empty', 'bare-folder', 'file', 'file.js', 'wrong-main', '@scope/pkg', '@scope/pkg/only.js', '@scope', '@scope/', '@scope/nothing', 'linked', 'linked/main.js',
  'mapped', ...Object.keys(exported).filter((key) => key !== '.').map((key) => `mapped/${key.slice(2).replace('*', 'a')}`), 'mapped/features/private/b.js', 'mapped/q/deep/a-very-long.js', 'plain/', 'linked/', 'bare-folder/', 'file/', 'plain/lib/', 'decoy', './.', './..', '../', '../.', 'mapped/features/../x.js', 'mapped/all/private/b.js', 'mapped/folder/a.js', 'mapped/package.json', 'mapped/all/', 'mapped/features/.js', 'mapped/', 'mapped/src/a.js',
  'sugar', 'sugar/a.mjs', 'mixed', 'none', 'null', 'null/m', 'list', 'self', 'self/own', 'self/x', 'self/nothing', 'not-installed', 'not-installed/x', 'fs', 'node:fs', 'fs/promises', '.hidden', 'a%b', '%', '',
  ...Object.keys(imported).map((key) => key.replace('*', 'own')), '#by/none/own', '#unknown', '#', '#/x', 'https://example.org/x.js',
]

describe('a resolver', () => {
  const conditions = new Set(['node', 'import', 'node-addons', ...((process.features as { require_module?: boolean }).require_module === true ? ['module-sync'] : [])])
  const byNode = (specifier: string, from: string, mode: LoadMode): string | undefined => {
    try {
      if (mode === 'require') {
        const path = createRequire(from).resolve(specifier)
        return path.startsWith('/') ? path : 'of Node'
      }
      const url = moduleResolve(specifier, pathToFileURL(from), conditions)
      return url.protocol === 'file:' ? fileURLToPath(url) : url.protocol === 'node:' ? 'of Node' : undefined
    } catch {
      return undefined
    }
  }
  const byResolver = (specifier: string, from: string, mode: LoadMode): string | undefined => {
    try {
      const found = new Resolver(new PackageFiles()).resolve(specifier, from, mode)
      return found === undefined ? 'of Node' : found.path
    } catch (error) {
      if (!(error instanceof Unresolved)) throw error
      return undefined
    }
  }

  it.each([['import', 'package.json'], ['require', 'package.json'], ['import', 'app/own.js'], ['require', 'app/own.js'], ['import', 'app/inner/a.js'], ['require', 'app/inner/a.js'], ['import', 'node_modules/plain/lib/a.js'], ['require', 'node_modules/plain/lib/a.js']] as const)('finds by %s from %s what Node finds', (mode, from) => {
    const path = join(project, from)
    const expected = Object.fromEntries(specifiers.map((specifier) => [specifier, byNode(specifier, path, mode)]))
    expect(Object.values(expected).filter((found) => found !== undefined).length).toBeGreaterThan(20)
    const found = specifiers.map((specifier) => ({ specifier, found: byResolver(specifier, path, mode) }))
    // That `require` of such a name fails on Node 20 was a fault of Node.
    expect(found.filter((item) => item.found !== expected[item.specifier] && !(mode === 'require' && item.specifier === '#fs'))).toEqual([])
  })

  it('sees what was installed since it was last asked', () => {
    const from = join(project, 'app/late.mjs')
    expect(byResolver('late', from, 'import')).toBeUndefined()
    const late = folders.make({ 'package.json': json({ exports: './late.js' }), 'late.js': '' })
    symlinkSync(late, join(dirname(from), '../node_modules/late'))
    expect(byResolver('late', from, 'import')).toBe(realpathSync(join(late, 'late.js')))
    expect(byResolver('late', from, 'require')).toBe(realpathSync(join(late, 'late.js')))
  })
})
