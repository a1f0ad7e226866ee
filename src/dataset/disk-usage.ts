import { indexedBlocks } from '../repository/gc/pack-usage.ts'
import type { BlockRepository } from '../repository/index.ts'
import { storedLength } from '../repository/read-block.ts'
import type { OperationOptions } from '../types.ts'
import { measureRefs, type RefUsages } from './ref-usage.ts'

/** Blocks of one storage codec. */
export interface CodecUsage {
  readonly codec: string
  readonly blocks: number
  /** What they are, and what they take in packs with their headers. */
  readonly plainBytes: number
  readonly storedBytes: number
}

/** Objects of storage by the folder that they are in. */
export interface ObjectUsage {
  readonly folder: string
  readonly objects: number
  readonly bytes: number
}

export interface DiskUsage extends RefUsages {
  /** All objects of the repository. */
  readonly totalBytes: number
  readonly objects: readonly ObjectUsage[]
  readonly codecs: readonly CodecUsage[]
  /** What garbage collection would free by and by: blocks that no ref leads to. */
  readonly unreachable: { readonly blocks: number; readonly bytes: number }
}

const CODEC_NAMES = ['none', 'deflate', 'brotli', 'zstd', 'delta'] as const

/** Where the space of a repository goes. Lists every object, and reads the index and every tree node. */
export async function measureRepository(repository: BlockRepository, options: OperationOptions = {}): Promise<DiskUsage> {
  const objects = await measureObjects(repository)
  const codecs = await measureCodecs(repository, options.signal)
  const refs = await measureRefs(repository, { signal: options.signal })
  const { removed, unused } = await repository.collectGarbage({ dryRun: true, ...(options.signal === undefined ? {} : { signal: options.signal }) })
  return {
    totalBytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
    objects, codecs, ...refs, unreachable: { blocks: removed.blocks + unused.blocks, bytes: removed.bytes + unused.bytes },
  }
}

async function measureObjects({ storage }: BlockRepository): Promise<readonly ObjectUsage[]> {
  const folders = new Map<string, { objects: number; bytes: number }>()
  for await (const { key, size } of storage.list('')) {
    const folder = key.includes('/') ? `${key.split('/')[0] ?? ''}/` : key
    const sum = folders.get(folder) ?? { objects: 0, bytes: 0 }
    folders.set(folder, { objects: sum.objects + 1, bytes: sum.bytes + size })
  }
  return [...folders].map(([folder, sum]) => ({ folder, ...sum }))
}

async function measureCodecs(repository: BlockRepository, signal?: AbortSignal): Promise<readonly CodecUsage[]> {
  const codecs = new Map<number, { blocks: number; plainBytes: number; storedBytes: number }>()
  for await (const { location } of indexedBlocks(repository.indexes, signal)) {
    const sum = codecs.get(location.codec) ?? { blocks: 0, plainBytes: 0, storedBytes: 0 }
    sum.blocks++
    sum.plainBytes += location.size
    sum.storedBytes += storedLength(location)
    codecs.set(location.codec, sum)
  }
  return [...codecs].sort(([a], [b]) => a - b).map(([codec, sum]) => ({ codec: CODEC_NAMES[codec] ?? String(codec), ...sum }))
}
