import { utf8 } from '../../src/bytes.ts'
import { type CID, cidText } from '../../src/cid/cid.ts'
import type { Platform } from '../../src/cid/interface.ts'
import type { InputEntry } from '../../src/dataset/input-entries.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { exportTar } from '../../src/node/tar-export.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { concatBytes } from '../../src/bytes.ts'
import { Random } from './random.ts'

/** A small repository with something of everything, as the product makes it. */
export interface Sample {
  readonly objects: ReadonlyMap<string, Uint8Array>
  /** Every dag-cbor block, by what its CID is. */
  readonly nodes: ReadonlyMap<string, Uint8Array>
  /** The content of every path of every revision. */
  readonly contents: readonly { readonly revision: string; readonly path: string; readonly bytes: Uint8Array }[]
  readonly roots: readonly CID[]
  readonly snapshots: readonly CID[]
  readonly car: Uint8Array
  readonly history: Uint8Array
  readonly tar: Uint8Array
  readonly proof: string
}

/** A table whose versions differ a little everywhere, so that the later ones are stored as deltas. */
function table(version: number): Uint8Array {
  return utf8(Array.from({ length: 900 }, (_, row) => `${row},2026-01-${row % 28},${(row * 2_654_435_761) % 1_000_003},${(row * 40_503 + (row % 50 === version ? 977 : 0)) % 65_537}`).join('\n'))
}

function entriesOf(version: number, large: boolean): InputEntry[] {
  const random = new Random(version)
  const files: InputEntry[] = [
    { path: 'table.csv', content: table(version) },
    { path: 'noise.bin', content: random.bytes(3000) },
    { path: 'zeros.bin', content: new Uint8Array(5000) },
    { path: 'empty', content: new Uint8Array(0) },
    { path: 'tool.sh', content: utf8('#!/bin/sh\n'), executable: true },
    { path: 'link', symlink: utf8('tool.sh') },
    { path: 'folder/nothing', directory: true },
    { path: 'folder/ünïcode ✓.txt', content: utf8('text '.repeat(300)) },
  ]
  if (large) {
    files.push({ path: 'large.bin', content: concatBytes([new Random(7).bytes(100_000), new Uint8Array(70_000), random.bytes(30_000), new Random(8).bytes(200_000)]) })
    for (let number = 0; number < 500; number++) files.push({ path: `train/${String(number).padStart(5, '0')}/image.png`, content: utf8(`${number % 40}`) })
  }
  return files
}

/** @param large with a file of several chunks and a tree of several levels; without, some 10 KB in all */
export async function makeSample(large: boolean): Promise<Sample> {
  const storage = new MemoryStorage()
  const names = new Random(99)
  // The same bytes each time, so that a case can be made again in another process.
  const platform: Platform = { ...nodePlatform, now: () => new Date('2026-01-02T03:04:05.678Z'), randomBytes: (length) => names.bytes(length) }
  const repository = new Repository(await BlockRepository.create(storage, { platform, writer: { host: 'somewhere', process: 1 } }))
  const snapshots: CID[] = []
  const roots: CID[] = []
  for (const version of [0, 1, 2]) {
    const entries = entriesOf(version, large)
    await repository.snapshot(entries, { ref: 'data', message: `version ${version}`, author: 'somebody', meta: { version, tags: ['a', null, 1.5] }, source: { uri: 'https://example.org/', retrievedAt: null, licence: 'CC0-1.0' } })
  }
  await repository.setRef('data@v1', 'data~1')
  await repository.snapshot([{ path: 'other', content: utf8('other') }], { ref: 'other/set' })
  const contents: { revision: string; path: string; bytes: Uint8Array }[] = []
  for (const revision of ['data', 'data~1', 'data~2', 'other/set']) {
    const { root, snapshot } = await repository.resolve(revision)
    roots.push(root)
    if (snapshot !== undefined) snapshots.push(snapshot)
    for await (const { path, kind } of repository.entries(revision)) {
      if (kind === 'file' || kind === 'executable') contents.push({ revision, path, bytes: await repository.read(revision, path) })
    }
  }
  const nodes = new Map<string, Uint8Array>()
  const record = async (bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
    const parts: Uint8Array[] = []
    for await (const part of bytes) parts.push(part.slice())
    return concatBytes(parts)
  }
  const { root } = repository.blocks
  const trees = [root.refs, root.operations.tree, ...root.operations.tail, ...roots, ...snapshots]
  for (const cid of trees) if (cid !== null) nodes.set(cidText(cid), await repository.blocks.get(cid))
  const { readCar } = await import('../../src/dataset/car-reader.ts')
  const history = await record(repository.exportCar('data', { history: true }))
  for await (const { cid, bytes } of (await readCar([history])).blocks) if (cid.code === 0x71) nodes.set(cidText(cid), bytes.slice())
  const objects = new Map<string, Uint8Array>()
  const car = await record(repository.exportCar('data'))
  const tar = await record(exportTar(repository, 'data'))
  const proof = JSON.stringify(await repository.prove('data', 'table.csv'))
  await repository.close()
  for await (const { key } of storage.list('')) objects.set(key, await storage.get(key))
  return { objects, nodes, contents, roots, snapshots, car, history, tar, proof }
}

/** A storage in memory with these objects. */
export async function storageWith(objects: Iterable<readonly [string, Uint8Array]>): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  for (const [key, bytes] of objects) await storage.put(key, bytes)
  return storage
}
