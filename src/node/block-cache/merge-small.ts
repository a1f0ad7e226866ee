import type { Hasher, Platform } from '../../cid/interface.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader, type PackKind } from '../../repository/pack-format.ts'
import { PackWriter } from '../../repository/pack-writer.ts'
import { FILE_HEADER_SIZE_BYTES } from '../../repository/tail.ts'
import type { CacheFolder } from './cache-folder.ts'
import { CachedPack } from './cached-pack.ts'

const SMALL_BYTES: number = 1024 * 1024
/** So many may gather: a program that reads one file writes one. */
const MOST_SMALL = 48

/** Once many small packs have gathered, makes one of each kind of them. @returns the paths that are gone */
export async function mergeSmall(folder: CacheFolder, platform: Platform, hasher: Hasher): Promise<readonly string[]> {
  const small = folder.packs().filter(({ size }) => size < SMALL_BYTES)
  if (small.length <= MOST_SMALL) return []
  const writers = new Map<PackKind, PackWriter>()
  for (const { path } of small) {
    const opened = await CachedPack.open(path, hasher)
    if (opened === undefined) continue
    const { kind } = opened.cached.pack
    const writer = writers.get(kind) ?? new PackWriter(platform, hasher, kind)
    writers.set(kind, writer)
    addAll(writer, opened.cached, opened.headers)
    opened.cached.release()
  }
  for (const writer of writers.values()) folder.publish(writer.finish())
  for (const { path } of small) folder.remove(path)
  return small.map(({ path }) => path)
}

/** Blocks are copied as they are; they are hashed when they are read. */
function addAll(writer: PackWriter, pack: CachedPack, headers: Iterable<BlockHeader>): void {
  let offset = FILE_HEADER_SIZE_BYTES
  for (const { code, codec, digest, size, storedSize, check } of headers) {
    const payload = pack.read(offset + BLOCK_HEADER_SIZE_BYTES, offset + BLOCK_HEADER_SIZE_BYTES + storedSize)
    if (payload !== undefined) writer.append(code, digest, size, { codec, payload, check })
    offset += BLOCK_HEADER_SIZE_BYTES + storedSize
  }
}
