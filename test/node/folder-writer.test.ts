import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { CheckoutStep, FolderWriter } from '../../src/dataset/interface.ts'
import { InvalidArgumentError, MalformedDataError, StorageError, UnsafePathError, WouldOverwriteError } from '../../src/errors.ts'
import { byteTextOfPath } from '../../src/node/byte-text.ts'
import { besideName } from '../../src/node/checkout-leftovers.ts'
import { nodeFolders } from '../../src/node/folder-port.ts'
import { beginFolderWrite } from '../../src/node/folder-writer.ts'
import { systemRename } from '../../src/node/place-folder.ts'
import { described, entriesOf, MadeFolders } from './made-folders.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

const port = nodeFolders()
const path = (text: string): Uint8Array => Buffer.from(text)
const file = (name: string, size: number, executable = false): CheckoutStep => ({ type: 'file', path: path(name), size, executable })
const data = (text: string): CheckoutStep => ({ type: 'data', bytes: path(text) })
const link = (name: string, target: string): CheckoutStep => ({ type: 'symlink', path: path(name), target: path(target) })
const directory = (name: string): CheckoutStep => ({ type: 'directory', path: path(name) })

async function writeAll(writer: FolderWriter, steps: readonly CheckoutStep[]): Promise<void> {
  for (const step of steps) await writer.write(step)
}

async function checkout(target: string, steps: readonly CheckoutStep[], replace = false): Promise<void> {
  await using writer = await port.beginWrite(target)
  await writeAll(writer, steps)
  await writer.commit({ replace, force: replace })
}

/** What stands beside a target, hidden things included. */
const beside = (target: string): string[] => fs.readdirSync(dirname(target)).filter((name) => name !== basename(target))

describe('a checkout', () => {
  test('appears in one step, with all that was written', async () => {
    const target = join(made.make(), 'out')
    await using writer = await port.beginWrite(target)
    await writeAll(writer, [file('a/b/c', 5), data('con'), data(''), data('t!'), file('a/tool', 1, true), data('x'), directory('d/e'), link('l', 'a/b/c'), file('z', 0)])
    expect(fs.existsSync(target)).toBe(false)
    await writer.commit({ replace: false })
    expect(fs.readFileSync(join(target, 'a/b/c'), 'utf8')).toBe('cont!')
    expect(described(await entriesOf(target)).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(['file a/b/c', 'executable a/tool', 'directory d/e', 'symlink l', 'file z'])
    expect(beside(target)).toEqual([])
  })

  test('has the modes that new files and folders have, and is closed to others until it is there', async () => {
    const target = join(made.make(), 'out')
    const before = process.umask(0o027)
    try {
      await using writer = await port.beginWrite(target)
      await writeAll(writer, [file('d/plain', 0), file('d/tool', 0, true)])
      const mode = (name: string): string => (fs.statSync(name).mode & 0o7777).toString(8)
      expect(mode(join(dirname(target), beside(target)[0] ?? ''))).toBe('700')
      await writer.commit({ replace: false })
      expect([target, join(target, 'd'), join(target, 'd/plain'), join(target, 'd/tool')].map(mode)).toEqual(['750', '750', '640', '750'])
    } finally {
      process.umask(before)
    }
  })

  test('keeps names and targets of links that are not text', async () => {
    const target = join(made.make(), 'out')
    const odd = Uint8Array.of(0xff, 0x2f, 0xfe, 0x0a)
    await checkout(target, [{ type: 'file', path: odd, size: 1, executable: false }, data('x'), { type: 'symlink', path: Uint8Array.of(0xff, 0x2f, 0xff), target: Uint8Array.of(0x80) }])
    expect(described(await entriesOf(target)).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(['file \udcff/\udcfe\n', 'symlink \udcff/\udcff'])
  })

  test('writes files of many megabytes', async () => {
    const target = join(made.make(), 'out')
    const piece = Buffer.alloc(1024 * 1024, 'x')
    await using writer = await port.beginWrite(target)
    for (let index = 0; index < 6; index++) {
      await writer.write({ type: 'file', path: path(`f${index}`), size: 2 * piece.length, executable: false })
      for (let count = 0; count < 2; count++) await writer.write({ type: 'data', bytes: piece })
    }
    await writer.commit({ replace: false })
    expect(fs.readdirSync(target).map((name) => fs.statSync(join(target, name)).size)).toEqual(Array.from({ length: 6 }, () => 2 * piece.length))
  })

  test('says how names fold here: on this system, or as it was told', async () => {
    await using writer = await port.beginWrite(join(made.make(), 'out'))
    if (process.platform === 'linux') expect(writer.folding).toEqual({ case: false, normalization: false, windows: false })
    const folding = { case: true, normalization: true, windows: true }
    await using other = await nodeFolders({ folding }).beginWrite(join(made.make(), 'out'))
    expect(other.folding).toEqual(folding)
  })

  test('makes the folders above its target, and removes them if it comes to nothing', async () => {
    const base = made.make()
    await checkout(join(base, 'x/y/out'), [file('a', 0)])
    expect(fs.readdirSync(join(base, 'x/y'))).toEqual(['out'])
    {
      await using writer = await port.beginWrite(join(base, 'p/q/out'))
      await writer.write(file('a', 0))
      expect(fs.readdirSync(base)).toEqual(['p', 'x'])
    }
    expect(fs.readdirSync(base)).toEqual(['x'])
  })

  test('works for targets with names of 255 bytes, and names that are not ASCII', async () => {
    const base = made.make()
    for (const name of ['n'.repeat(255), 'é'.repeat(127), 'ein Ordner']) await checkout(join(base, name), [file('a', 0)])
    expect(fs.readdirSync(base).sort()).toEqual(['ein Ordner', 'n'.repeat(255), 'é'.repeat(127)].sort())
  })
})

describe('a target', () => {
  test('is absent, empty or occupied', async () => {
    const base = made.make({ 'empty/': '', 'full/file': '', file: '', '\u00e9/file': '' })
    fs.symlinkSync('empty', join(base, 'to-empty'))
    fs.symlinkSync('nowhere', join(base, 'dangling'))
    const states = async (...names: readonly string[]): Promise<string[]> => Promise.all(names.map((name) => port.inspect(join(base, name))))
    expect(await states('absent', 'empty', 'full', 'file', '\u00e9', 'to-empty', 'dangling', 'file/below')).toEqual(['absent', 'empty', 'occupied', 'occupied', 'occupied', 'empty', 'occupied', 'absent'])
  })

  test('that is empty is replaced, and so is the folder that a link leads to', async () => {
    const base = made.make({ 'empty/': '', 'other/': '' })
    fs.symlinkSync('other', join(base, 'link'))
    await checkout(join(base, 'empty'), [file('a', 0)])
    await checkout(join(base, 'link'), [file('b', 0)])
    expect(fs.readdirSync(join(base, 'empty'))).toEqual(['a'])
    expect(fs.readdirSync(join(base, 'other'))).toEqual(['b'])
    expect(fs.readlinkSync(join(base, 'link'))).toBe('other')
  })

  test('that holds something is kept, unless it is to be replaced', async () => {
    const base = made.make({ 'out/old': 'precious' })
    const target = join(base, 'out')
    await expect(checkout(target, [file('new', 0)])).rejects.toThrow(WouldOverwriteError)
    expect(fs.readdirSync(base)).toEqual(['out'])
    expect(fs.readFileSync(join(target, 'old'), 'utf8')).toBe('precious')
    await checkout(target, [file('new', 0)], true)
    expect(fs.readdirSync(target)).toEqual(['new'])
    expect(fs.readdirSync(base)).toEqual(['out'])
  })

  test('that somebody fills meanwhile is kept', async () => {
    const target = join(made.make(), 'out')
    await using writer = await beginFolderWrite(target, {
      rename(from, to) {
        fs.mkdirSync(target)
        fs.writeFileSync(join(target, 'theirs'), '')
        systemRename(from, to)
      },
    })
    await writer.write(file('ours', 0))
    await expect(writer.commit({ replace: false })).rejects.toThrow(WouldOverwriteError)
    expect(fs.readdirSync(target)).toEqual(['theirs'])
  })

  test('is as it was when any of the renames fails', async () => {
    for (const [failing, state] of [[1, 'absent'], [1, 'empty'], [1, 'occupied'], [2, 'occupied']] as const) {
      const base = made.make(state === 'absent' ? {} : state === 'empty' ? { 'out/': '' } : { 'out/old': 'precious' })
      const target = join(base, 'out')
      let calls = 0
      {
        await using writer = await beginFolderWrite(target, {
          rename(from, to) {
            if (++calls === failing) throw Object.assign(new Error('EIO'), { code: 'EIO' })
            systemRename(from, to)
          },
        })
        await writer.write(file('new', 0))
        await expect(writer.commit({ replace: true, force: true })).rejects.toThrow(StorageError)
      }
      expect(await port.inspect(target)).toBe(state)
      if (state === 'occupied') expect(fs.readFileSync(join(target, 'old'), 'utf8')).toBe('precious')
      expect(beside(target)).toEqual([])
    }
  })

  test('goes if nothing in it was changed since it was inspected, and stays as it is otherwise, unless forced', async () => {
    const changes: readonly (readonly [string, (target: string) => void])[] = [
      ['new', (target) => fs.writeFileSync(join(target, 'new'), 'precious')],
      ['a/b', (target) => fs.appendFileSync(join(target, 'a/b'), '!')],
      ['a', (target) => fs.rmSync(join(target, 'a/b'))],
      ['moved', (target) => fs.renameSync(join(target, 'c'), join(target, 'moved'))],
    ]
    const future = new Date(Date.now() + 86_400_000)
    for (const [changed, change] of [...changes, [undefined, () => undefined] as const]) {
      for (const [moment, force] of [['before', false], ['after', false], ['after', true]] as const) {
        const target = join(made.make({ 'out/a/b': '1', 'out/c': '2' }), 'out')
        fs.utimesSync(join(target, 'c'), future, future)
        expect(await port.inspect(target)).toBe('occupied')
        if (moment === 'before') change(target)
        let held: (string | Buffer)[] = []
        {
          await using writer = await port.beginWrite(target)
          await writer.write(file('ours', 0))
          if (moment === 'after') change(target)
          held = fs.readdirSync(target, { recursive: true })
          const committing = writer.commit({ replace: true, force })
          if (changed === undefined || force) await committing
          else await expect(committing).rejects.toMatchObject({ code: 'WOULD_OVERWRITE', hint: 'Run the same command again.', data: { paths: expect.arrayContaining([changed]) as string[] } })
        }
        expect(fs.readdirSync(target, { recursive: true })).toEqual(changed === undefined || force ? ['ours'] : held)
        expect(beside(target)).toEqual([])
      }
    }
  })

  test('that was changed during the checkout names at most 10 paths, and a second run goes through', async () => {
    const target = join(made.make({ 'out/a': '' }), 'out')
    await port.inspect(target)
    {
      await using writer = await port.beginWrite(target)
      for (let index = 0; index < 12; index++) fs.writeFileSync(join(target, `n${index}`), '')
      const error: unknown = await writer.commit({ replace: true }).catch((reason: unknown) => reason)
      expect((error as WouldOverwriteError).data['paths']).toHaveLength(10)
    }
    expect(fs.readdirSync(target)).toHaveLength(13)
    await port.inspect(target)
    await using again = await port.beginWrite(target)
    await again.commit({ replace: true })
    expect(fs.readdirSync(target)).toEqual([])
  })

  test('is removed with all in it, whatever the names', async () => {
    const target = made.make({ 'a/b/c': '' })
    fs.mkdirSync(Buffer.concat([Buffer.from(`${target}/`), Buffer.from([0xff])]))
    fs.writeFileSync(Buffer.concat([Buffer.from(`${target}/`), Buffer.from([0xff, 0x2f, 0xfe])]), '')
    const outside = made.make({ kept: '' })
    fs.symlinkSync(outside, join(target, 'link'))
    await checkout(target, [file('new', 0)], true)
    expect(fs.readdirSync(target)).toEqual(['new'])
    expect(fs.readdirSync(made.base).filter((name) => name.startsWith('.'))).toEqual([])
    expect(fs.readdirSync(outside)).toEqual(['kept'])
  })

  test('that holds a repository is never replaced', async () => {
    const repositoryFolder = join(made.make({ 'out/deep/store/config.json': '{}' }), 'out/deep/store')
    const own = nodeFolders({ repositoryFolder })
    const target = dirname(dirname(repositoryFolder))
    expect(await own.protectedNames(target)).toEqual(['deep/store'])
    expect(await own.protectedNames(repositoryFolder)).toEqual(['.'])
    expect(await own.protectedNames(made.make({ '.git/': '', '.varve/': '' }))).toEqual(['.git', '.varve'])
    expect(await own.protectedNames(join(target, 'missing'))).toEqual([])
    expect(await own.protectedNames(join(repositoryFolder, 'config.json'))).toEqual([])
    await using writer = await own.beginWrite(target)
    await expect(writer.commit({ replace: true })).rejects.toThrow(WouldOverwriteError)
    expect(fs.existsSync(join(repositoryFolder, 'config.json'))).toBe(true)
    await expect(own.beginWrite(join(repositoryFolder, 'inside'))).rejects.toThrow(InvalidArgumentError)
  })

  test('that no folder can take the place of is refused at once', async () => {
    await expect(port.beginWrite('/')).rejects.toThrow(InvalidArgumentError)
    if (fs.existsSync('/proc/self')) await expect(port.beginWrite('/proc')).rejects.toThrow(/mounted/)
    await expect(port.beginWrite(join(made.make({ file: '' }), 'file/out'))).rejects.toThrow(StorageError)
  })
})

describe('what is refused', () => {
  const refusals: readonly (readonly [string, readonly CheckoutStep[], new (...args: never[]) => Error])[] = [
    ['an empty path', [file('', 0)], UnsafePathError],
    ['a path from the root', [file('/etc/x', 0)], UnsafePathError],
    ['an empty segment', [directory('a//b')], UnsafePathError],
    ['a slash at the end', [directory('a/')], UnsafePathError],
    ['a segment "."', [file('a/./b', 0)], UnsafePathError],
    ['a segment ".."', [link('../b', 'x')], UnsafePathError],
    ['a NUL', [file('a\0b', 0)], UnsafePathError],
    ['a file twice', [file('a', 0), file('a', 0)], UnsafePathError],
    ['a file where a folder is', [file('a/b', 0), file('a', 0)], UnsafePathError],
    ['a folder where a file is', [file('a', 0), file('a/b', 0)], UnsafePathError],
    ['a folder entry where a file is', [file('a', 0), directory('a')], UnsafePathError],
    ['more content than the size', [file('a', 3), data('four')], MalformedDataError],
    ['more content after the end', [file('a', 3), data('abc'), data('d')], MalformedDataError],
    ['content of no file', [data('x')], MalformedDataError],
    ['less content than the size', [file('a', 3), data('ab'), file('b', 0)], MalformedDataError],
    ['a link to nothing', [link('a', '')], MalformedDataError],
    ['a link with NUL', [link('a', 'x\0y')], MalformedDataError],
    ['a name too long', [file('n'.repeat(256), 0)], StorageError],
  ]
  test.each(refusals)('%s', async (_, steps, kind) => {
    const target = join(made.make(), 'out')
    {
      await using writer = await port.beginWrite(target)
      await expect(writeAll(writer, steps)).rejects.toThrow(kind)
      // Nothing more can come of it.
      await expect(writer.commit({ replace: true })).rejects.toThrow(InvalidArgumentError)
    }
    expect(fs.readdirSync(dirname(target))).toEqual([])
  })

  test('a link as a folder on the way to another link', async () => {
    const outside = made.make()
    await expect(checkout(join(made.make(), 'out'), [link('a', outside), link('a/b', 'x')])).rejects.toThrow(UnsafePathError)
    expect(fs.readdirSync(outside)).toEqual([])
  })

  test('a file after a link of the same name, or below it: nothing is written through', async () => {
    const outside = made.make({ victim: 'safe' })
    for (const steps of [[link('a', join(outside, 'victim')), file('a', 3), data('bad')], [link('a', outside), file('a/victim', 3), data('bad')]]) {
      await expect(checkout(join(made.make(), 'out'), steps)).rejects.toThrow(UnsafePathError)
    }
    expect(fs.readFileSync(join(outside, 'victim'), 'utf8')).toBe('safe')
  })

  test('a folder that somebody made a link of meanwhile', async () => {
    const outside = made.make()
    const target = join(made.make(), 'out')
    await using writer = await port.beginWrite(target)
    await writeAll(writer, [file('a/x', 0), file('b', 0)])
    const fresh = join(dirname(target), beside(target)[0] ?? '')
    fs.renameSync(join(fresh, 'a'), join(fresh, 'moved'))
    fs.symlinkSync(outside, join(fresh, 'a'))
    expect(() => writer.write(file('a/y', 0))).toThrow(UnsafePathError)
    expect(fs.readdirSync(outside)).toEqual([])
  })

  test('a commit in the middle of a file, and anything after a commit', async () => {
    const target = join(made.make(), 'out')
    await using half = await port.beginWrite(target)
    await half.write(file('a', 2))
    await expect(half.commit({ replace: false })).rejects.toThrow(MalformedDataError)
    await using whole = await port.beginWrite(target)
    await whole.commit({ replace: false })
    expect(() => whole.write(file('a', 0))).toThrow(InvalidArgumentError)
    await expect(whole.commit({ replace: true })).rejects.toThrow(InvalidArgumentError)
    await whole[Symbol.asyncDispose]()
    expect(fs.readdirSync(target)).toEqual([])
  })
})

describe('what a process leaves that dies', () => {
  const dead = spawnSync('true').pid
  const leftover = (target: string, role: 'new' | 'old', owner: number = dead): string => {
    const name = besideName(byteTextOfPath(basename(target)), role).replace(`-${process.pid}-`, `-${owner}-`)
    const folder = join(dirname(target), name)
    fs.mkdirSync(folder)
    fs.writeFileSync(join(folder, role), '')
    return name
  }

  test('is removed by the next checkout to the same target, and only that', async () => {
    const base = made.make({ 'out/file': '' })
    const target = join(base, 'out')
    leftover(target, 'new')
    leftover(target, 'old')
    const kept = [leftover(target, 'new', process.ppid), leftover(join(base, 'other'), 'new'), '.out.varve-mine']
    fs.writeFileSync(join(base, '.out.varve-mine'), '')
    await checkout(target, [file('a', 0)], true)
    expect(beside(target).sort()).toEqual(kept.sort())
  })

  test('includes an old folder that was out of its place: it goes back, and the caller looks again', async () => {
    const base = made.make()
    const target = join(base, 'out')
    leftover(target, 'old')
    leftover(target, 'new')
    await expect(port.beginWrite(target)).rejects.toThrow(WouldOverwriteError)
    expect(fs.readdirSync(target)).toEqual(['old'])
    expect(beside(target)).toEqual([])
    await checkout(target, [file('a', 0)], true)
    expect(fs.readdirSync(target)).toEqual(['a'])
  })
})

test('a folder is called by its last segment', () => {
  expect([port.nameOf('/data/mnist'), port.nameOf('./x/../mnist/'), port.nameOf('.')]).toEqual(['mnist', 'mnist', basename(process.cwd())])
})
