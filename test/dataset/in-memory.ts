import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'

/** A new repository in memory. */
export async function create(storage: MemoryStorage = new MemoryStorage()): Promise<Repository> {
  return new Repository(await BlockRepository.create(storage, { platform: nodePlatform }))
}

/** All items of a generator. */
export async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
