import { basename, dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FileCalls } from '../../src/node/file-calls.ts'
import { emptyDisk, explore } from './explore.ts'
import { recordWorkload } from './workload.ts'

const SEED = 1
/** Enough that the first loss is found; what is sound before it is looked at in `crash.test.ts`. */
const FEW = { seed: SEED, samples: 1, recent: 3, cutsAfter: (events: number) => events % 7 === 0 }

/** Systems on which the product would lose data, each by one sync that is none: the check must find every one of them. */
const LIES: Readonly<Record<string, (calls: FileCalls) => FileCalls>> = {
  'no sync of a file does anything': (calls) => ({ ...calls, syncFile: async () => undefined }),
  'no sync of a folder does anything': (calls) => ({ ...calls, syncFolder: async () => undefined }),
  'a sync of a folder is done when the next one is asked for': (calls) => {
    let before = async (): Promise<void> => undefined
    return {
      ...calls,
      async syncFolder(path) {
        const due = before
        before = () => calls.syncFolder(path)
        await due().catch(() => undefined)
      },
    }
  },
  'the folder of records is not synced': (calls) => ({ ...calls, syncFolder: async (path) => (basename(path) === 'log' ? undefined : calls.syncFolder(path)) }),
  'the folders of packs are not synced': (calls) => ({ ...calls, syncFolder: async (path) => (basename(dirname(path)) === 'packs' ? undefined : calls.syncFolder(path)) }),
  'new folders of packs are not synced': (calls) => ({ ...calls, syncFolder: async (path) => (basename(path) === 'packs' ? undefined : calls.syncFolder(path)) }),
  'the folder of index files is not synced': (calls) => ({ ...calls, syncFolder: async (path) => (basename(path) === 'index' ? undefined : calls.syncFolder(path)) }),
  'the folder of the repository is not synced': (calls) => ({ ...calls, syncFolder: async (path) => (basename(path) === '.varve' ? undefined : calls.syncFolder(path)) }),
  'the folder that the repository is in is not synced': (calls) => ({ ...calls, syncFolder: async (path) => (basename(path) === 'data' ? undefined : calls.syncFolder(path)) }),
}

describe('the check of what a power cut leaves finds a loss', () => {
  it.each(Object.entries(LIES))('where %s', async (_, lie) => {
    const { trace, history } = await recordWorkload(SEED, lie)
    await expect(explore({ start: emptyDisk, trace, history }, FEW)).rejects.toThrow(/was promised|verify reports|other bytes|CorruptObjectError|CorruptBlockError/)
  }, 120_000)

  it('where packs are deleted before the record that drops them is durable: damage, and not only a commit that is gone', async () => {
    const lie = LIES['the folder of records is not synced']
    const { trace, history } = await recordWorkload(SEED, lie)
    // The first deletion of a pack, and a little more.
    const packFolders = new Set(trace.flatMap((event) => (event.type === 'entry' && event.name.endsWith('.pack') ? [event.folder] : [])))
    const deletedAt = trace.findIndex((event) => event.type === 'entry' && packFolders.has(event.folder) && event.node === undefined)
    expect(deletedAt).toBeGreaterThan(100)
    const options = { ...FEW, ignorePromises: true, cutsAfter: (events: number) => events > deletedAt && events < deletedAt + 10 }
    await expect(explore({ start: emptyDisk, trace, history }, options)).rejects.toThrow(/verify reports|is missing|CorruptObjectError/)
  }, 120_000)
})
