import { chmodSync, cpSync, realpathSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../../src/errors.ts'
import { codeOfModule } from '../../../src/node/code/code-of-module.ts'
import { topFolder } from '../../../src/node/code/top-folder.ts'
import { MadeFolders } from '../made-folders.ts'
import { identityOf, installed, json, lockFile, pathsIn, shown, textOf } from './made-projects.ts'

const folders = new MadeFolders()
afterAll(() => folders.remove())

const make = (files: Readonly<Record<string, string>>): string => realpathSync(folders.make(files))

describe('the files of a module', () => {
  it('are what it imports, in turn, however it is asked for', async () => {
    const project = make({
      'package.json': json({ type: 'module' }),
      'prep.js': `import './a.js'\nexport * from './b.mjs'\nexport { c } from './c.cjs'\nawait import('./d.mjs')\nawait import(\`./e.mjs\`)\nimport data from './f.json' with { type: 'json' }\n`,
      'a.js': `import { createRequire } from 'node:module'\nconst load = createRequire(import.meta.url)\nload('./g')\nload.resolve('./h.cjs')\nimport.meta.resolve('./i.mjs')\n`,
      'b.mjs': `new Worker(new URL('./worker.mjs', import.meta.url))\nreadFileSync(new URL('words%20all.txt', import.meta.url))\nawait import(new URL('./j.mjs', import.meta.url).href)`,
      'c.cjs': `require('./folder')\nexports.c = 1`,
      'd.mjs': '', 'e.mjs': '', 'f.json': '{}', 'g.js': 'export {}', 'h.cjs': '', 'i.mjs': '', 'j.mjs': '',
      'worker.mjs': `import './worker-part.mjs'`, 'worker-part.mjs': '', 'words all.txt': 'a b',
      'folder/package.json': json({ main: 'lib/start', description: 'not code' }), 'folder/lib/start.js': `require('..')`,
      'unrelated.js': '', 'k.mjs': '',
    })
    const code = await codeOfModule(join(project, 'prep.js'))
    expect(code).toMatchObject({ top: project, entry: 'prep.js', packages: [], open: [], links: [], moduleFolders: [] })
    expect(pathsIn(code)).toEqual([
      'a.js', 'b.mjs', 'c.cjs', 'd.mjs', 'e.mjs', 'f.json', 'folder/lib/start.js', 'folder/package.json', 'g.js', 'h.cjs', 'i.mjs', 'j.mjs', 'package.json', 'prep.js', 'words all.txt', 'worker-part.mjs', 'worker.mjs',
    ])
    expect(textOf(code, 'folder/package.json')).toBe('{"main":"lib/start"}\n')
  })

  it('are named from the deepest folder that holds them all', async () => {
    const project = make({ 'package.json': '{}', 'steps/prep/main.mjs': `import '../shared/a.mjs'`, 'steps/shared/a.mjs': '' })
    const code = await codeOfModule(join(project, 'steps/prep/main.mjs'))
    expect(code).toMatchObject({ top: join(project, 'steps'), entry: 'prep/main.mjs' })
    expect(pathsIn(code)).toEqual(['package.json', 'prep/main.mjs', 'shared/a.mjs'])
  })

  it('keep their executable bit and their bytes', async () => {
    const project = make({ 'prep.mjs': '#!/usr/bin/env node\r\nexport {}' })
    chmodSync(join(project, 'prep.mjs'), 0o755)
    const code = await codeOfModule(join(project, 'prep.mjs'))
    expect(code.files[1]).toEqual({ path: 'prep.mjs', content: Buffer.from('#!/usr/bin/env node\r\nexport {}'), executable: true })
  })

  it('include declared ones, and what modules among those need', async () => {
    const project = make({
      'prep.mjs': 'await import(`./plugins/${name}.mjs`)', 'plugins/a.mjs': `import '../part.mjs'\nimport 'nowhere'`, 'part.mjs': '', 'plugins/broken.js': 'no code at all', 'rules/x.txt': '', 'rules/.hidden': '',
    })
    const code = await codeOfModule(join(project, 'prep.mjs'), { files: ['plugins/**', './rules'] })
    expect(pathsIn(code)).toEqual(['package.json', 'part.mjs', 'plugins/a.mjs', 'plugins/broken.js', 'prep.mjs', 'rules/x.txt'])
    await expect(codeOfModule(join(project, 'prep.mjs'), { files: ['rules/*.md'] })).rejects.toThrow(/No file in .* matches "rules\/\*\.md"/)
  })

  it('do not include a folder, or what is not there, that is named by a URL', async () => {
    const project = make({ 'prep.mjs': `new URL('.', import.meta.url)\nnew URL('./later.txt', import.meta.url)\nnew URL('https://example.org/x', import.meta.url)` })
    expect(pathsIn(await codeOfModule(join(project, 'prep.mjs')))).toEqual(['package.json', 'prep.mjs'])
  })

  it('keep data where it is asked for, if a link leads to it from elsewhere', async () => {
    const data = join(make({ 'words.txt': 'far away' }), 'words.txt')
    const project = make({ 'prep.mjs': `new URL('./words.txt', import.meta.url)`, 'more/x.txt': '' })
    symlinkSync(data, join(project, 'words.txt'))
    symlinkSync(data, join(project, 'more/words.txt'))
    const code = await codeOfModule(join(project, 'prep.mjs'), { files: ['more'] })
    expect(pathsIn(code)).toEqual(['more/words.txt', 'more/x.txt', 'package.json', 'prep.mjs', 'words.txt'])
    expect(textOf(code, 'more/words.txt')).toBe('far away')
    expect(code.links).toEqual([])
  })

  it('of a module without a type are read by what is in them', async () => {
    const project = make({ 'a.js': `import './b.js'`, 'b.js': `const c = require('./c.js')\nreturn` , 'c.js': `await 1\nexport {}` })
    expect(pathsIn(await codeOfModule(join(project, 'a.js')))).toEqual(['a.js', 'b.js', 'c.js', 'package.json'])
  })

  it('may not be spread over the file system', () => {
    const home = homedir()
    expect(() => topFolder(['/a/x.mjs', '/b/y.mjs'])).toThrow('/a/x.mjs and /b/y.mjs are parts of one piece of code, and are in no project together')
    expect(() => topFolder([join(home, 'a/x.mjs'), join(home, 'b/y.mjs')])).toThrow(/in no project together/)
    expect(topFolder([join(home, 'a/x.mjs'), join(home, 'y.mjs')])).toBe(home)
    expect(topFolder([join(home, 'a/b/x.mjs'), join(home, 'a/y.mjs'), join(home, 'a/c/z.mjs')])).toBe(join(home, 'a'))
    expect(topFolder(['/a/x.mjs', '/y.mjs'])).toBe('/')
    expect(topFolder([join(home, 'a/x.mjs'), join(home, 'b/y.mjs')], [home])).toBe(home)
  })

  it('must be within `root` if it is given', async () => {
    const project = make({ 'app/prep.mjs': `import '../lib/a.mjs'`, 'lib/a.mjs': '' })
    await expect(codeOfModule(join(project, 'app/prep.mjs'), { root: join(project, 'app') })).rejects.toThrow(/lib\/a\.mjs is part of the code, and is not in /)
    expect((await codeOfModule(join(project, 'app/prep.mjs'), { root: project })).entry).toBe('app/prep.mjs')
  })
})

describe('what cannot be found', () => {
  it.each([
    ['prep.mjs', `\nimport 'missing'`, '"missing" is not installed', 2],
    ['prep.mjs', `import './a'`, '"./a" is not there', 1],
    ['prep.mjs', `import '#x'`, '"#x" is not among the `imports` of its package.json', 1],
    ['prep.cjs', `\n\nrequire('./missing')`, '"./missing" is not there', 3],
    ['prep.mjs', `import 'https://example.org/a.mjs'`, '"https://example.org/a.mjs" is a URL that Node cannot load', 1],
    ['prep.mjs', `\n\nexport const = 1`, 'Unexpected token', 3],
  ])('%s: %s is an error with file and line', async (name, text, message, line) => {
    const path = join(make({ [name]: text }), name)
    const error: unknown = await codeOfModule(path).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ message: `${path}:${line}: ${message}`, data: { file: path, line } })
  })

  it('by a package.json is named as that has it', async () => {
    const folder = make({ 'package.json': json({ imports: { '#x': './lib/x.js' } }), 'prep.mjs': `import '#x'` })
    await expect(codeOfModule(join(folder, 'prep.mjs'))).rejects.toThrow(`${join(folder, 'prep.mjs')}:1: "#x" leads to ${join(folder, 'lib/x.js')}, which is not there`)
  })

  it('is no error where the code can do without it', async () => {
    const project = make({
      'prep.mjs': `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\ntry { require('fast') } catch { }\nconst slow = await import('slow').catch(() => undefined)`,
      'bad.mjs': `try { } finally { await import('slow') }`,
      'worse.mjs': `try { } catch { await import('slow') }`,
    })
    expect((await codeOfModule(join(project, 'prep.mjs'))).open).toEqual([])
    await expect(codeOfModule(join(project, 'bad.mjs'))).rejects.toThrow(/bad\.mjs:1: "slow" is not installed/)
    await expect(codeOfModule(join(project, 'worse.mjs'))).rejects.toThrow(/worse\.mjs:1: "slow" is not installed/)
    await expect(codeOfModule(join(project, 'none.mjs'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('code is open', () => {
  it('where it loads what cannot be seen, with each reason', async () => {
    const project = make({
      'prep.mjs': `import './lib/a.cjs'\n\nawait import(name)\nawait import('./' + name)`,
      'lib/a.cjs': `require(name)\neval('1')\nnew Function('return 1')\nrequire('node:module').createRequire('/tmp/x')\nrequire('/etc/x.js')\nconst f = (require) => require(1)\nrequire.main`,
    })
    expect((await codeOfModule(join(project, 'prep.mjs'))).open).toEqual([
      'lib/a.cjs:1: require() of something that is not a literal',
      'lib/a.cjs:2: eval() of code that is made while it runs',
      'lib/a.cjs:3: new Function() of code that is made while it runs',
      'lib/a.cjs:4: createRequire() for another module',
      'lib/a.cjs:5: "/etc/x.js" is an absolute path',
      'prep.mjs:3: import() of something that is not a literal',
      'prep.mjs:4: import() of something that is not a literal',
    ])
  })
})

describe('each way to ask for something', () => {
  it.each([`import ('./a.cjs')`, `import/**/('./a.cjs')`, `import\n('./a.cjs')`, `new URL('./a.cjs', import.meta.url)`, `import.meta.resolve('./a.cjs')`, `createRequire(import.meta.url)('./a.cjs')`, `m.createRequire(import.meta.filename)('./a.cjs')`, `new \\u0055RL('./a.cjs', import\n.meta.url)`])('is seen where there is no other: %s', async (text) => {
    expect(pathsIn(await codeOfModule(join(make({ 'prep.mjs': text, 'a.cjs': '' }), 'prep.mjs')))).toEqual(['a.cjs', 'package.json', 'prep.mjs'])
  })

  it.each([`eval(text)`, `new Function(text)`, `Function('a', text)`, `createRequire('/x')`, `import (text)`])('that cannot be followed is too: %s', async (text) => {
    expect((await codeOfModule(join(make({ 'prep.mjs': text }), 'prep.mjs'))).open).toHaveLength(1)
  })

  it('in CommonJS alone is seen', async () => {
    expect(pathsIn(await codeOfModule(join(make({ 'prep.cjs': `new URL('./b.txt', __filename)\nrequire(\`./a\`)`, 'a.js': '', 'b.txt': '' }), 'prep.cjs')))).toEqual(['a.js', 'b.txt', 'package.json', 'prep.cjs'])
  })
})

describe('package.json', () => {
  const files = { 'src/prep.js': `import '#part'\nimport 'own/deep'`, 'src/part.js': '', 'src/deep.js': '', 'src/other.mjs': '' }
  const fields = { name: 'own', type: 'module', imports: { '#part': './src/part.js' }, exports: { './deep': './src/deep.js' } }

  it('counts by what decides how modules are found, and no more', async () => {
    const before = await codeOfModule(join(make({ ...files, 'package.json': json(fields) }), 'src/prep.js'))
    const after = await codeOfModule(join(make({ ...files, 'package.json': json({ version: '2.0.0', scripts: { test: 'x' }, ...fields, dependencies: { a: '1' } }) }), 'src/prep.js'))
    expect(pathsIn(before)).toEqual(['package.json', 'src/deep.js', 'src/part.js', 'src/prep.js'])
    expect(textOf(before, 'package.json')).toBe('{"exports":{"./deep":"./src/deep.js"},"imports":{"#part":"./src/part.js"},"name":"own","type":"module"}\n')
    expect(await identityOf(after)).toBe(await identityOf(before))
    const other = await codeOfModule(join(make({ ...files, 'package.json': json({ ...fields, imports: { '#part': './src/other.mjs' } }) }), 'src/prep.js'))
    expect(await identityOf(other)).not.toBe(await identityOf(before))
  })

  it('that says only the type is put beside the modules, and the type counts', async () => {
    const found = async (outer: object): Promise<string> => identityOf(await codeOfModule(join(make({ 'package.json': json(outer), 'deep/down/prep.js': `import './a.js'`, 'deep/down/a.js': '' }), 'deep/down/prep.js')))
    expect(await found({ name: 'a' })).toBe(await found({ exports: './x.js', main: 'y' }))
    expect(await found({ name: 'a' })).not.toBe(await found({ type: 'module' }))
    const typed = make({ 'package.json': json({ type: 'module' }), 'deep/prep.js': 'export {}' })
    expect(await codeOfModule(join(typed, 'deep/prep.js'))).toMatchObject({ top: join(typed, 'deep'), entry: 'prep.js' })
  })

  it('that is imported counts whole', async () => {
    const project = make({ 'package.json': json({ name: 'x', version: '1.0.0' }), 'prep.mjs': `import own from './package.json' with { type: 'json' }` })
    expect(textOf(await codeOfModule(join(project, 'prep.mjs')), 'package.json')).toContain('1.0.0')
  })
})

describe('identity', () => {
  const lock = (version: string): string => lockFile({ 'node_modules/dep': { version, integrity: `sha512-${version}` } })
  const files = {
    'package.json': json({ type: 'module' }), 'package-lock.json': lock('1.0.0'), 'steps/prep.js': `import '../lib/a.js'\nimport 'dep'\nawait import(x)`, 'lib/a.js': `import './b.js'`, 'lib/b.js': '1', 'lib/unrelated.js': '',
    ...installed('node_modules/dep', { version: '1.0.0' }),
  }
  const identity = async (project: string): Promise<string> => identityOf(await codeOfModule(join(project, 'steps/prep.js')))

  it('is the same in another place, at another time, and whatever lies beside the code', async () => {
    const project = make(files)
    const before = await identity(project)
    const moved = join(make({ 'deeper/in/another/x': '' }), 'deeper/in/another/clone')
    cpSync(project, moved, { recursive: true })
    expect(await identity(moved)).toBe(before)
    utimesSync(join(project, 'lib/b.js'), 1, 1)
    writeFileSync(join(project, 'lib/unrelated.js'), '// a comment')
    writeFileSync(join(project, 'lib/new.js'), '')
    expect(await identity(project)).toBe(before)
    symlinkSync(project, join(dirname(moved), 'link'))
    expect(await identity(join(dirname(moved), 'link'))).toBe(before)
  })

  it('changes with a module that is imported by an imported one', async () => {
    const project = make(files)
    const before = await identity(project)
    writeFileSync(join(project, 'lib/b.js'), '2')
    expect(await identity(project)).not.toBe(before)
  })

  it('changes with the version of a package in the lock file, and with its integrity', async () => {
    const versions = ['1.0.0', '1.0.1'].map((version) => make({ ...files, 'package-lock.json': lock(version), ...installed('node_modules/dep', { version }) }))
    const other = make({ ...files, 'package-lock.json': lock('1.0.0').replace('sha512-1', 'sha512-x') })
    const all = await Promise.all([...versions, other].map((project) => identity(project)))
    expect(new Set(all).size).toBe(3)
    // What is installed is looked at too, as far as its version goes.
    const stale = await codeOfModule(join(make({ ...files, 'package-lock.json': lock('1.0.1') }), 'steps/prep.js'))
    expect(shown(stale)).toEqual(['dep@1.0.1 sha512-1.0.1'])
    expect(stale.open).toContain('package-lock.json: node_modules/dep is 1.0.1 there, and 1.0.0 is installed')
  })
})
