import * as fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { ContentStore, FolderReadOptions } from '../../../src/dataset/interface.ts'
import { VarveError } from '../../../src/errors.ts'
import { nodeFolderCalls } from '../../../src/node/folder-calls.ts'
import { nodeFolders } from '../../../src/node/folder-port.ts'
import { contentCid, HashingStore } from '../hashing-store.ts'
import { described, entriesOf, MadeFolders } from '../made-folders.ts'
import { noise, portOf, repositoryWith, SEGMENT, writeTree } from './thread-trial.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

type Options = FolderReadOptions & { readonly isDenied?: boolean }

/** How reading a folder ended: what was found, left out, or said. `change` is done to each file behind the back of the walk, which has just looked at it. */
async function outcome(folder: string, threads: number, { isDenied = false, ...options }: Options, change: (path: string) => void): Promise<unknown> {
  const skipped: unknown[] = []
  const { facts: look, open } = nodeFolderCalls
  const walked = vi.spyOn(nodeFolderCalls, 'facts').mockImplementation((path) => {
    const facts = look(path)
    if (/\/[cd]$/.test(path)) change(path)
    return facts
  })
  // A right that is taken away; by hand, since root keeps them all. A file that was touched as well is left to this thread.
  const opened = vi.spyOn(nodeFolderCalls, 'open').mockImplementation((path) => {
    if (isDenied && /\/[cd]$/.test(path)) throw Object.assign(new Error(`EACCES: permission denied, open '${path}'`), { code: 'EACCES' })
    return open(path)
  })
  try {
    const port = threads === 0 ? nodeFolders({ calls: { ...nodeFolderCalls } }) : portOf(threads)
    const entries = described(await entriesOf(folder, { ...options, onSkipped: (path) => skipped.push(path) }, port, new TakingStore()))
    return { entries, skipped }
  } catch (error) {
    if (!(error instanceof VarveError)) throw error
    return { code: error.code, message: error.message.replaceAll(folder, 'FOLDER'), paths: error.data['paths'], skipped }
  } finally {
    walked.mockRestore()
    opened.mockRestore()
  }
}

/** A store that hashes, and takes chunks from threads. */
class TakingStore extends HashingStore implements ContentStore {
  readonly #parts: Uint8Array[] = []
  readonly chunks = {
    hash: 'sha2-256', compression: 'none',
    take: (_: Uint8Array, bytes: Uint8Array): boolean => {
      this.#parts.push(new Uint8Array(bytes))
      return false
    },
    putRun: () => undefined,
    putEncoded: () => undefined,
  } as const

  override begin(): void {
    this.#parts.length = 0
    super.begin()
  }

  override finish(): ReturnType<HashingStore['finish']> {
    if (this.#parts.length === 0) return super.finish()
    const bytes = Buffer.concat(this.#parts)
    return { cid: contentCid(bytes), size: bytes.length }
  }
}

describe('files that do not hold still while threads read them', () => {
  const replace = (path: string, make: () => void): void => {
    fs.rmSync(path)
    make()
  }
  const changes: readonly [string, Options, (path: string) => void][] = [
    ['are written to', {}, (path) => fs.appendFileSync(path, 'more')],
    ['vanish', {}, (path) => fs.rmSync(path)],
    ['are cut short', {}, (path) => fs.truncateSync(path, 10)],
    ['are replaced by a link', {}, (path) => replace(path, () => fs.symlinkSync('a', path))],
    ['are replaced by a folder', {}, (path) => replace(path, () => fs.mkdirSync(path))],
    ['are replaced by another file of the same size', {}, (path) => replace(path, () => fs.writeFileSync(path, new Uint8Array(3000)))],
    ['become unreadable', { isDenied: true }, (path) => fs.appendFileSync(path, 'more')],
    ['become unreadable and may be left out', { isDenied: true, skipUnreadable: true }, (path) => fs.appendFileSync(path, 'more')],
  ]
  test.each(changes)('%s: the outcome and the words are those of one thread', async (_, options, change) => {
    const outcomes: unknown[] = []
    for (const threads of [0, 2]) {
      const folder = made.make()
      writeTree(folder, new Map([['a', noise(1000, 4)], ['b', noise(100, 1)], ['c', noise(3000, 2)], ['d', noise(2 * SEGMENT + 10, 3)], ['e', noise(0, 1)]]))
      outcomes.push(await outcome(folder, threads, options, change))
    }
    expect(outcomes[1]).toEqual(outcomes[0])
  }, 30_000)

  test('were written in this very tick: what is read is what stands there in the end', async () => {
    const folder = made.make()
    for (let index = 0; index < 15; index++) {
      fs.writeFileSync(join(folder, 'file'), `a${index}`)
      const reading = entriesOf(folder, {}, portOf(2), new TakingStore())
      fs.writeFileSync(join(folder, 'file'), `b${index}`)
      expect(described(await reading)).toEqual([`file file ${`b${index}`.length} ${contentCid(`b${index}`).toString()}`])
    }
  }, 30_000)
})

describe('threads that are stopped', () => {
  const folder = made.make()
  writeTree(folder, new Map(Array.from({ length: 6 }, (_, index) => [`${index}`, noise(2 * SEGMENT, index)])))

  test('by a signal, end at once, and the next snapshot stores only the rest', async () => {
    const repository = await repositoryWith(2)
    const reason = new Error('enough')
    const controller = new AbortController()
    let stoppedAt = 0
    const stopped = repository.snapshot(folder, {
      ref: 'data', compression: 'none', signal: controller.signal,
      onProgress: (event) => {
        if (event.type !== 'store' || event.newBytes < 4 * SEGMENT || stoppedAt > 0) return
        stoppedAt = performance.now()
        controller.abort(reason)
      },
    })
    await expect(stopped).rejects.toBe(reason)
    expect(performance.now() - stoppedAt).toBeLessThan(2000)
    const { newBytes, bytes } = await repository.snapshot(folder, { ref: 'data', compression: 'none' })
    expect(bytes).toBe(12 * SEGMENT)
    expect(newBytes).toBeLessThanOrEqual(8 * SEGMENT)
    expect(newBytes).toBeGreaterThan(0)
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 30_000)

  test('by death, make the snapshot fail with a clear error, and the next one succeed', async () => {
    const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker }
    const { Worker: Real } = threads
    const started: Worker[] = []
    threads.Worker = class extends Real {
      constructor(...args: ConstructorParameters<typeof Real>) {
        super(...args)
        started.push(this)
      }
    }
    syncBuiltinESMExports()
    const repository = await repositoryWith(2)
    try {
      const dying = repository.snapshot(folder, { ref: 'data', onProgress: (event) => void (event.type === 'store' && event.newBytes > 0 && started[0]?.terminate()) })
      await expect(dying).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringMatching(/thread/) as unknown })
      await sleep(50)
      expect(started.map(({ threadId }) => threadId)).toEqual([-1, -1])
    } finally {
      threads.Worker = Real
      syncBuiltinESMExports()
    }
    expect((await repository.snapshot(folder, { ref: 'data' })).files).toBe(6)
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 30_000)
})
