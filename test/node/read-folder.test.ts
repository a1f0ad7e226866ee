import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { SkippedPath } from '../../src/dataset/interface.ts'
import { FileChangedError, InvalidArgumentError, NotFoundError, StorageError, UnreadableFilesError } from '../../src/errors.ts'
import { type ByteText, systemPath } from '../../src/node/byte-text.ts'
import { type FolderCalls, nodeFolderCalls } from '../../src/node/folder-calls.ts'
import { nodeFolders } from '../../src/node/folder-port.ts'
import type { ProgressEvent } from '../../src/types.ts'
import { contentCid, HashingStore } from './hashing-store.ts'
import { described, entriesOf, MadeFolders, pathsOf } from './made-folders.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

/** The system's calls, some of them changed. */
function portWith(changed: Partial<FolderCalls>, options: { repositoryFolder?: string } = {}) {
  return nodeFolders({ ...options, calls: { ...nodeFolderCalls, ...changed } })
}

function failure(code: string, words: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${words}, open '/somewhere'`), { code })
}

describe('what a folder holds', () => {
  test('comes in the order of manifest keys, folders right before their neighbours in name', async () => {
    const folder = made.make({ 'a/x': '1', 'a/b/y': '2', 'a-b': '3', 'a.b': '4', a0: '5', B: '6', 'empty/': '', 'é': '7' })
    expect(pathsOf(await entriesOf(folder))).toEqual(['B', 'a/b/y', 'a/x', 'a-b', 'a.b', 'a0', 'empty/', 'é'])
  })

  test('is files with their content, executables by the right of their owner', async () => {
    const folder = made.make({ plain: 'one', tool: 'two', theirs: 'three', empty: '' })
    fs.chmodSync(join(folder, 'tool'), 0o700)
    fs.chmodSync(join(folder, 'theirs'), 0o655)
    expect(await entriesOf(folder)).toEqual([
      { path: Uint8Array.from(Buffer.from('empty')), value: { kind: 'file', size: 0, cid: contentCid('') } },
      { path: Uint8Array.from(Buffer.from('plain')), value: { kind: 'file', size: 3, cid: contentCid('one') } },
      { path: Uint8Array.from(Buffer.from('theirs')), value: { kind: 'file', size: 5, cid: contentCid('three') } },
      { path: Uint8Array.from(Buffer.from('tool')), value: { kind: 'executable', size: 3, cid: contentCid('two') } },
    ])
  })

  test('is found under any name that the system allows', async () => {
    const folder = made.make()
    const names = ['new\nline', 'back\\slash', '"quotes\'', '__proto__', 'constructor', ' space ', '...', '-n', '*?[', '\u0001\u007f', 'x'.repeat(255), 'e\u0301', '\u00e9']
    for (const name of names) fs.writeFileSync(join(folder, name), name)
    const bytes = Buffer.from([0x66, 0xff, 0x80, 0xc3])
    fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), bytes]), 'bytes')
    const entries = await entriesOf(folder)
    const expected = [...names.map((name) => Buffer.from(name)), bytes].sort((a, b) => a.compare(b))
    expect(entries.map(({ path }) => Buffer.from(path))).toEqual(expected)
    expect(entries.find(({ path }) => bytes.equals(path))?.value).toEqual({ kind: 'file', size: 5, cid: contentCid('bytes') })
  })

  test('is read to any depth that paths reach, also below folders whose names are not text', async () => {
    const folder = made.make()
    const deep = Array.from({ length: 200 }, (_, level) => `level-${level}`).join('/')
    fs.mkdirSync(join(folder, deep), { recursive: true })
    fs.writeFileSync(join(folder, deep, 'file'), 'deep')
    const odd = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xe9])])
    fs.mkdirSync(odd)
    fs.writeFileSync(Buffer.concat([odd, Buffer.from('/\u00fc')]), 'odd')
    expect(pathsOf(await entriesOf(folder))).toEqual([`${deep}/file`, '\udce9/\u00fc'])
  })

  test('is not followed through links: to a file, a folder, nothing, themselves', async () => {
    const folder = made.make({ 'real/file': '1' })
    for (const [name, target] of [['to-file', 'real/file'], ['to-folder', 'real'], ['dangling', 'nowhere'], ['cycle', 'cycle'], ['up', '..']] as const) fs.symlinkSync(target, join(folder, name))
    fs.symlinkSync(Buffer.from([0xff, 0xfe]), join(folder, 'to-bytes'))
    expect(described(await entriesOf(folder)).filter((line) => line.startsWith('symlink'))).toEqual([
      'symlink cycle cycle', 'symlink dangling nowhere', 'symlink to-bytes \udcff\udcfe', 'symlink to-file real/file', 'symlink to-folder real', 'symlink up ..',
    ])
  })

  test('is the same through a link to the folder itself', async () => {
    const folder = made.make({ a: '1', 'b/c': '2' })
    const link = join(made.base, 'link')
    fs.symlinkSync(folder, link)
    expect(described(await entriesOf(link))).toEqual(described(await entriesOf(folder)))
  })

  test('does not depend on the order in which the system lists names', async () => {
    const folder = made.make({ 'a/1': '', 'a/2': '', 'a/3/x': '', b: '', c: '', 'd/': '' })
    const reversed = portWith({ names: (path) => nodeFolderCalls.names(path).sort().reverse() })
    expect(described(await entriesOf(folder, {}, reversed))).toEqual(described(await entriesOf(folder)))
  })

  test('includes a folder by itself if nothing in it belongs to the dataset', async () => {
    const folder = made.make({ 'empty/': '', 'ignored/.env': 'secret', 'outer/inner/': '', 'repository/.git/HEAD': 'x', 'full/file': '1' })
    expect(pathsOf(await entriesOf(folder))).toEqual(['empty/', 'full/file', 'ignored/', 'outer/inner/', 'repository/'])
  })

  test('is nothing at all in an empty folder', async () => {
    expect(await entriesOf(made.make())).toEqual([])
  })
})

describe('what is left out', () => {
  test('are sockets and pipes, with a reason and a warning', async () => {
    const folder = made.make({ file: '1' })
    expect(spawnSync('mkfifo', [join(folder, 'pipe')]).status).toBe(0)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve))
    const skipped: SkippedPath[] = []
    const events: ProgressEvent[] = []
    const entries = await entriesOf(folder, { onSkipped: (path) => skipped.push(path), onProgress: (event) => events.push(event) })
    await new Promise((resolve) => server.close(resolve))
    expect(pathsOf(entries)).toEqual(['file'])
    expect(skipped.map(({ path, reason }) => `${path} ${reason}`)).toEqual(['pipe special-file', 'socket special-file'])
    expect(events.filter(({ type }) => type === 'warning')).toMatchObject([{ path: 'pipe' }, { path: 'socket' }])
  })

  test('is the repository that the folder is read into, whatever it is called and whatever the rules say', async () => {
    const folder = made.make({ 'data/file': '1', 'data/store/config.json': '{}', '.varveignore': '!store\n' })
    const skipped: SkippedPath[] = []
    const port = nodeFolders({ repositoryFolder: join(folder, 'data/store') })
    const link = join(made.base, 'link-to-repository-parent')
    fs.symlinkSync(folder, link)
    expect(pathsOf(await entriesOf(link, { defaultIgnores: false, onSkipped: (path) => skipped.push(path) }, port))).toEqual(['.varveignore', 'data/file'])
    expect(skipped).toMatchObject([{ path: 'data/store', reason: 'repository' }])
  })

  test('is reported with the default rule that leaves it out', async () => {
    const folder = made.make({ '.git/HEAD': '', 'sub/node_modules/x': '', '.env.local': '', 'keys/id_rsa': '', 'keys/id_rsa.pub': '', 'server.pem': '', 'a.csv': '' })
    const skipped: SkippedPath[] = []
    expect(pathsOf(await entriesOf(folder, { onSkipped: (path) => skipped.push(path) }))).toEqual(['a.csv', 'keys/id_rsa.pub', 'sub/'])
    expect(skipped).toEqual([
      { path: '.env.local', reason: 'default-ignore', detail: '.env*' },
      { path: '.git', reason: 'default-ignore', detail: '.git' },
      { path: 'keys/id_rsa', reason: 'default-ignore', detail: 'id_rsa' },
      { path: 'server.pem', reason: 'default-ignore', detail: '*.pem' },
      { path: 'sub/node_modules', reason: 'default-ignore', detail: 'node_modules' },
    ])
    expect(pathsOf(await entriesOf(folder, { defaultIgnores: false }))).toContain('.git/HEAD')
  })

  test('is what is gone when its turn comes, as if it had never been there', async () => {
    const folder = made.make({ a: '1', 'b/c': '2', d: '3', e: '4' })
    fs.symlinkSync('a', join(folder, 'f'))
    const gone = (name: string) => (path: ByteText): boolean => path.endsWith(`/${name}`)
    const port = portWith({
      facts: (path) => (gone('a')(path) ? undefined : nodeFolderCalls.facts(path)),
      names: (path) => (gone('b')(path) ? nodeFolderCalls.names(`${path}/gone` as ByteText) : nodeFolderCalls.names(path)),
      open: (path) => (gone('d')(path) ? nodeFolderCalls.open(`${path}.gone` as ByteText) : nodeFolderCalls.open(path)),
      target: (path) => nodeFolderCalls.target(`${path}.gone` as ByteText),
    })
    expect(pathsOf(await entriesOf(folder, {}, port))).toEqual(['e'])
  })
})

describe('what cannot be read', () => {
  const denied = (...names: readonly string[]) => <T>(call: (path: ByteText) => T) => (path: ByteText): T => {
    if (names.some((name) => path.endsWith(`/${name}`))) throw failure('EACCES', 'permission denied')
    return call(path)
  }

  test('fails the read with all of it, files and folders', async () => {
    const folder = made.make({ a: '1', 'b/c': '2', d: '3', 'e/f': '4', g: '5' })
    const store = new HashingStore()
    const port = portWith({ open: denied('a', 'd')(nodeFolderCalls.open), names: denied('b')(nodeFolderCalls.names), facts: denied('f')(nodeFolderCalls.facts) })
    const error = await entriesOf(folder, {}, port, store).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(UnreadableFilesError)
    expect((error as UnreadableFilesError).data['paths']).toEqual(['a', 'b', 'd', 'e/f'])
    expect((error as UnreadableFilesError).message).toContain('a (EACCES: permission denied), b')
    // After the first failure nothing more is stored.
    expect(store.begun).toBe(0)
  })

  test('is left out and reported if the caller wants that', async () => {
    const folder = made.make({ a: '1', 'b/c': '2', d: '3' })
    const port = portWith({ open: denied('a')(nodeFolderCalls.open), names: denied('b')(nodeFolderCalls.names) })
    const skipped: SkippedPath[] = []
    expect(pathsOf(await entriesOf(folder, { skipUnreadable: true, onSkipped: (path) => skipped.push(path) }, port))).toEqual(['d'])
    expect(skipped).toEqual([{ path: 'a', reason: 'unreadable', detail: 'EACCES: permission denied' }, { path: 'b', reason: 'unreadable', detail: 'EACCES: permission denied' }])
  })

  test('is no matter if it is ignored anyway', async () => {
    const folder = made.make({ a: '1', 'b.tmp': '2', 'c/d': '3' })
    const port = portWith({ facts: denied('b.tmp')(nodeFolderCalls.facts), open: denied('b.tmp')(nodeFolderCalls.open), names: denied('c')(nodeFolderCalls.names) })
    expect(pathsOf(await entriesOf(folder, { ignore: ['*.tmp', 'c/'] }, port))).toEqual(['a'])
  })

  test('fails also in the middle of a file', async () => {
    const folder = made.make({ a: '1' })
    const port = portWith({ read: () => { throw failure('EIO', 'i/o error') } })
    await expect(entriesOf(folder, {}, port)).rejects.toThrow(UnreadableFilesError)
  })

  test('is never an ignore file: without its rules nothing is read, whatever the caller wants', async () => {
    const folder = made.make({ '.varveignore': 'secret', secret: '1' })
    const port = portWith({ open: denied('.varveignore')(nodeFolderCalls.open) })
    await expect(entriesOf(folder, { skipUnreadable: true }, port)).rejects.toThrow(/\.varveignore/)
  })

  test('is not blamed on the file if the process has too many files open', async () => {
    const folder = made.make({ a: '1' })
    const port = portWith({ open: () => { throw failure('EMFILE', 'too many open files') } })
    await expect(entriesOf(folder, { skipUnreadable: true }, port)).rejects.toThrow(StorageError)
  })

  test('is a path longer than the system takes, which is not passed over', async () => {
    const folder = made.make({ a: '1' })
    const script = `cd "$1" && for i in $(seq 1 20); do mkdir ${'d'.repeat(250)} && cd ${'d'.repeat(250)}; done && echo x > file`
    expect(spawnSync('bash', ['-c', script, 'bash', folder]).status).toBe(0)
    await expect(entriesOf(folder)).rejects.toThrow(/ENAMETOOLONG/)
    expect(spawnSync('rm', ['-rf', folder]).status).toBe(0)
  })

  test.skipIf(process.getuid?.() === 0)('is what the system keeps from this user (root can read everything, so not tested as root)', async () => {
    const folder = made.make({ a: '1', 'b/c': '2' })
    fs.chmodSync(join(folder, 'a'), 0)
    fs.chmodSync(join(folder, 'b'), 0)
    const error = await entriesOf(folder).catch((error: unknown) => error)
    fs.chmodSync(join(folder, 'b'), 0o700)
    expect((error as UnreadableFilesError).data['paths']).toEqual(['a', 'b'])
  })

  test('is a folder that is missing, or a file, or part of the repository', async () => {
    const folder = made.make({ file: '1', 'repository/packs/': '' })
    await expect(entriesOf(join(folder, 'missing'))).rejects.toThrow(NotFoundError)
    await expect(entriesOf(join(folder, 'file/below'))).rejects.toThrow(NotFoundError)
    await expect(entriesOf(join(folder, 'file'))).rejects.toThrow(InvalidArgumentError)
    const port = nodeFolders({ repositoryFolder: join(folder, 'repository') })
    await expect(entriesOf(join(folder, 'repository'), {}, port)).rejects.toThrow(InvalidArgumentError)
    await expect(entriesOf(join(folder, 'repository/packs'), {}, port)).rejects.toThrow(InvalidArgumentError)
  })
})

describe('a file that changes while it is read', () => {
  test('is read again until it holds still', async () => {
    const folder = made.make({ log: 'one' })
    const store = new HashingStore()
    store.onAdvance = () => {
      if (store.begun <= 2) fs.appendFileSync(join(folder, 'log'), '+')
    }
    expect(described(await entriesOf(folder, {}, undefined, store))).toEqual([`file log 5 ${contentCid('one++').toString()}`])
  })

  test('fails the read if it never does, naming each such file', async () => {
    const folder = made.make({ a: '1', b: '2', still: '3' })
    const store = new HashingStore()
    store.onAdvance = (bytes) => {
      if (bytes[0] !== 0x33) for (const name of ['a', 'b']) fs.appendFileSync(join(folder, name), '+')
    }
    const error = await entriesOf(folder, {}, undefined, store).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(FileChangedError)
    expect((error as FileChangedError).data['paths']).toEqual(['a', 'b'])
    expect(store.begun).toBe(9)
  })

  test('is found out when other bytes of the same length are written in place, at once after it was made', async () => {
    const folder = made.make({ a: 'old' })
    const store = new HashingStore()
    store.onAdvance = () => {
      if (store.begun === 1) fs.writeFileSync(join(folder, 'a'), 'new')
    }
    expect(described(await entriesOf(folder, {}, undefined, store))).toEqual([`file a 3 ${contentCid('new').toString()}`])
    expect(store.begun).toBe(2)
  })

  test('is found out when it is replaced, or cut short', async () => {
    const folder = made.make({ a: 'old', b: 'long content' })
    const store = new HashingStore(4)
    store.onAdvance = () => {
      if (store.begun === 1) fs.renameSync(join(made.make({ a: 'new' }), 'a'), join(folder, 'a'))
      if (store.begun === 3) fs.truncateSync(join(folder, 'b'), 1)
    }
    expect(described(await entriesOf(folder, {}, undefined, store))).toEqual([`file a 3 ${contentCid('new').toString()}`, `file b 1 ${contentCid('l').toString()}`])
  })

  test('is neither followed nor waited for when it became a link or a pipe', async () => {
    const folder = made.make({ link: '1', pipe: '2', outside: '3' })
    const swapped = new Set<string>()
    const port = portWith({
      open(path) {
        const name = path.slice(path.lastIndexOf('/') + 1)
        if (name !== 'outside' && !swapped.has(name)) {
          swapped.add(name)
          fs.rmSync(systemPath(path))
          if (name === 'link') fs.symlinkSync('outside', systemPath(path))
          else spawnSync('mkfifo', [path])
        }
        return nodeFolderCalls.open(path)
      },
    })
    const error = await entriesOf(folder, {}, port).catch((error: unknown) => error)
    expect((error as FileChangedError).data['paths']).toEqual(['link', 'pipe'])
  })

  test('can be a folder that became a link', async () => {
    const folder = made.make({ 'a/file': '1', 'other/secret': '2' })
    const port = portWith({
      names(path) {
        if (path.endsWith('/a')) {
          fs.renameSync(path, `${path}-moved`)
          fs.symlinkSync('other', path)
        }
        return nodeFolderCalls.names(path)
      },
    })
    const error = await entriesOf(folder, {}, port).catch((error: unknown) => error)
    expect((error as FileChangedError).data['paths']).toEqual(['a'])
  })
})

describe('a long read', () => {
  test('tells totals first if asked, and ends with all of them', async () => {
    const folder = made.make({ a: '1', 'b/c': '22', '.env': 'x' })
    const events: ProgressEvent[] = []
    const skipped: SkippedPath[] = []
    await entriesOf(folder, { countFirst: true, onProgress: (event) => events.push(event), onSkipped: (path) => skipped.push(path) })
    expect(events[0]).toEqual({ type: 'scan', files: 2, bytes: 3 })
    expect(events.at(-1)).toEqual({ type: 'hash', files: 2, bytes: 3, totalFiles: 2, totalBytes: 3 })
    expect(skipped).toHaveLength(1)
  })

  test('lets timers run, and stops with the reason of the signal', async () => {
    const folder = made.make(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, 'x'])))
    const busy = new HashingStore()
    busy.onAdvance = () => {
      for (const until = performance.now() + 5; performance.now() < until; );
    }
    const stop = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => stop.abort(reason), 20)
    await expect(entriesOf(folder, { signal: stop.signal }, undefined, busy)).rejects.toBe(reason)
    expect(busy.begun).toBeLessThan(40)
  })

  test('stops inside a large file, too, and begins nothing with a signal that is aborted', async () => {
    const folder = made.make({ large: 'x'.repeat(100_000) })
    const stop = new AbortController()
    const store = new HashingStore(1000)
    let pieces = 0
    store.onAdvance = () => {
      if (++pieces === 10) stop.abort()
    }
    await expect(entriesOf(folder, { signal: stop.signal }, undefined, store)).rejects.toThrow(/aborted/)
    expect(pieces).toBe(10)
    await expect(entriesOf(folder, { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/)
  })

  test('leaves no file open when the store fails or the consumer goes', async () => {
    const folder = made.make({ a: '1', b: '2' })
    let open = 0
    const port = portWith({
      open: (path) => {
        open++
        return nodeFolderCalls.open(path)
      },
      close: (file) => {
        open--
        nodeFolderCalls.close(file)
      },
    })
    const store = new HashingStore()
    store.onAdvance = () => Promise.reject(new Error('store is full'))
    await expect(entriesOf(folder, {}, port, store)).rejects.toThrow('store is full')
    for await (const entry of port.read(folder, new HashingStore(), {})) if (entry.path.length > 0) break
    expect(open).toBe(0)
  })
})
