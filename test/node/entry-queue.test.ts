import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import type { ByteText } from '../../src/node/byte-text.ts'
import { EntryQueue } from '../../src/node/entry-queue.ts'
import type { FileReader } from '../../src/node/file-reader.ts'
import type { EntryFacts } from '../../src/node/folder-calls.ts'
import type { ParallelReader, PendingFile } from '../../src/node/parallel/parallel-reader.ts'
import { contentCid } from './hashing-store.ts'

const facts: EntryFacts = { dev: 1n, ino: 1n, mode: 0o100644n, size: 3n, mtimeNs: 0n, ctimeNs: 0n }
const content = { cid: contentCid('abc'), size: 3 }

/** A queue over threads that never exist: files are done when the test says so. */
function queueWith(parallel: Pick<ParallelReader, 'add' | 'step' | 'forget'>, known: FileReader['known'] = () => undefined): EntryQueue {
  const reader: Pick<FileReader, 'known' | 'remember'> = { known, remember: () => undefined }
  const threads: Pick<ParallelReader, 'add' | 'step' | 'forget' | 'send'> = { ...parallel, send: () => undefined }
  return new EntryQueue(reader as FileReader, async () => threads as ParallelReader, () => undefined, { count: 1, fromBytes: 0 })
}

async function add(queue: EntryQueue, index: number): Promise<void> {
  await queue.add({ type: 'file', path: `file-${index}` as ByteText, facts })
}

describe('the queue of entries', () => {
  test('gives them in their order, whatever is done first', async () => {
    const files: PendingFile[] = []
    const queue = queueWith({ add: async (file) => void files.push(file), step: async () => false, forget: () => undefined })
    for (let index = 0; index < 3; index++) await add(queue, index)
    const finish = (index: number): void => void Object.assign(files[index] ?? {}, { outcome: { reading: { content, facts } } })
    finish(2)
    finish(1)
    expect(queue.next()).toBeUndefined()
    finish(0)
    expect([0, 1, 2, 3].map(() => queue.next()).map((entry) => entry && Buffer.from(entry.path).toString())).toEqual(['file-0', 'file-1', 'file-2', undefined])
  })

  test('keeps nothing of those that are gone, though there are always some that are not', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const waiting: PendingFile[] = []
    const first: { file?: WeakRef<PendingFile> } = {}
    const queue = queueWith({
      add: async (file) => {
        first.file ??= new WeakRef(file)
        waiting.push(file)
        // All but the newest are done.
        for (const done of waiting.splice(0, waiting.length - 1)) done.outcome = { reading: { content, facts } }
      },
      step: async () => false,
      forget: () => undefined,
    })
    for (let index = 0; index < 20_000; index++) {
      await add(queue, index)
      while (queue.next() !== undefined);
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
    collect()
    expect(first.file).toBeDefined()
    expect(first.file?.deref()).toBeUndefined()
    // It is alive, and so is what it keeps.
    expect(queue.next()).toBeUndefined()
  })

  test('waits for its first entry, and no longer, once too many wait for it', async () => {
    const files: PendingFile[] = []
    let steps = 0
    const queue = queueWith({
      add: async (file) => void files.push(file),
      step: async () => {
        const file = files[steps++]
        if (file !== undefined) file.outcome = { reading: undefined }
        return true
      },
      forget: () => undefined,
    })
    for (let index = 0; index < 8192; index++) await add(queue, index)
    expect(steps).toBe(0)
    await add(queue, 8192)
    expect(steps).toBe(1)
  })

  test.each(['known files', 'links', 'folders'])('lets no %s gather behind one file that takes long', async (kind) => {
    const files: PendingFile[] = []
    let steps = 0
    const threads: Parameters<typeof queueWith>[0] = {
      add: async (file) => void files.push(file),
      // Each step reads a part of the file.
      step: async () => {
        if (++steps % 3 === 0) for (const file of files.splice(0)) file.outcome = { reading: { content, facts } }
        return files.length > 0
      },
      forget: () => undefined,
    }
    const queue = queueWith(threads, ({ path }) => (path.startsWith('slow') ? undefined : { ...content, record: 0 }))
    let most = 0
    let out = 0
    for (let index = 0; index < 30_000; index++) {
      const path = `${index % 15_000 === 0 ? 'slow' : 'quick'}-${index}` as ByteText
      if (path.startsWith('slow') || kind === 'known files') await queue.add({ type: 'file', path, facts })
      else await queue.add(kind === 'links' ? { type: 'symlink', path, target: utf8('x') } : { type: 'directory', path })
      most = Math.max(most, index + 1 - out)
      while (queue.next() !== undefined) out++
    }
    expect(most).toBeGreaterThan(8000)
    expect(most).toBeLessThan(8300)
    // Three for each of the two: entries came out long before the walk ended.
    expect(steps).toBe(6)
  })
})
