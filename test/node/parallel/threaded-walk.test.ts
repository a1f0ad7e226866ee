import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { SkippedPath } from '../../../src/dataset/interface.ts'
import { byteTextOfPath } from '../../../src/node/byte-text.ts'
import { nodeFolderCalls } from '../../../src/node/folder-calls.ts'
import { nodeFolders } from '../../../src/node/folder-port.ts'
import { type IgnoreOptions, ignoreRules } from '../../../src/node/ignore-rules.ts'
import { threadedWalk } from '../../../src/node/parallel/threaded-walk.ts'
import { walkFolder, type WalkedEntry, type WalkObserver } from '../../../src/node/walk.ts'
import { HashingStore } from '../hashing-store.ts'
import { described, entriesOf, MadeFolders } from '../made-folders.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

/** What a walk gives and tells, in order, as text. */
class Transcript {
  readonly lines: string[] = []
  readonly observer: WalkObserver = {
    onDefaultIgnore: (path, rule) => this.#add('default-ignore', path, rule),
    onRepository: (path) => this.#add('repository', path),
    onSpecialFile: (path) => this.#add('special-file', path),
    onUnreadable: (path, error, role) => this.#add('unreadable', path, `${(error as NodeJS.ErrnoException).code} ${(error as Error).message} ${role}`),
    onChanged: (path) => this.#add('changed', path),
    onLinkedIgnoreFile: (path) => this.#add('linked-ignore-file', path),
  }

  add(entry: WalkedEntry): void {
    if (entry.type === 'directory') return this.#add('directory', entry.path)
    if (entry.type === 'symlink') return this.#add('symlink', entry.path, Buffer.from(entry.target).toString('hex'))
    const { dev, ino, mode, size, mtimeNs, ctimeNs } = entry.facts
    this.#add('file', entry.path, [dev, ino, mode, size, mtimeNs, ctimeNs].join(' '))
  }

  #add(...words: readonly string[]): void {
    this.lines.push(words.join(' '))
  }
}

function walkedHere(folder: string, ignore: IgnoreOptions = {}, repository?: fs.BigIntStats): string[] {
  const transcript = new Transcript()
  for (const entry of walkFolder(byteTextOfPath(folder), { rules: ignoreRules(ignore), repository, observer: transcript.observer, calls: nodeFolderCalls })) transcript.add(entry)
  return transcript.lines
}

async function walkedByThread(folder: string, ignore: IgnoreOptions = {}, repository?: fs.BigIntStats): Promise<string[]> {
  const transcript = new Transcript()
  const plan = { top: byteTextOfPath(folder), ignore, repository: repository === undefined ? undefined : { dev: repository.dev, ino: repository.ino } }
  for await (const stretch of threadedWalk(plan, transcript.observer) ?? []) for (const entry of stretch) transcript.add(entry)
  return transcript.lines
}

/** Runs `work`; returns how many threads were started, which `refuse` keeps from happening. */
async function threadsStarted(work: () => Promise<void>, refuse = false): Promise<number> {
  const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker }
  const { Worker: Real } = threads
  let started = 0
  threads.Worker = class extends Real {
    constructor(...args: ConstructorParameters<typeof Real>) {
      started++
      if (refuse) throw Object.assign(new Error('The system grants no thread'), { code: 'ERR_WORKER_INIT_FAILED' })
      super(...args)
    }
  }
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    threads.Worker = Real
    syncBuiltinESMExports()
  }
  return started
}

describe('a walk in a thread of its own', () => {
  test('gives and tells what a walk here does, in its order', async () => {
    const folder = made.make({
      'a/file': '1', 'a/empty/': '', 'b/node_modules/c': '2', 'b/.env': 'SECRET', '.varveignore': 'left-out\n', 'b/left-out': '3', 'c/\u00e9 and \u4e2d': '4', 'repository/pack': '5', 'z': '6',
    })
    fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/c/`), Buffer.from([0xff, 0x01, 0x0a, 0x2e])]), '7')
    fs.symlinkSync('nowhere', join(folder, 'a', 'link'))
    fs.symlinkSync('../.varveignore', join(folder, 'c', '.varveignore'))
    fs.writeFileSync(join(folder, 'old'), '8', { mode: 0o755 })
    fs.utimesSync(join(folder, 'old'), -1000.25, -2000.75)
    expect(spawnSync('mkfifo', [join(folder, 'pipe')]).status).toBe(0)
    // A name that is there and cannot be asked for: its path is longer than any that the system takes.
    const [outer, inner] = ['o', 'i'].map((letter) => Array.from({ length: 12 }, () => letter.repeat(200)).join('/')) as [string, string]
    fs.mkdirSync(join(folder, outer), { recursive: true })
    fs.mkdirSync(join(folder, 'inner', inner), { recursive: true })
    fs.renameSync(join(folder, 'inner'), join(folder, outer, 'inner'))

    const repository = fs.statSync(join(folder, 'repository'), { bigint: true })
    const here = walkedHere(folder, { ignore: ['*.tmp'] }, repository)
    for (const kind of ['file', 'symlink', 'directory', 'default-ignore', 'repository', 'special-file', 'linked-ignore-file', 'unreadable']) {
      expect(here.some((line) => line.startsWith(`${kind} `)), kind).toBe(true)
    }
    expect(await walkedByThread(folder, { ignore: ['*.tmp'] }, repository)).toEqual(here)
    expect(await walkedByThread(folder, { defaultIgnores: false, ignoreFiles: false })).toEqual(walkedHere(folder, { defaultIgnores: false, ignoreFiles: false }))
    // Node's own removal cannot name what is below.
    expect(spawnSync('rm', ['-rf', folder]).status).toBe(0)
  })

  test('is the same for any tree', async () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'a-', '.env', 'x'), { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(path, fc.constantFrom('file', 'folder', 'link')), { maxLength: 30 }), async (items) => {
      const folder = made.make()
      for (const [name, kind] of items) {
        try {
          fs.mkdirSync(join(folder, name, '..'), { recursive: true })
          if (kind === 'folder') fs.mkdirSync(join(folder, name))
          else if (kind === 'link') fs.symlinkSync('to', join(folder, name))
          else fs.writeFileSync(join(folder, name), name)
        } catch {
          // Taken, or below a file: random trees have such places.
        }
      }
      expect(await walkedByThread(folder)).toEqual(walkedHere(folder))
    }), { numRuns: 15 })
  }, 60_000)

  test.each([511, 512, 513, 5000])('comes in stretches that join: %i files', async (count) => {
    const folder = made.make(Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index % 3}/${index}`, ''])))
    expect(await walkedByThread(folder)).toEqual(walkedHere(folder))
  })

  test('of a folder that is not there is told of', async () => {
    const lines = await walkedByThread(join(made.base, 'nowhere'))
    expect(lines).toEqual(walkedHere(join(made.base, 'nowhere')))
    expect(lines).toHaveLength(1)
  })

  test('is not ahead by more than a few stretches, and ends when it is given up', async () => {
    const folder = made.make(Object.fromEntries(Array.from({ length: 6000 }, (_, index) => [String(index).padStart(5, '0'), ''])))
    const stretches = threadedWalk({ top: byteTextOfPath(folder), ignore: {}, repository: undefined }, new Transcript().observer)
    const first = (await stretches?.next())?.value as Iterable<WalkedEntry>
    expect([...first]).toHaveLength(512)
    // What the thread has not come to yet by now, it does not come to before it is asked: the last file is gone from the walk.
    await new Promise((resolve) => setTimeout(resolve, 300))
    fs.rmSync(join(folder, '05999'))
    let last: WalkedEntry | undefined
    for await (const stretch of stretches ?? []) for (const entry of stretch) last = entry
    expect(last?.path).toBe('05998')

    const other = threadedWalk({ top: byteTextOfPath(folder), ignore: {}, repository: undefined }, new Transcript().observer)
    await other?.next()
    await other?.return(undefined)
    expect((await other?.next())?.done).toBe(true)
  })

  test('throws what its observer throws', async () => {
    const folder = made.make({ '.env': '' })
    const observer = { ...new Transcript().observer, onDefaultIgnore: () => { throw new Error('mine') } }
    const walking = async (): Promise<void> => {
      for await (const stretch of threadedWalk({ top: byteTextOfPath(folder), ignore: {}, repository: undefined }, observer) ?? []) for (const entry of stretch) expect(entry).toBeUndefined()
    }
    await expect(walking()).rejects.toThrow('mine')
  })
})

describe('reading a folder whose stat cache is large', () => {
  const folder = made.make({ ...Object.fromEntries(Array.from({ length: 700 }, (_, index) => [`${index % 5}/${index}`, `content ${index}`])), '3/.env': 'SECRET' })
  const past = new Date(Date.now() - 3_600_000)
  for (let index = 0; index < 700; index++) fs.utimesSync(join(folder, `${index % 5}`, `${index}`), past, past)
  const port = (cacheFolder: string, walkFromBytes: number, count = 2) => nodeFolders({ cacheFolder, trustAfterMs: 1, threads: { count, walkFromBytes } })
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150))

  test('is done with a thread that walks, and only then: the entries, the store and what is told are the same', async () => {
    await settled()
    const cache = made.make()
    const first = described(await entriesOf(folder, {}, port(cache, 1_000_000)))
    const [bytes] = fs.readdirSync(join(cache, 'stat')).map((name) => fs.statSync(join(cache, 'stat', name)).size)
    for (const [walkFromBytes, count, threads] of [[(bytes as number) + 1, 2, 0], [bytes as number, 2, 1], [bytes as number, 1, 0]] as const) {
      const store = new HashingStore()
      const skipped: SkippedPath[] = []
      const started = await threadsStarted(async () => {
        expect(described(await entriesOf(folder, { onSkipped: (path) => skipped.push(path) }, port(cache, walkFromBytes, count), store))).toEqual(first)
      })
      expect(started).toBe(threads)
      expect(store.begun, 'files opened').toBe(0)
      expect(skipped.map(({ path }) => path)).toEqual(['3/.env'])
    }
  })

  test('notices what has changed', async () => {
    const cache = made.make()
    const other = made.make({ 'a': '1', 'b': '2', 'c': '3' })
    await settled()
    await entriesOf(other, {}, port(cache, 0))
    fs.writeFileSync(join(other, 'b'), 'changed')
    fs.rmSync(join(other, 'c'))
    fs.writeFileSync(join(other, 'd'), 'new')
    expect(described(await entriesOf(other, {}, port(cache, 0)))).toEqual(described(await entriesOf(other)))
  })

  test('counts first by a thread too', async () => {
    const cache = made.make()
    await entriesOf(folder, {}, port(cache, 0))
    const totals: unknown[] = []
    const started = await threadsStarted(async () => {
      await entriesOf(folder, { countFirst: true, onProgress: (event) => (event.type === 'hash' ? totals.push(event.totalFiles) : undefined) }, port(cache, 1))
    })
    expect(started).toBe(2)
    expect(totals.at(-1)).toBe(700)
  })

  test('goes on without where the system grants none', async () => {
    const cache = made.make()
    const first = described(await entriesOf(folder, {}, port(cache, 0)))
    const asked = await threadsStarted(async () => {
      expect(described(await entriesOf(folder, {}, port(cache, 1)))).toEqual(first)
    }, true)
    expect(asked).toBe(1)
  })
})
