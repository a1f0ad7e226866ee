import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import { describe, expect, test } from 'vitest'
import type { ByteText } from '../../src/node/byte-text.ts'
import { EntryQueue } from '../../src/node/entry-queue.ts'
import type { FileReader } from '../../src/node/file-reader.ts'
import type { EntryFacts } from '../../src/node/folder-calls.ts'
import type { ParallelReader, PendingFile } from '../../src/node/parallel/parallel-reader.ts'
import { contentCid } from './hashing-store.ts'

const facts: EntryFacts = { dev: 1n, ino: 1n, mode: 0o100644n, size: 3n, mtimeNs: 0n, ctimeNs: 0n }
const content = { cid: contentCid('abc'), size: 3 }

/** A queue over threads that never exist: files are done when the test says so. */
function queueWith(parallel: Pick<ParallelReader, 'add' | 'step' | 'forget'>): EntryQueue {
  const reader: Pick<FileReader, 'known' | 'remember'> = { known: () => undefined, remember: () => undefined }
  return new EntryQueue(reader as FileReader, async () => parallel as ParallelReader, () => undefined, { count: 1, fromBytes: 0 })
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
})
