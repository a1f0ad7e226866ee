import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import ignore from 'ignore'
import { afterAll, describe, expect, test } from 'vitest'
import type { FolderReadOptions } from '../../src/dataset/interface.ts'
import { type ByteText, byteTextOfPath } from '../../src/node/byte-text.ts'
import { DEFAULT_IGNORES, defaultRuleFor } from '../../src/node/default-ignores.ts'
import type { ProgressEvent } from '../../src/types.ts'
import { entriesOf, MadeFolders, pathsOf } from './made-folders.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

/** Paths that are read of a folder of empty files, ignore files aside. */
async function kept(files: readonly string[], ignoreFiles: Readonly<Record<string, string>>, options: FolderReadOptions = {}): Promise<string[]> {
  const folder = made.make({ ...Object.fromEntries(files.map((name) => [name, ''])), ...ignoreFiles })
  return pathsOf(await entriesOf(folder, options)).filter((path) => !path.endsWith('.varveignore'))
}

describe('the default rules', () => {
  test('mean what they would mean in an ignore file', () => {
    const rules = DEFAULT_IGNORES.flatMap((group) => group.rules)
    const reference = ignore({ ignoreCase: false, allowRelativePaths: true }).add(rules)
    const parts = fc.constantFrom('.git', '.varve', '.env', 'node_modules', 'id_rsa', 'id_ed25519', '.pem', '.key', '.jks', 'a', '.', '.pub', 'x.', 'PEM')
    const names = fc.array(parts, { minLength: 1, maxLength: 3 }).map((list) => list.join('')).filter((name) => !/^\.+$/.test(name))
    fc.assert(fc.property(names, (name) => {
      const result = reference.test(name)
      const rule = defaultRuleFor(name as ByteText)
      expect(rule !== undefined).toBe(result.ignored)
      if (rule !== undefined) expect(rules).toContain(rule)
    }), { numRuns: 2000 })
  })

  test('catch each name that they list, and not its neighbours', () => {
    for (const name of ['.git', '.varve', 'node_modules', '.env', '.env.local', '.envrc', 'id_rsa', 'a.pem', 'a.b.key', '.pem']) expect(defaultRuleFor(name as ByteText), name).toBeDefined()
    for (const name of ['.gitignore', '.varveignore', 'git', 'env', 'a.env', 'node_modules2', 'id_rsa.pub', 'pem', 'key', 'a.keys', 'a.pem.txt', 'A.PEM', 'data.csv']) expect(defaultRuleFor(name as ByteText), name).toBeUndefined()
  })

  test('are overridden by name, in a file at any depth or by the option', async () => {
    const files = ['.env', '.env.example', 'a/.env.example', 'node_modules/x', 'a/b/server.pem']
    expect(await kept(files, {})).toEqual(['a/b/'])
    expect(await kept(files, { '.varveignore': '!.env.example\n!node_modules/\n' })).toEqual(['.env.example', 'a/.env.example', 'a/b/', 'node_modules/x'])
    expect(await kept(files, { 'a/.varveignore': '!b/*.pem\n' })).toEqual(['a/b/server.pem'])
    expect(await kept(files, {}, { ignore: ['!.env'] })).toEqual(['.env', 'a/b/'])
  })

  test('are not overridden by the idiom that keeps all folders', async () => {
    const files = ['a/data.csv', 'a/other', '.git/config.csv', 'node_modules/x.csv', '.env.csv']
    expect(await kept(files, { '.varveignore': '*\n!*/\n!*.csv\n' })).toEqual(['.env.csv', 'a/data.csv'])
    expect(await kept(['a/.git/x', 'a/y'], { 'a/.varveignore': '!*\n!**/\n' })).toEqual(['a/y'])
  })
})

describe('ignore files', () => {
  test('hold for their folder and below; later rules and deeper files have the last word, and the option has it over all', async () => {
    const files = ['a.tmp', 'a/a.tmp', 'a/b/a.tmp', 'a/b/keep.tmp', 'b/a.tmp', 'b/a.log']
    expect(await kept(files, { '.varveignore': '*.tmp\n!keep.tmp\n' })).toEqual(['a/b/keep.tmp', 'b/a.log'])
    expect(await kept(files, { '.varveignore': '*.tmp\n', 'a/.varveignore': '!*.tmp\n', 'a/b/.varveignore': 'keep*\n' })).toEqual(['a/a.tmp', 'a/b/a.tmp', 'b/a.log'])
    expect(await kept(files, { 'a/.varveignore': '*.tmp\n' })).toEqual(['a/b/', 'a.tmp', 'b/a.log', 'b/a.tmp'])
    expect(await kept(files, { '.varveignore': '*.tmp\n' }, { ignore: ['!/a.tmp', 'b/\n# a comment'] })).toEqual(['a/', 'a.tmp'])
  })

  test('cannot bring back what lies in a folder that is left out, but can bring back the folder', async () => {
    const files = ['out/keep', 'a/out/keep']
    expect(await kept(files, { '.varveignore': 'out/\n!out/keep\n' })).toEqual(['a/'])
    expect(await kept(files, { '.varveignore': 'out/\n', 'a/.varveignore': '!out/\n' })).toEqual(['a/out/keep'])
  })

  test('tie a pattern with a slash to their folder, also if the name of the folder is a pattern', async () => {
    const files = ['[a]*/x', '[a]*/b/x', '[a]*/!y', '[a]*/ z ', 'a/x', 'a\\b/x', 'a\\b/c/x']
    expect(await kept(files, { '[a]*/.varveignore': '/x\n\\!y\n z\\ \n', 'a\\b/.varveignore': 'x\n' })).toEqual(['[a]*/b/x', 'a/x', 'a\\b/c/'])
  })

  test('are data: they are stored like any other file', async () => {
    expect(pathsOf(await entriesOf(made.make({ '.varveignore': '# nothing\n', a: '' })))).toEqual(['.varveignore', 'a'])
  })

  test('are not read if the caller does not want them', async () => {
    expect(await kept(['a', 'b'], { '.varveignore': 'a\n' }, { ignoreFiles: false })).toEqual(['a', 'b'])
  })

  test('with a byte order mark, carriage returns or bytes that are not UTF-8 do not fail', async () => {
    expect(await kept(['a', 'b'], { '.varveignore': '\ufeffa\r\n\r\n' })).toEqual(['b'])
    const folder = made.make({ a: '', b: '' })
    fs.writeFileSync(join(folder, '.varveignore'), Buffer.from([0xff, 0x0a, 0x61, 0x0a]))
    fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]), '')
    // The rule is no text, and neither is the name: both read as U+FFFD.
    expect(pathsOf(await entriesOf(folder))).toEqual(['.varveignore', 'b'])
  })

  test('that are links are not followed, and the caller is warned', async () => {
    const folder = made.make({ rules: 'a\n', a: '' })
    fs.symlinkSync('rules', join(folder, '.varveignore'))
    const events: ProgressEvent[] = []
    expect(pathsOf(await entriesOf(folder, { onProgress: (event) => events.push(event) }))).toEqual(['.varveignore', 'a', 'rules'])
    expect(events[0]).toMatchObject({ type: 'warning', path: '.varveignore' })
  })

  test('match the case of names on every machine', async () => {
    expect(await kept(['Data', 'x'], { '.varveignore': 'data\n' })).toEqual(['Data', 'x'])
  })

  test('never stop a read, whatever the patterns and the names', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 })
    const name = text.map((part) => part.replace(/[/\0]/g, '_')).filter((part) => part !== '' && !/^\.{1,2}$/.test(part) && Buffer.byteLength(part) < 100)
    await fc.assert(fc.asyncProperty(fc.array(text), fc.array(text), fc.array(name), async (top, below, names) => {
      const folder = made.make({ '.varveignore': top.join('\n') })
      fs.mkdirSync(join(folder, 'sub'))
      fs.writeFileSync(join(folder, 'sub', '.varveignore'), below.join('\n'))
      for (const part of names) fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/sub/`), Buffer.from(byteTextOfPath(part), 'latin1')]), '')
      await entriesOf(folder, { ignore: top })
    }), { numRuns: 30 })
  })
})

const hasGit = spawnSync('git', ['--version']).status === 0

describe('beside git', () => {
  test.skipIf(!hasGit)('the same files are left out as by .gitignore', async () => {
    const segment = fc.constantFrom('a', 'b', 'ab', 'a.x')
    const paths = fc.uniqueArray(fc.array(segment, { minLength: 1, maxLength: 3 }).map((list) => list.join('/')), { minLength: 1, maxLength: 8 })
    const pattern = fc.tuple(fc.constantFrom('', '!'), fc.constantFrom('', '/', '**/'), fc.constantFrom('a', 'b', '*', '*.x', 'a*', '?', '[ab]', 'a/b', 'a/**', '**/b', 'a/*/b'), fc.constantFrom('', '/')).map((list) => list.join(''))
    const patterns = fc.array(pattern, { maxLength: 4 })
    await fc.assert(fc.asyncProperty(paths, patterns, patterns, patterns, async (files, top, inA, inAB) => {
      const rules: Record<string, string> = { '': top.join('\n'), 'a/': inA.join('\n'), 'a/b/': inAB.join('\n') }
      const folder = made.make()
      spawnSync('git', ['init', '-q', folder])
      for (const file of files) {
        try {
          fs.mkdirSync(join(folder, file, '..'), { recursive: true })
          fs.writeFileSync(join(folder, file), '')
        } catch {
          // One path is a folder of another: whichever came first stays.
        }
      }
      for (const [where, text] of Object.entries(rules)) {
        if (!fs.existsSync(join(folder, where)) || !fs.statSync(join(folder, where)).isDirectory()) continue
        for (const name of ['.gitignore', '.varveignore']) fs.writeFileSync(join(folder, where, name), text)
      }
      const isData = (path: string): boolean => path !== '' && !path.endsWith('ignore')
      const git = spawnSync('git', ['-C', folder, 'ls-files', '--others', '--exclude-standard', '-z'], { encoding: 'utf8' })
      const ours = pathsOf(await entriesOf(folder)).filter((path) => isData(path) && !path.endsWith('/'))
      expect(ours.sort()).toEqual(git.stdout.split('\0').filter(isData).sort())
    }), { numRuns: 40 })
  })
})
