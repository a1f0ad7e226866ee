import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { codeOfModule } from '../../../src/node/code/code-of-module.ts'
import type { FoundCode } from '../../../src/node/code/interface.ts'
import { MadeFolders } from '../made-folders.ts'
import { identityOf, installed, json, lockFile, pathsIn, shown, textOf } from './made-projects.ts'

const folders = new MadeFolders()
afterAll(() => folders.remove())

const make = (files: Readonly<Record<string, string>>): string => realpathSync(folders.make(files))

/** Makes a link, and the folders above it. */
function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path)
}

/** Lays code out in a folder of its own, as an execution does, and runs its entry there. */
function run(code: FoundCode): string {
  const folder = make({})
  for (const { path, content } of code.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  for (const { path, target } of code.links) link(target, join(folder, path))
  for (const { at, target } of code.moduleFolders) link(target, join(folder, at))
  return execFileSync(process.execPath, [join(folder, code.entry ?? '')], { encoding: 'utf8' }).trim()
}

describe('packages by a lock file of npm', () => {
  const project = {
    'package.json': json({ type: 'module' }),
    'prep.js': `import a from 'a'\nimport b from '@s/b/main.js'\nimport renamed from 'renamed'\nconsole.log(a, b, renamed)`,
    ...installed('node_modules/a', { version: '1.0.0' }),
    ...installed('node_modules/@s/b', { version: '2.0.0' }),
    ...installed('node_modules/renamed', { version: '5.0.0', name: 'real' }),
    'package-lock.json': lockFile({
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a', dependencies: { c: '*', e: '*' }, peerDependencies: { peer: '*', absent: '*' }, devDependencies: { dev: '*' } },
      'node_modules/a/node_modules/c': { version: '3.1.0', integrity: 'sha512-c3', dependencies: { e: '*' }, optionalDependencies: { 'only-windows': '*', gone: '*' } },
      'node_modules/@s/b': { version: '2.0.0', integrity: 'sha512-b', dependencies: { c: '*', a: '*', 'from-git': '*' } },
      'node_modules/c': { version: '4.0.0', integrity: 'sha512-c4' },
      'node_modules/dev': { version: '1.0.0' },
      'node_modules/e': { version: '1.0.0', integrity: 'sha512-e', dependencies: { a: '*' } },
      'node_modules/from-git': { version: '0.1.0', resolved: 'git+ssh://git@example.org/x/y.git#0123456789abcdef0123456789abcdef01234567' },
      'node_modules/only-windows': { version: '9.0.0', integrity: 'sha512-w', optional: true },
      'node_modules/peer': { version: '7.0.0', integrity: 'sha512-p', peer: true },
      'node_modules/renamed': { name: 'real', version: '5.0.0', integrity: 'sha512-r' },
      'node_modules/unused': { version: '1.0.0', integrity: 'sha512-u' },
    }),
  }

  it('come with all that they depend on, on any platform, where the lock file has it', async () => {
    const code = await codeOfModule(join(make(project), 'prep.js'))
    expect(shown(code)).toEqual([
      '@s/b@2.0.0 sha512-b', 'a@1.0.0 sha512-a', 'c@3.1.0 sha512-c3', 'c@4.0.0 sha512-c4', 'e@1.0.0 sha512-e', 'from-git@0.1.0 git-0123456789abcdef0123456789abcdef01234567',
      'only-windows@9.0.0 sha512-w', 'peer@7.0.0 sha512-p', 'renamed@5.0.0 sha512-r',
    ])
    expect(code.open).toEqual([])
  })

  it('are linked one by one, so that no others are there', async () => {
    const folder = make(project)
    const code = await codeOfModule(join(folder, 'prep.js'))
    expect(code.moduleFolders).toEqual(['node_modules/@s/b', 'node_modules/a', 'node_modules/renamed'].map((at) => ({ at, target: join(folder, at) })))
    expect(pathsIn(code)).toEqual(['package.json', 'prep.js'])
    expect(run(code)).toBe('a @s/b renamed')
  })

  it('are not part of the identity by what else is locked', async () => {
    const before = await identityOf(await codeOfModule(join(make(project), 'prep.js')))
    const lock = project['package-lock.json']
    expect(await identityOf(await codeOfModule(join(make({ ...project, 'package-lock.json': lock.replace('sha512-u', 'sha512-v') }), 'prep.js')))).toBe(before)
    expect(await identityOf(await codeOfModule(join(make({ ...project, 'package-lock.json': lock.replace('sha512-w', 'sha512-v') }), 'prep.js')))).not.toBe(before)
  })

  it('that the lock file does not know in full leave the code open', async () => {
    const folder = make({ 'prep.mjs': `import 'a'`, ...installed('node_modules/a', { version: '1.0.0' }), 'package-lock.json': lockFile({ 'node_modules/a': { version: '1.0.0', dependencies: { b: '*' } } }) })
    expect((await codeOfModule(join(folder, 'prep.mjs'))).open).toEqual(['package-lock.json: node_modules/a needs b, which is not there'])
  })

  it('that the lock file does not know at all are taken as they are installed', async () => {
    const folder = make({ 'prep.mjs': `import 'a'`, ...installed('node_modules/a', { version: '1.0.0', dependencies: { b: '*' } }), ...installed('node_modules/b', { version: '2.0.0' }), 'package-lock.json': lockFile({ 'node_modules/b': { version: '2.0.0', integrity: 'sha512-b' } }) })
    expect(shown(await codeOfModule(join(folder, 'prep.mjs')))).toEqual(['a@1.0.0 null', 'b@2.0.0 null'])
  })

  it('need a lock file that can be read, and the shrinkwrap goes first', async () => {
    const files = { 'prep.mjs': `import 'a'`, ...installed('node_modules/a', { version: '1.0.0' }), 'package-lock.json': '{ torn' }
    await expect(codeOfModule(join(make(files), 'prep.mjs'))).rejects.toThrow(/package-lock\.json is not JSON/)
    const shrunk = await codeOfModule(join(make({ ...files, 'npm-shrinkwrap.json': lockFile({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-s' } }) }), 'prep.mjs'))
    expect(shown(shrunk)).toEqual(['a@1.0.0 sha512-s'])
    const old = await codeOfModule(join(make({ ...files, 'package-lock.json': json({ lockfileVersion: 1, dependencies: {} }) }), 'prep.mjs'))
    expect(shown(old)).toEqual(['a@1.0.0 null'])
  })
})

describe('packages without a lock file of npm', () => {
  it('are those that are installed, where pnpm has put them', async () => {
    const store = 'node_modules/.pnpm'
    const folder = make({
      'src/prep.mjs': `import a from 'a'\nconsole.log(a)`, 'pnpm-lock.yaml': '',
      ...installed(`${store}/a@1.0.0/node_modules/a`, { version: '1.0.0', dependencies: { b: '*', gone: '*' } }),
      [`${store}/a@1.0.0/node_modules/a/main.js`]: `module.exports = 'a with ' + require('b')`,
      ...installed(`${store}/b@2.0.0/node_modules/b`, { version: '2.0.0', peerDependencies: { a: '*' } }),
      ...installed(`${store}/c@2.0.0/node_modules/c`, { version: '2.0.0' }),
    })
    link(`.pnpm/a@1.0.0/node_modules/a`, join(folder, 'node_modules/a'))
    link(`../../b@2.0.0/node_modules/b`, join(folder, `${store}/a@1.0.0/node_modules/b`))
    link(`../../a@1.0.0/node_modules/a`, join(folder, `${store}/b@2.0.0/node_modules/a`))
    const code = await codeOfModule(join(folder, 'src/prep.mjs'))
    expect(code).toMatchObject({ top: join(folder, 'src'), open: [], moduleFolders: [{ at: 'node_modules/a', target: join(folder, `${store}/a@1.0.0/node_modules/a`) }] })
    expect(shown(code)).toEqual(['a@1.0.0 null', 'b@2.0.0 null'])
    expect(run(code)).toBe('a with b')
  })

  it('without a version leave the code open', async () => {
    const code = await codeOfModule(join(make({ 'prep.cjs': `require('a')\nrequire('b')`, 'node_modules/a.js': '', 'node_modules/b/index.js': '' }), 'prep.cjs'))
    expect(code.open).toEqual(['a.js is installed without a version', 'b is installed without a version'])
  })
})

describe('local code under another name', () => {
  const files = {
    'package-lock.json': lockFile({ 'node_modules/lib': { resolved: 'packages/lib', link: true }, 'packages/lib': { version: '1.0.0' }, 'packages/lib/node_modules/dep': { version: '1.0.0', integrity: 'sha512-1' }, 'node_modules/dep': { version: '2.0.0', integrity: 'sha512-2' } }),
    'packages/app/package.json': json({ name: 'app', type: 'module' }), 'packages/app/prep.js': `import { lib } from 'lib'\nimport dep from 'dep'\nimport { version } from 'dep/package.json'\nconsole.log(lib, dep)`.replace(/\nimport \{ version.*/, ''),
    'packages/lib/package.json': json({ name: 'lib', type: 'module', exports: { import: './src/lib.js' }, version: '1.0.0' }), 'packages/lib/src/lib.js': `import { part } from './part.js'\nexport const lib = 'lib with ' + part`,
    'packages/lib/src/part.js': `import dep from 'dep'\nexport const part = 'old ' + dep`,
    ...installed('node_modules/dep', { version: '2.0.0' }), ...installed('packages/lib/node_modules/dep', { version: '1.0.0' }),
  }
  const workspace = (changes: Readonly<Record<string, string>> = {}): string => {
    const folder = make({ ...files, ...changes })
    link('../packages/lib', join(folder, 'node_modules/lib'))
    return folder
  }

  it('is followed through the links of a workspace, and never run from where it is', async () => {
    const folder = workspace()
    const code = await codeOfModule(join(folder, 'packages/app/prep.js'))
    expect(pathsIn(code)).toEqual(['app/package.json', 'app/prep.js', 'lib/package.json', 'lib/src/lib.js', 'lib/src/part.js', 'package.json'])
    expect(textOf(code, 'lib/package.json')).toBe('{"exports":{"import":"./src/lib.js"},"name":"lib","type":"module"}\n')
    expect(code.links).toEqual([{ path: 'node_modules/lib', target: '../lib' }])
    expect(code.moduleFolders).toEqual([{ at: 'lib/node_modules/dep', target: join(folder, 'packages/lib/node_modules/dep') }, { at: 'node_modules/dep', target: join(folder, 'node_modules/dep') }])
    expect(shown(code)).toEqual(['dep@1.0.0 sha512-1', 'dep@2.0.0 sha512-2'])
    expect(run(code)).toBe('lib with old dep dep')
    const changed = await codeOfModule(join(workspace({ 'packages/lib/src/part.js': `export const part = 'new'` }), 'packages/app/prep.js'))
    expect(await identityOf(changed)).not.toBe(await identityOf(code))
  })

  it('is followed through other links, and found by the same names', async () => {
    const folder = make({ 'app/prep.mjs': `import { x } from './shared/x.mjs'\nimport y from './y.cjs'\nconsole.log(x, y)`, 'common/x.mjs': `import z from './z.cjs'\nexport const x = z`, 'common/z.cjs': `module.exports = 'z'`, 'common/y.cjs': `module.exports = 'y'` })
    link('../common', join(folder, 'app/shared'))
    link('../common/y.cjs', join(folder, 'app/y.cjs'))
    const code = await codeOfModule(join(folder, 'app/prep.mjs'))
    expect(code.links).toEqual([{ path: 'app/shared/x.mjs', target: '../../common/x.mjs' }, { path: 'app/y.cjs', target: '../common/y.cjs' }])
    expect(pathsIn(code)).toEqual(['app/prep.mjs', 'common/x.mjs', 'common/y.cjs', 'common/z.cjs', 'package.json'])
    expect(run(code)).toBe('z y')
  })

  it('that is found by a name above all files has that name in the code', async () => {
    const folder = make({ 'steps/prep.mjs': `import x from '../x.cjs'\nconsole.log(x)`, 'steps/real.cjs': `module.exports = 'x'` })
    link('steps/real.cjs', join(folder, 'x.cjs'))
    const code = await codeOfModule(join(folder, 'steps/prep.mjs'))
    expect(code).toMatchObject({ top: folder, links: [{ path: 'x.cjs', target: 'steps/real.cjs' }] })
    expect(run(code)).toBe('x')
  })

  it('that only a package asks for leaves the code open', async () => {
    const lock = lockFile({ 'node_modules/a': { version: '1.0.0', dependencies: { lib: '*' } }, 'node_modules/lib': { resolved: 'packages/lib', link: true } })
    const folder = make({ 'prep.mjs': `import 'a'`, ...installed('node_modules/a', { version: '1.0.0', dependencies: { lib: '*' } }), 'packages/lib/index.js': '' })
    link('../packages/lib', join(folder, 'node_modules/lib'))
    expect((await codeOfModule(join(folder, 'prep.mjs'))).open).toEqual(['lib is a link to a folder, which no module of this code asks for'])
    writeFileSync(join(folder, 'package-lock.json'), lock)
    expect((await codeOfModule(join(folder, 'prep.mjs'))).open).toEqual(['package-lock.json: node_modules/lib is a link to packages/lib, which no module of this code asks for'])
  })
})

describe('a module that is part of a package', () => {
  it('is local code, with the packages beside it', async () => {
    const folder = make({
      ...installed('node_modules/recipes', { version: '1.0.0' }), 'node_modules/recipes/lib/prep.mjs': `import './part.mjs'\nimport a from 'a'\nimport b from 'b'\nconsole.log(a, b)`, 'node_modules/recipes/lib/part.mjs': '',
      ...installed('node_modules/a', { version: '1.0.0' }), ...installed('node_modules/recipes/node_modules/b', { version: '1.0.0' }),
      'package-lock.json': lockFile({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' }, 'node_modules/recipes/node_modules/b': { version: '1.0.0', integrity: 'sha512-b' } }),
    })
    const code = await codeOfModule(join(folder, 'node_modules/recipes/lib/prep.mjs'))
    expect(pathsIn(code)).toEqual(['package.json', 'part.mjs', 'prep.mjs'])
    expect(shown(code)).toEqual(['a@1.0.0 sha512-a', 'b@1.0.0 sha512-b'])
    expect(run(code)).toBe('a b')
  })
})

describe('packages that are provided', () => {
  it('are linked whether they are installed or not, and are no part of the code', async () => {
    const own = make(installed('node_modules/varve', { version: '3.0.0' }))
    const provided = { varve: join(own, 'node_modules/varve') }
    const files = { 'deep/prep.mjs': `import '../a.mjs'\nimport varve from 'varve/main.js'\nconsole.log(varve)`, 'a.mjs': '' }
    const alone = await codeOfModule(join(make(files), 'deep/prep.mjs'), { provided })
    expect(alone).toMatchObject({ packages: [], moduleFolders: [{ at: 'node_modules/varve', target: provided.varve }] })
    expect(run(alone)).toBe('varve')
    const beside = await codeOfModule(join(make({ ...files, ...installed('node_modules/varve', { version: '1.0.0' }) }), 'deep/prep.mjs'), { provided })
    expect(await identityOf(beside)).toBe(await identityOf(alone))
    expect((await codeOfModule(join(make({ 'prep.mjs': '' }), 'prep.mjs'), { provided })).moduleFolders).toEqual([])
  })
})

it('another clone of a project with everything in it has the same identity', async () => {
  const folder = make({ 'node_modules/.keep': '', ...installed('node_modules/a', { version: '1.0.0' }), 'one/prep.mjs': `import 'a'\nimport './linked.mjs'`, 'one/real.mjs': '' })
  link('real.mjs', join(folder, 'one/linked.mjs'))
  const clone = join(make({}), 'x/y')
  cpSync(folder, clone, { recursive: true, verbatimSymlinks: true })
  expect(await identityOf(await codeOfModule(join(clone, 'one/prep.mjs')))).toBe(await identityOf(await codeOfModule(join(folder, 'one/prep.mjs'))))
})
