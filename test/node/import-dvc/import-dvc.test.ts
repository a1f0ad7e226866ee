import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { importDvc } from '../../../src/index.ts'
import type { Repository } from '../../../src/dataset/repository.ts'
import { create, gather } from '../../dataset/in-memory.ts'
import { noise } from '../../remote/two-colleagues.ts'

type Content = string | Uint8Array

let project = ''
let repository: Repository

function write(path: string, content: Content): string {
  mkdirSync(dirname(join(project, path)), { recursive: true })
  writeFileSync(join(project, path), content)
  return join(project, path)
}

function md5(content: Content): string {
  return createHash('md5').update(content).digest('hex')
}

/** Puts content into a cache as DVC does, and gives its MD5. */
function cached(content: Content, { name = md5(content), layout = '.dvc/cache/files/md5', suffix = '' } = {}): string {
  write(`${layout}/${name.slice(0, 2)}/${name.slice(2)}${suffix}`, content)
  return name
}

/** The list of a folder. */
function cachedFolder(files: Readonly<Record<string, string>>, layout?: string): string {
  const list = Object.entries(files).map(([relpath, of]) => ({ md5: of, relpath }))
  return `${cached(JSON.stringify(list), { suffix: '.dir', ...(layout === undefined ? {} : { layout }) })}.dir`
}

function output(path: string, name: string, more = '  hash: md5\n'): string {
  return `- md5: ${name}\n  size: 1\n${more}  path: ${path}\n`
}

function cachePath(name: string): string {
  return join(project, '.dvc/cache/files/md5', name.slice(0, 2), name.slice(2))
}

async function paths(revision = 'data'): Promise<string[]> {
  return (await gather(repository.entries(revision))).map(({ path, kind }) => (kind === 'file' ? path : `${path} (${kind})`))
}

async function text(path: string): Promise<string> {
  return Buffer.from(await repository.read('data', path)).toString()
}

const take = (path: string, options: { cache?: string; message?: string } = {}) => importDvc(repository, join(project, path), { ref: 'data', ...options })

beforeEach(async () => {
  project = mkdtempSync(join(tmpdir(), 'varve-dvc-'))
  mkdirSync(join(project, '.dvc'))
  repository = await create()
})
afterEach(() => rmSync(project, { recursive: true, force: true }))

describe('what DVC tracks', () => {
  it('is imported from a .dvc file: a folder is the dataset, a file keeps its name', async () => {
    const large = noise(3_000_000, 1)
    const folder = cachedFolder({ 'a.txt': cached('one'), 'sub/deep/large.bin': cached(large), 'sub/empty': cached(''), 'ünï.txt': cached('two') })
    write('data.dvc', `outs:\n${output('data', folder)}`)
    expect(await take('data.dvc', { message: 'from DVC' })).toMatchObject({ ref: 'data', files: 4, created: true })
    expect(await paths()).toEqual(['a.txt', 'sub/deep/large.bin', 'sub/empty', 'ünï.txt'])
    expect(Buffer.from(await repository.read('data', 'sub/deep/large.bin')).equals(Buffer.from(large))).toBe(true)
    expect((await gather(repository.log('data')))[0]).toMatchObject({ message: 'from DVC' })
    // By the name of the data, whether or not that is checked out; once more changes nothing.
    expect(await take('data')).toMatchObject({ created: false })
    mkdirSync(join(project, 'data'))
    expect(await take('data')).toMatchObject({ created: false })
    write('models/run.sh.dvc', `wdir: ..\nouts:\n${output('tools/run.sh', cached('#!/bin/sh\n'), '  isexec: true\n  hash: md5\n')}`)
    await take('models/run.sh.dvc')
    expect(await paths()).toEqual(['run.sh (executable)'])
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('is imported from a whole project, each output at its path; caches and tracked folders are not searched', async () => {
    write('data/raw.dvc', `outs:\n${output('raw', cachedFolder({ 'a.txt': cached('one') }))}`)
    write('data/raw/not-tracked.dvc', 'nonsense')
    write('model.bin.dvc', `outs:\n${output('model.bin', cached('model'))}`)
    write('two.dvc', `outs:\n${output('x/one', cached('1'))}${output('x/two', cached('2'))}`)
    write('other/.dvc/config', '')
    write('other/z.dvc', 'nonsense')
    symlinkSync('..', join(project, 'data/up'))
    write('dvc.lock', 'schema: "2.0"\n')
    const warnings: string[] = []
    await importDvc(repository, project, { ref: 'data', onProgress: (event) => event.type === 'warning' && warnings.push(`${event.path}: ${event.message}`) })
    expect(await paths()).toEqual(['data/raw/a.txt', 'model.bin', 'x/one', 'x/two'])
    expect(warnings).toEqual([])
    await take('data')
    expect(await paths()).toEqual(['raw/a.txt'])
    await take('two.dvc')
    expect(await paths()).toEqual(['x/one', 'x/two'])
  })

  it('is found in the layout of versions before 3, where text has the MD5 that it has with LF', async () => {
    const layout = '.dvc/cache'
    const lines = 'a\r\nb\r\n'.repeat(300_000)
    const normal = cached(lines, { name: md5('a\nb\n'.repeat(300_000)), layout })
    const binary = cached(Uint8Array.of(0, 13, 10), { layout })
    write('data.dvc', `md5: 00\nouts:\n${output('data', cachedFolder({ 'crlf.txt': normal, 'b.bin': binary }, layout), '')}`)
    await take('data.dvc')
    expect(await text('crlf.txt')).toBe(lines)
    // Binary files are hashed as they are, and so is all that version 3 wrote.
    const wrong = cached(Uint8Array.of(0, 13, 10), { name: md5(Uint8Array.of(0, 10)), layout })
    write('bin.dvc', `outs:\n${output('bin', wrong, '')}`)
    await expect(take('bin.dvc')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
    write('text.dvc', `outs:\n${output('text', cached('a\r\n', { name: md5('a\n') }))}`)
    await expect(take('text.dvc')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
  })

  it.each([
    ['config', '[core]\n  remote = far\n[cache]\n    dir = ../elsewhere # shared\n[\'remote "far"\']\n    dir = no\n'],
    ['config.local', '[cache]\n    dir = "../elsewhere"\n'],
  ])('is read from the cache that .dvc/%s names', async (name, config) => {
    if (name === 'config.local') write('.dvc/config', '[cache]\ndir = /nowhere\n')
    write(`.dvc/${name}`, config)
    write('a.dvc', `outs:\n${output('a', cached('there', { layout: 'elsewhere/files/md5' }))}`)
    await take('a.dvc')
    expect(await text('a')).toBe('there')
  })

  it('is read from another folder that is named, such as a remote', async () => {
    write('a.dvc', `outs:\n${output('a', cached('there', { layout: 'remote/files/md5' }))}`)
    await expect(take('a.dvc')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await take('a.dvc', { cache: join(project, 'remote') })
    expect(await text('a')).toBe('there')
  })

  it('is refused whole if the cache lacks any of it, with the paths and what to do', async () => {
    const absent = md5('absent')
    write('data.dvc', `outs:\n${output('data', cachedFolder({ 'a.txt': cached('one'), 'b.txt': absent, 'sub/c.txt': md5('c') }))}`)
    await expect(take('data.dvc')).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('b.txt, sub/c.txt') as string, hint: expect.stringContaining('dvc fetch') as string, data: { paths: ['b.txt', 'sub/c.txt'] } })
    write('list.dvc', `outs:\n${output('folder', `${absent}.dir`)}`)
    await expect(take('list.dvc')).rejects.toMatchObject({ code: 'NOT_FOUND', data: { paths: ['folder/ (the list of its files)'] } })
    write('many.dvc', `outs:\n${output('many', cachedFolder(Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`f${at}`, absent]))))}`)
    await expect(take('many.dvc')).rejects.toMatchObject({ message: expect.stringMatching(/f9 and 15 more$/) as string })
    expect(await repository.blocks.getRef('data')).toBeUndefined()
  })

  it('is refused if a file or a list does not have its MD5', async () => {
    const damaged = cached('one')
    const folder = cachedFolder({ 'sub/a.txt': damaged })
    write('data.dvc', `outs:\n${output('data', folder)}`)
    writeFileSync(cachePath(damaged), 'two')
    await expect(take('data.dvc')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', message: expect.stringContaining('sub/a.txt') as string, data: { path: 'sub/a.txt', file: cachePath(damaged) } })
    const large = cached(noise(2_500_000, 3))
    write('large.dvc', `outs:\n${output('large', large)}`)
    truncateSync(cachePath(large), 2_499_999)
    await expect(take('large.dvc')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
    writeFileSync(cachePath(folder), '[]')
    await expect(take('data.dvc')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', message: expect.stringContaining('.dir') as string })
    expect(await repository.blocks.getRef('data')).toBeUndefined()
  })

  it.each(['../x', 'a/../../x', '/etc/x', 'a//b', './a', '', 'a\0b'])('is refused with the path %j in a folder', async (relpath) => {
    write('data.dvc', `outs:\n${output('data', cachedFolder({ [relpath]: cached('one') }))}`)
    await expect(take('data.dvc')).rejects.toMatchObject({ code: expect.stringMatching(/UNSAFE_PATH|MALFORMED_DATA/) as string })
    await expect(take('.')).rejects.toMatchObject({ code: 'UNSAFE_PATH' })
  })

  it.each(['../x', 'a/../../x', '/etc/x', '..', '.'])('is refused with an output at %j in a project', async (path) => {
    for (const name of [cached('one'), cachedFolder({ a: cached('one') })]) {
      write('data.dvc', `outs:\n${output(path, name)}`)
      await expect(take('.')).rejects.toMatchObject({ code: 'UNSAFE_PATH' })
    }
  })

  it.each([
    ['[', /data\.dvc:1:/], ['deps: []', /"outs"/], ['', /"outs"/], ['outs: []', /"outs"/], ['outs: [a]', /is a map/], ['outs:\n- md5: 00', /needs a "path"/], ['outs:\n- path: a', /"a" has no "md5"/],
    [`outs:\n- path: a\n  md5: ../../${'0'.repeat(26)}`, /data\.dvc:2:.*has no "md5"/], ['outs:\n- path: a\n  hash: blake3\n  blake3: 00', /tracked by blake3/], ['outs:\n- path: s3://b/a\n  md5: 00', /not in the project/],
    ['a: &a x\nb: *a', /[Aa]nchors/], [`outs: ${'['.repeat(100_000)}`, /nested/], [`#${'x'.repeat(1024 * 1024)}`, /1048577 bytes/],
  ])('is refused where the .dvc file is wrong: %#', async (content, message) => {
    write('data.dvc', content)
    await expect(take('data.dvc')).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringMatching(message) as string })
  })

  it.each(['no JSON', '{}', '[1]', '[null]', '[{"md5":"../../etc","relpath":"a"}]', '[{"md5":"d41d8cd98f00b204e9800998ecf8427e"}]'])('is refused where a list of files is wrong: %s', async (list) => {
    write('data.dvc', `outs:\n${output('data', `${cached(list, { suffix: '.dir' })}.dir`)}`)
    await expect(take('data.dvc')).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  })

  it('is refused where a list has more bytes than a list of files can have', async () => {
    const name = cached('[]', { suffix: '.dir' })
    truncateSync(cachePath(`${name}.dir`), 256 * 1024 * 1024 + 1)
    write('data.dvc', `outs:\n${output('data', `${name}.dir`)}`)
    await expect(take('data.dvc')).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringContaining('bytes') as string })
  })

  it('must be there', async () => {
    await expect(take('nothing.dvc')).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('nothing.dvc') as string })
    await expect(take('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(take('.')).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('no .dvc file') as string })
    write('a.dvc', `outs:\n${output('a', cached('one'))}`)
    rmSync(join(project, '.dvc'), { recursive: true })
    await expect(take('a.dvc')).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('in no DVC project') as string })
  })
})
