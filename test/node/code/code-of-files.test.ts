import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { codeOfFiles } from '../../../src/node/code/code-of-files.ts'
import { COMMAND_LOCK_FILES, findLockFile } from '../../../src/node/code/lock-file.ts'
import { storeCode } from '../../../src/node/code/store-code.ts'
import { create, gather } from '../../dataset/in-memory.ts'
import { MadeFolders } from '../made-folders.ts'
import { identityOf, installed, json, pathsIn, sha256Hex, textOf } from './made-projects.ts'

const folders = new MadeFolders()
afterAll(() => folders.remove())

const make = (files: Readonly<Record<string, string>>): string => realpathSync(folders.make(files))

describe('the code of a command', () => {
  it('is what globs match, by paths from the folder that its words are relative to', async () => {
    const folder = make({
      'prep.py': '', 'lib/a.py': '', 'lib/deep/b.py': '', 'lib/__pycache__/a.cpython-313.pyc': '', 'lib/b.pyc': '', 'lib/.cache/x.py': '', 'lib/node_modules/x/y.py': '', 'lib/secret.pem': '', 'data/x.csv': '', 'run.sh': '', 'odd[1].py': '', 'lib2/z.py': '',
    })
    chmodSync(join(folder, 'run.sh'), 0o755)
    symlinkSync('../prep.py', join(folder, 'lib/linked.py'))
    symlinkSync('.', join(folder, 'lib/loop'))
    const code = await codeOfFiles(folder, ['prep.py', 'lib/**', 'run.sh', 'odd\\[1\\].py'])
    expect(code).toMatchObject({ top: folder, entry: undefined, packages: [], open: [], links: [], moduleFolders: [] })
    expect(code.files.map(({ path, executable }) => `${path}${executable ? '*' : ''}`)).toEqual(['lib/a.py', 'lib/deep/b.py', 'lib/linked.py', 'odd[1].py', 'prep.py', 'run.sh*'])
    expect(pathsIn(await codeOfFiles(folder, ['lib', '!lib/deep/**']))).toEqual(['lib/a.py', 'lib/linked.py'])
    expect(pathsIn(await codeOfFiles(folder, ['./lib/*/*.py', '*.sh', 'lib/deep/b.py']))).toEqual(['lib/deep/b.py', 'run.sh'])
    expect(pathsIn(await codeOfFiles(folder, ['lib/.cache/*']))).toEqual(['lib/.cache/x.py'])
  })

  it('is refused where a glob matches nothing, or something outside', async () => {
    const folder = make({ 'app/prep.py': '', 'shared/a.py': '' })
    await expect(codeOfFiles(join(folder, 'app'), ['prep.py', 'lib/**'])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: `No file in ${join(folder, 'app')} matches "lib/**"`, data: { glob: 'lib/**' } })
    await expect(codeOfFiles(join(folder, 'none'), ['prep.py'])).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(codeOfFiles(join(folder, 'app'), ['prep.py/x'])).rejects.toThrow(/No file/)
    await expect(codeOfFiles(join(folder, 'app'), ['../shared/*.py'])).rejects.toThrow(/shared\/a\.py is not in .*app, where the command runs/)
    expect(pathsIn(await codeOfFiles(folder, ['shared/*.py', 'app/*.py']))).toEqual(['app/prep.py', 'shared/a.py'])
  })

  it('has the package.json that rules its JavaScript, and the packages that are seen from there', async () => {
    const outer = make({ 'package.json': json({ type: 'module', version: '1' }), 'app/bin/prep.js': '', 'app/bin/node_modules/own/index.js': '', 'app/x.py': '', ...installed('node_modules/a', { version: '1' }), ...installed('node_modules/@s/b', { version: '1' }) })
    const app = join(outer, 'app')
    const code = await codeOfFiles(app, ['bin/*.js'])
    expect(pathsIn(code)).toEqual(['bin/prep.js', 'package.json'])
    expect(textOf(code, 'package.json')).toBe('{"type":"module"}\n')
    expect(code.moduleFolders).toEqual([{ at: 'bin/node_modules', target: join(app, 'bin/node_modules') }, { at: 'node_modules', target: join(outer, 'node_modules') }])
    expect((await codeOfFiles(app, ['x.py'])).moduleFolders).toEqual([])
    mkdirSync(join(app, 'node_modules/a'), { recursive: true })
    symlinkSync('nowhere', join(app, 'node_modules/dangling'))
    expect((await codeOfFiles(app, ['bin/*.js'])).moduleFolders.slice(1)).toEqual([{ at: 'node_modules/@s/b', target: join(outer, 'node_modules/@s/b') }, { at: 'node_modules/a', target: join(app, 'node_modules/a') }])
  })

  it('keeps a package.json as it is where a glob names it', async () => {
    const code = await codeOfFiles(make({ 'package.json': '{ "version": "1" }', 'prep.js': '' }), ['*'])
    expect(textOf(code, 'package.json')).toBe('{ "version": "1" }')
  })

  it('has one identity in every place, and another for other content', async () => {
    const files = { 'prep.py': 'a', 'lib/b.py': 'b' }
    const [a, b, c] = await Promise.all([files, files, { ...files, 'lib/b.py': 'c' }].map(async (each) => identityOf(await codeOfFiles(make(each), ['lib/**', 'prep.py']))))
    expect(b).toBe(a)
    expect(c).not.toBe(a)
  })
})

describe('stored code', () => {
  it('is a manifest of its files and links', async () => {
    const repository = await create()
    const folder = make({ 'run.sh': 'echo', 'lib/a.py': '' })
    chmodSync(join(folder, 'run.sh'), 0o755)
    const found = { ...(await codeOfFiles(folder, ['**'])), links: [{ path: 'node_modules/lib', target: '../lib' }], open: ['a reason'], packages: [{ name: 'a', version: '1', integrity: null }] }
    const { files, packages, open } = await repository.blocks.withSession(async (session) => {
      const code = await storeCode(repository.blocks, session, found)
      await session.commit({ action: 'test', message: '', refs: [] })
      return code
    })
    expect({ packages, open }).toEqual({ packages: found.packages, open: found.open })
    expect((await gather(repository.entries(files.toString()))).map(({ path, kind }) => `${kind} ${path}`)).toEqual(['file lib/a.py', 'symlink node_modules/lib', 'executable run.sh'])
  })
})

describe('the lock file in use', () => {
  it('is the first by its order in the nearest folder that has one', () => {
    const folder = make({ 'package-lock.json': '{}', 'app/yarn.lock': 'y', 'app/pnpm-lock.yaml': 'p', 'app/requirements.txt': 'r', 'app/src/x': '', 'app/src/bun.lock/': '' })
    expect(findLockFile(join(folder, 'app/src'))).toEqual({ path: join(folder, 'app/pnpm-lock.yaml'), sha256: sha256Hex('p') })
    expect(findLockFile(join(folder, 'app/src'), COMMAND_LOCK_FILES)).toEqual({ path: join(folder, 'app/requirements.txt'), sha256: sha256Hex('r') })
    expect(findLockFile(folder)).toEqual({ path: join(folder, 'package-lock.json'), sha256: sha256Hex('{}') })
    writeFileSync(join(folder, 'npm-shrinkwrap.json'), '')
    expect(findLockFile(folder)?.path).toBe(join(folder, 'npm-shrinkwrap.json'))
    expect(findLockFile(make({}), ['no-such.lock'])).toBeUndefined()
  })
})
