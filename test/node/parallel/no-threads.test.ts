import * as fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Repository } from '../../../src/dataset/repository.ts'
import { openRepository } from '../../../src/node/open-repository.ts'
import { MadeFolders } from '../made-folders.ts'
import { noise, portOf, readTree, repositoryWith, SEGMENT, writeTree } from './thread-trial.ts'

const made = new MadeFolders()
const folder = made.make()
let root = ''
beforeAll(async () => {
  // More than is read, checked and written before threads are asked for.
  const large = noise(10 * SEGMENT, 1)
  writeTree(folder, new Map([['large', large], ['d/small', noise(100, 2)], ['d/other', noise(SEGMENT / 2, 3)]]))
  root = (await (await repositoryWith(0)).snapshot(folder, { ref: 'data', compression: 'none' })).root
}, 30_000)
afterAll(() => made.remove())

/** Runs `work` where no thread can be started; returns how often one was asked for. */
async function withoutThreads(work: () => Promise<void>): Promise<number> {
  const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker }
  const { Worker: Real } = threads
  let asked = 0
  threads.Worker = class extends Real {
    constructor(...args: ConstructorParameters<typeof Real>) {
      asked++
      if (args.length > 0) throw Object.assign(new Error('The system grants no thread'), { code: 'ERR_WORKER_INIT_FAILED' })
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
  return asked
}

/** The same where memory can be shared so many times and no more, as with `ulimit -v`. */
async function withSharedMemories(granted: number, work: () => Promise<void>): Promise<number> {
  const { Memory: Real } = WebAssembly
  let asked = 0
  let made = 0
  WebAssembly.Memory = class extends Real {
    constructor(kind: WebAssembly.MemoryDescriptor) {
      if (kind.shared === true) asked++
      if (kind.shared === true && ++made > granted) throw new RangeError('WebAssembly.Memory(): could not allocate memory')
      super(kind)
    }
  }
  try {
    await work()
  } finally {
    WebAssembly.Memory = Real
  }
  return asked
}

const withoutSharedMemory = (work: () => Promise<void>): Promise<number> => withSharedMemories(0, work)

describe('a system that grants no', () => {
  test.each([['threads', withoutThreads, 3], ['memory that is shared', withoutSharedMemory, 2]] as const)('%s: all works on one thread', async (_, sabotaged, times) => {
    const base = made.make()
    const asked = await sabotaged(async () => {
      await using opened = await openRepository(join(base, 'repository'), { create: true })
      const repository = new Repository(opened.blocks, { folders: portOf(2) })
      expect((await repository.snapshot(folder, { ref: 'data', compression: 'none' })).root).toBe(root)
      expect(await repository.verify()).toMatchObject({ ok: true, damaged: [], problems: [] })
      expect(await repository.verify('data')).toMatchObject({ ok: true })
      await repository.checkout('data', join(base, 'out'))
    })
    // Once for the snapshot, and so on: it was not that nobody wanted any.
    expect(asked).toBeGreaterThanOrEqual(times)
    const [before, after] = [readTree(folder), readTree(join(base, 'out'))]
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort())
    for (const [name, content] of before) expect(content.equals(after.get(name) ?? Buffer.alloc(0)), name).toBe(true)
    fs.rmSync(base, { recursive: true })
  }, 60_000)

  test.each([1, 6])('more than %i memories that are shared: threads do with those, or are done without, and nothing waits for ever', async (granted) => {
    const mixed = made.make()
    // A pack that is not full may keep a slab that small files were in, while a large one waits for it.
    const small = Array.from({ length: 300 }, (_, index) => [`b${index}`, noise(500 + index * 70, 100 + index)] as const)
    writeTree(mixed, new Map([['a', noise(3 * SEGMENT, 4)], ...small, ['c', noise(2 * SEGMENT, 5)]]))
    const alone = (await (await repositoryWith(0)).snapshot(mixed, { ref: 'data', compression: 'none' })).root
    const asked = await withSharedMemories(granted, async () => {
      await using opened = await openRepository(join(made.make(), 'repository'), { create: true })
      const repository = new Repository(opened.blocks, { folders: portOf(2) })
      expect((await repository.snapshot(mixed, { ref: 'data', compression: 'none' })).root).toBe(alone)
      expect(await repository.verify()).toMatchObject({ ok: true })
    })
    expect(asked).toBeGreaterThanOrEqual(Math.min(granted + 1, 6))
  }, 15_000)
})
