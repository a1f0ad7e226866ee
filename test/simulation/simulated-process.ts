import { join } from 'node:path'
import { ChunkWindow } from '../../src/chunker/index.ts'
import type { Platform } from '../../src/cid/interface.ts'
import { cidText } from '../../src/cid/cid.ts'
import { ChunkedContentStore } from '../../src/dataset/content-store.ts'
import { storeEntries } from '../../src/dataset/input-entries.ts'
import { Predecessor } from '../../src/dataset/predecessor.ts'
import { recordSnapshot } from '../../src/dataset/record-snapshot.ts'
import { readSnapshot } from '../../src/dataset/snapshot-object.ts'
import type { FileCalls } from '../../src/node/file-calls.ts'
import { FolderStorage } from '../../src/node/folder-storage.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { randomOf } from './random.ts'
import { MOUNT } from './simulated-disk.ts'

/** Where the repository is on every simulated disk: two folders that do not exist at first. */
export const LOCATION: string = join(MOUNT, 'data', '.varve')

export type Files = Readonly<Record<string, Uint8Array>>

/** So small that a few blocks fill several packs. */
export const PACK_SIZE_BYTES = 6000

/** Each has memory of 4 MiB: too much to make one for each of many thousand sessions. */
const freeWindows: ChunkWindow[] = []

/** Node's platform with names and times that are the same in every run with this seed. */
export function seededPlatform(seed: number): Platform {
  const random = randomOf(seed)
  let seconds = 0
  return {
    ...nodePlatform,
    randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
    now: () => new Date(Date.UTC(2026, 0, 1) + 1000 * seconds++),
  }
}

/** One process that uses the repository: what it holds open goes with it. */
export class SimulatedProcess {
  readonly blocks: BlockRepository

  private constructor(blocks: BlockRepository) {
    this.blocks = blocks
  }

  /** Opens the repository, or creates it if there is none and `create` is set, as `openRepository` does. */
  static async start(calls: FileCalls, { platform = nodePlatform, create = false }: { platform?: Platform; create?: boolean } = {}): Promise<SimulatedProcess> {
    const storage = new FolderStorage(LOCATION, { calls })
    const options = { platform, writer: { host: 'simulated', process: 1 }, isGone: () => true }
    try {
      const open = (): Promise<BlockRepository> => BlockRepository.open(storage, options)
      return new SimulatedProcess(await open().catch((error: { code?: string }) => {
        if (!create || error.code !== 'NOT_FOUND') throw error
        return BlockRepository.create(storage, options).catch((error: { code?: string }) => (error.code === 'ALREADY_EXISTS' ? open() : Promise.reject(error)))
      }))
    } catch (error) {
      await storage.close()
      throw error
    }
  }

  /**
   * What `Repository.snapshot` does, with small packs. `onRoot` is told the root before it is committed.
   * @returns the root
   */
  async snapshot(ref: string, files: Files, { onRoot, checkpoint = false, message }: { onRoot?: (root: string) => void; checkpoint?: boolean; message?: string } = {}): Promise<string> {
    const { blocks } = this
    const window = freeWindows.pop() ?? new ChunkWindow()
    await blocks.refresh()
    return blocks.withSession(async (session) => {
      const before = await blocks.getRef(ref)
      const predecessor = before === undefined ? undefined : new Predecessor(session, (await readSnapshot(blocks, before)).root)
      const store = new ChunkedContentStore(session, session, { window, predecessor })
      const entries = Object.entries(files).map(([path, content]) => ({ path, content }))
      const { root } = await storeEntries(session, store, entries, { chunker: blocks.config.chunker })
      if (checkpoint) await session.checkpoint()
      onRoot?.(cidText(root))
      await recordSnapshot(blocks, session, ref, root, message === undefined ? {} : { message })
      return cidText(root)
    }, { packSizeBytes: PACK_SIZE_BYTES }).finally(() => freeWindows.push(window))
  }

  async moveRef(name: string, from: string | undefined): Promise<void> {
    await this.blocks.refresh()
    const target = from === undefined ? null : ((await this.blocks.getRef(from)) ?? null)
    await this.blocks.withSession((session) => session.commit({ action: 'move', refs: [{ name, target }] }))
  }

  /** Makes so many commits that change no ref. */
  async note(count: number): Promise<void> {
    await this.blocks.withSession(async (session) => {
      for (let made = 0; made < count; made++) await session.commit({ action: 'note', message: String(made) })
    })
  }

  async collectGarbage(): Promise<void> {
    await this.blocks.collectGarbage({ graceMs: 0 })
  }

  close(): Promise<void> {
    return this.blocks.close()
  }
}
