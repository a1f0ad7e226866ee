import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { importDvcHistory, type ImportDvcHistoryOptions } from '../../../src/index.ts'
import type { Repository } from '../../../src/dataset/repository.ts'
import { create, gather } from '../../dataset/in-memory.ts'

let top = ''
let repository: Repository

function git(...words: string[]): string {
  return execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'commit.gpgsign=false', ...words], {
    cwd: top, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_AUTHOR_DATE: '2024-02-03T04:05:06+02:00', GIT_COMMITTER_DATE: '2024-02-04T00:00:00Z' },
  }).trim()
}

function write(path: string, content: string): void {
  mkdirSync(dirname(join(top, path)), { recursive: true })
  writeFileSync(join(top, path), content)
}

function commit(message: string): string {
  git('add', '-A')
  git('commit', '-q', '--allow-empty', '-m', message)
  return git('rev-parse', 'HEAD')
}

function cached(content: string, suffix = ''): string {
  const md5 = createHash('md5').update(content).digest('hex')
  write(`ml/.dvc/cache/files/md5/${md5.slice(0, 2)}/${md5.slice(2)}${suffix}`, content)
  return md5
}

/** What `dvc add` leaves of a folder with these files; of content that is null the cache lacks the file. */
function track(files: Readonly<Record<string, string | null>>): void {
  const list = Object.entries(files).map(([relpath, content]) => ({ md5: content === null ? '0'.repeat(32) : cached(content), relpath }))
  write('ml/data.dvc', `outs:\n- md5: ${cached(JSON.stringify(list), '.dir')}.dir\n  hash: md5\n  path: data\n`)
}

const take = (options: Partial<ImportDvcHistoryOptions> = {}, of: Repository = repository) => importDvcHistory(of, join(top, 'ml/data.dvc'), { ref: 'data', variables: process.env, ...options })
const pathsOf = async (revision: string): Promise<string[]> => (await gather(repository.entries(revision))).map(({ path }) => path)

beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), 'varve-dvc-git-'))
  git('init', '-q', '-b', 'main')
  write('.gitignore', 'cache\n')
  mkdirSync(join(top, 'ml/.dvc'), { recursive: true })
  repository = await create()
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

describe('the history of what DVC tracks', () => {
  it('becomes snapshots: one for each commit that changed the .dvc file, with message, author and time', async () => {
    track({ 'a.txt': 'one', 'sub/b.txt': 'kept', 'x': 'a file' })
    const first = commit('as downloaded')
    write('ml/code.py', 'print()')
    commit('code alone')
    track({ 'a.txt': 'two', 'sub/b.txt': 'kept', 'x/y': 'now a folder' })
    const second = commit('corrected')
    git('rm', '-q', 'ml/data.dvc')
    commit('dropped')
    track({ 'c.txt': 'new' })
    const last = commit('begun anew')
    const stored: number[] = []
    expect(await take({ onProgress: (event) => event.type === 'store' && stored.push(event.bytes) })).toMatchObject({ ref: 'data', imported: 4, known: 0 })
    // What two commits share was read once.
    expect(stored).toEqual([3, 7, 13, 16, 28, 31])
    const log = await gather(repository.log('data'))
    expect(log.map(({ message }) => message)).toEqual(['begun anew', 'dropped', 'corrected', 'as downloaded'])
    expect(log.map(({ meta }) => (meta as { dvc: { commit: string } }).dvc.commit).filter((_, at) => at !== 1)).toEqual([last, second, first])
    expect(log[3]).toMatchObject({ author: 'Ada <ada@example.org>', time: '2024-02-03T02:05:06.000Z', meta: { dvc: { commit: first, path: 'ml/data.dvc' } } })
    expect(await pathsOf('data')).toEqual(['c.txt'])
    expect(await pathsOf('data~1')).toEqual([])
    expect(await pathsOf('data~2')).toEqual(['a.txt', 'sub/b.txt', 'x/y'])
    expect(Buffer.from(await repository.read('data~2', 'a.txt')).toString()).toBe('two')
    expect(Buffer.from(await repository.read('data~3', 'a.txt')).toString()).toBe('one')
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('is gone on with from where it was, with the same root as at once, and never mixed with another', async () => {
    track({ 'a.txt': 'one' })
    commit('first')
    await take()
    track({ 'a.txt': 'one', 'b.txt': 'more' })
    commit('second')
    const resumed = await take()
    expect(resumed).toMatchObject({ imported: 1, known: 1 })
    expect(await take()).toMatchObject({ imported: 0, known: 2, root: resumed.root, snapshot: resumed.snapshot })
    expect((await take({}, await create())).root).toBe(resumed.root)
    expect(await take({ revision: 'HEAD~1', ref: 'older' })).toMatchObject({ imported: 1 })
    await repository.snapshot([{ path: 'x', content: 'mine' }], { ref: 'mine' })
    await expect(take({ ref: 'mine' })).rejects.toMatchObject({ code: 'REF_CONFLICT' })
  })

  it('stops when it is told to', async () => {
    track({ 'a.txt': 'one', 'b.txt': 'two' })
    commit('first')
    const stop = new AbortController()
    await expect(take({ signal: stop.signal, onProgress: () => stop.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    expect(await repository.blocks.getRef('data')).toBeUndefined()
  })

  it('stops where the cache lacks something, and goes on from there once it is fetched', async () => {
    track({ 'a.txt': 'one' })
    commit('first')
    track({ 'a.txt': 'one', 'b.txt': null })
    commit('second')
    await expect(take()).rejects.toMatchObject({ code: 'NOT_FOUND', data: { paths: ['b.txt'] }, hint: expect.stringContaining('dvc fetch --all-commits') as string })
    expect((await gather(repository.log('data'))).map(({ message }) => message)).toEqual(['first'])
  })

  it('is refused with a path twice, without git, and for a file that git does not have', async () => {
    await expect(take()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    commit('nothing yet')
    await expect(take()).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('ml/data.dvc') as string })
    const list = JSON.stringify([{ md5: cached('one'), relpath: 'a' }, { md5: cached('two'), relpath: 'a' }])
    write('ml/data.dvc', `outs:\n- md5: ${cached(list, '.dir')}.dir\n  hash: md5\n  path: data\n`)
    commit('twice')
    await expect(take()).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringContaining('twice') as string })
    rmSync(join(top, '.git'), { recursive: true })
    await expect(take()).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('no git repository') as string })
  })
})
