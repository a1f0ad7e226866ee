import type { Hasher } from '../../cid/interface.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import type { IndexedPack } from '../../repository/index-format.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader, decodeBlockHeader } from '../../repository/pack-format.ts'
import { type OpenDelta, type PackedBlock, readPack } from '../../repository/pack-reader.ts'
import { type PackScanner, sequentialScanner } from '../../repository/pack-scanner.ts'
import { readStored } from '../../repository/read-block.ts'
import { FILE_HEADER_SIZE_BYTES } from '../../repository/tail.ts'
import type { Storage } from '../../storage/interface.ts'
import { nodePlatform } from '../node-platform.ts'
import type { ScanPackResult } from './tasks.ts'
import { threadCount } from './thread-count.ts'
import type { WorkerPool } from './worker-pool.ts'

/** Less is read before threads have started. */
const SCAN_ALONE_BYTES: number = 64 * 1024 * 1024
/** Packs that a thread has before it, so that it never waits for this one. */
const PACKS_A_THREAD = 2

/** Reads the packs of a folder storage by several threads. A pack that is not as it should be is read once more through the storage, which says what is wrong. */
export function parallelScanner(storage: Storage, hasher: Hasher): PackScanner {
  const alone = sequentialScanner(storage, nodePlatform, hasher)
  return {
    async *scan(packs, openDelta) {
      const size = packs.reduce((sum, pack) => sum + pack.size, 0)
      if (size < SCAN_ALONE_BYTES || hasher.name !== 'sha2-256') return yield* alone.scan(packs, openDelta)
      const threads = await startThreads()
      if (threads === undefined) return yield* alone.scan(packs, openDelta)
      try {
        const results: Promise<ScanPackResult>[] = []
        for (const [index, pack] of packs.entries()) {
          while (results.length < packs.length && results.length < index + threads.size * PACKS_A_THREAD) {
            const next = packs[results.length] as IndexedPack
            const scanning = threads.run(results.length % threads.size, { type: 'scan-pack', location: storage.location, pack: next, hash: hasher.name })
            // It is awaited when its turn comes, or never if another failed.
            scanning.catch(() => undefined)
            results.push(scanning)
          }
          const result = await (results[index] as Promise<ScanPackResult>)
          results[index] = Promise.resolve(undefined)
          yield { pack, blocks: result === undefined ? readPack(storage, nodePlatform, hasher, pack, openDelta(pack)) : scanned(storage, pack, result, openDelta(pack)) }
        }
      } finally {
        await threads.close()
      }
    },
  }
}

/** Undefined where the system grants no threads: one does it too. */
async function startThreads(): Promise<WorkerPool | undefined> {
  const { WorkerPool } = await import('./worker-pool.ts')
  try {
    return new WorkerPool(threadCount())
  } catch {
    return undefined
  }
}

/** Deltas are undone here: what they are made from may be in any pack. */
async function* scanned(storage: Storage, pack: IndexedPack, { headers, damaged }: NonNullable<ScanPackResult>, openDelta: OpenDelta): AsyncGenerator<PackedBlock> {
  const reasons = new Map(damaged.map(({ index, reason }) => [index, reason]))
  let offset = FILE_HEADER_SIZE_BYTES
  for (let at = 0; at < headers.length; at += BLOCK_HEADER_SIZE_BYTES) {
    const header = decodeBlockHeader(headers, at) as BlockHeader
    const reason = reasons.get(at / BLOCK_HEADER_SIZE_BYTES)
    const isDelta = reason === undefined && header.codec === DELTA_CODEC
    yield { header, offset, damage: isDelta ? await openDelta(header, offset, await readStored(storage, { ...header, pack, offset })) : reason }
    offset += BLOCK_HEADER_SIZE_BYTES + header.storedSize
  }
}
