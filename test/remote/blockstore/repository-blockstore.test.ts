import { exporter } from 'ipfs-unixfs-exporter'
import { importBytes } from 'ipfs-unixfs-importer'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes, utf8 } from '../../../src/bytes.ts'
import { cidOf, DAG_CBOR_CODE, RAW_CODE } from '../../../src/cid/cid.ts'
import { encodeCbor } from '../../../src/codec/dag-cbor.ts'
import { Repository } from '../../../src/dataset/repository.ts'
import { StorageError } from '../../../src/errors.ts'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { type RepositoryBlockstore, repositoryBlockstore } from '../../../src/remote/blockstore/index.ts'
import { BlockRepository } from '../../../src/repository/index.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { create, gather } from '../../dataset/in-memory.ts'
import { MeddlingStorage } from '../../repository/meddling-storage.ts'
import { randomBytes } from '../../repository/random-bytes.ts'

const hasher = nodePlatform.hasher('sha2-256')
const NEVER_ALONE = { flushAfter: Infinity }

interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
}

function block(text: string): Block {
  const bytes = utf8(text)
  return { cid: cidOf(hasher, RAW_CODE, bytes), bytes }
}

async function read(blockstore: RepositoryBlockstore, cid: CID): Promise<Uint8Array> {
  return concatBytes(await gather(blockstore.get(cid)))
}

async function listed(blockstore: RepositoryBlockstore): Promise<string[]> {
  return (await gather(blockstore.getAll())).map(({ cid }) => cid.toString()).sort()
}

async function again(storage: MemoryStorage): Promise<Repository> {
  return new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
}

/** All that nobody needs goes, with none to wait for. */
async function collect(repository: Repository): Promise<void> {
  await repository.blocks.collectGarbage({ graceMs: 0, sessionMaxAgeMs: 0 })
}

describe('what is put', () => {
  it('is seen by others after a flush and not before, and is one commit', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    const blockstore = repositoryBlockstore(repository, { ...NEVER_ALONE, message: 'from peers', author: 'helia' })
    const [a, b] = [block('a'), block('b')]
    await blockstore.put(a.cid, a.bytes)
    await blockstore.put(b.cid, [b.bytes.subarray(0, 1), new Uint8Array(0)])
    expect(await repositoryBlockstore(await again(storage)).has(a.cid)).toBe(false)
    expect(blockstore.uncommitted).toBe(2)
    await blockstore.flush()
    expect(blockstore.uncommitted).toBe(0)
    const other = repositoryBlockstore(await again(storage))
    expect(await read(other, a.cid)).toEqual(a.bytes)
    expect(await listed(other)).toEqual([a.cid.toString(), b.cid.toString()].sort())
    expect(await gather(repository.blocks.operations())).toMatchObject([{ action: 'blockstore', message: 'from peers', actor: 'helia', changes: [{ name: '_varve/blockstores/default' }] }])
  })

  it('is committed by flush, by close and after so many changes', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    const blockstore = repositoryBlockstore(repository, { flushAfter: 3 })
    const blocks = ['a', 'b', 'c', 'd', 'e'].map(block)
    const committed = async (): Promise<number> => (await listed(repositoryBlockstore(await again(storage)))).length
    for (const { cid, bytes } of blocks.slice(0, 3)) await blockstore.put(cid, bytes)
    expect(await committed()).toBe(3)
    for (const { cid, bytes } of blocks.slice(3, 4)) await blockstore.put(cid, bytes)
    expect(await committed()).toBe(3)
    await blockstore.flush()
    expect(await committed()).toBe(4)
    for (const { cid, bytes } of blocks.slice(4)) await blockstore.put(cid, bytes)
    await blockstore.close()
    expect(await committed()).toBe(5)
    await blockstore.close()
    const { cid, bytes } = block('late')
    await expect(blockstore.put(cid, bytes)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await repository.blocks.has(cid)).toBe(false)
  })

  it('leaves no writer behind, and makes no commit where nothing changed', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    const blockstore = repositoryBlockstore(repository, NEVER_ALONE)
    const { cid, bytes } = block('a')
    await blockstore.put(cid, bytes)
    await blockstore.flush()
    const { number } = repository.blocks.root
    await blockstore.put(cid, bytes)
    await blockstore.delete(block('never here').cid)
    await blockstore.flush()
    await blockstore.flush()
    expect(repository.blocks.root.number).toBe(number)
    expect(await gather(storage.list('sessions/'))).toEqual([])
  })

  it('is refused if it does not hash to its CID, has another hash or is too large', async () => {
    const blockstore = repositoryBlockstore(await create())
    const { cid } = block('what it says')
    await expect(blockstore.put(cid, utf8('something else'))).rejects.toMatchObject({ code: 'MALFORMED_DATA', data: { cid: cid.toString() } })
    const foreign = CID.createV1(RAW_CODE, Digest.create(0x1e, nodePlatform.hasher('blake3').digest(utf8('a'))))
    await expect(blockstore.put(foreign, utf8('a'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', data: { hash: 'sha2-256', multihash: 0x1e } })
    const large = randomBytes(1024 * 1024 + 1, 1)
    await expect(blockstore.put(cidOf(hasher, RAW_CODE, large), large)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', data: { maxBytes: 1024 * 1024 } })
    const largest = large.subarray(1)
    const named = cidOf(hasher, RAW_CODE, largest)
    await blockstore.put(named, [largest.subarray(0, 5), largest.subarray(5)])
    expect(equalBytes(await read(blockstore, named), largest)).toBe(true)
    expect(await blockstore.has(foreign)).toBe(false)
    await blockstore.delete(foreign)
    await expect(read(blockstore, foreign)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await listed(blockstore)).toEqual([named.toString()])
  })

  it('is one block under every codec and version', async () => {
    const blockstore = repositoryBlockstore(await create())
    const { cid, bytes } = block('a')
    const old = CID.createV0(cid.multihash as Parameters<typeof CID.createV0>[0])
    expect(await blockstore.put(old, bytes)).toBe(old)
    for (const name of [old, cid, CID.createV1(0x70, cid.multihash)]) expect(await read(blockstore, name)).toEqual(bytes)
    expect(await listed(blockstore)).toEqual([cid.toString()])
    await blockstore.delete(cid)
    expect(await blockstore.has(old)).toBe(false)
  })

  it('can be a file as IPFS cuts it, which outlives collections and can be read whole', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    const blockstore = repositoryBlockstore(repository)
    const content = randomBytes(3_000_000, 7)
    const { cid } = await importBytes(content, blockstore)
    expect(cid.code).toBe(0x70)
    await blockstore.close()
    await collect(repository)
    const file = await exporter(cid, repositoryBlockstore(await again(storage)))
    if (!('content' in file)) throw new Error(`A file came back as a ${file.type}`)
    expect(equalBytes(concatBytes(await gather(file.content())), content)).toBe(true)
    expect(await (await again(storage)).verify()).toMatchObject({ ok: true })
  })
})

describe('the list of a blockstore', () => {
  it('keeps each block by itself, wherever its links lead, and lets go of what is deleted', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    const blockstore = repositoryBlockstore(repository)
    // Large enough for its pack to be worth rewriting without it.
    const large = randomBytes(100_000, 3)
    const inner: Block = { cid: cidOf(hasher, RAW_CODE, large), bytes: large }
    const bytes = encodeCbor({ here: inner.cid, nowhere: block('nowhere').cid })
    const outer = cidOf(hasher, DAG_CBOR_CODE, bytes)
    await blockstore.put(outer, bytes)
    await blockstore.put(inner.cid, inner.bytes)
    await blockstore.flush()
    await collect(repository)
    expect(await (await again(storage)).verify()).toMatchObject({ ok: true })
    expect(await read(blockstore, outer)).toEqual(bytes)
    await blockstore.delete(inner.cid)
    await blockstore.flush()
    expect(await repository.blocks.has(inner.cid)).toBe(true)
    expect(await blockstore.has(inner.cid)).toBe(false)
    await collect(repository)
    expect(await repository.blocks.has(inner.cid)).toBe(false)
    expect(await read(blockstore, outer)).toEqual(bytes)
    await blockstore.delete(outer)
    await blockstore.flush()
    expect(await repository.blocks.getRef(blockstore.ref)).toBeUndefined()
    expect(await listed(blockstore)).toEqual([])
  })

  it('is one for each name', async () => {
    const repository = await create()
    const [one, two] = [repositoryBlockstore(repository.blocks, { name: 'one' }), repositoryBlockstore(repository, { name: 'two' })]
    const { cid, bytes } = block('a')
    await one.put(cid, bytes)
    await one.flush()
    expect(await two.has(cid)).toBe(false)
    await two.put(cid, bytes)
    await two.flush()
    await one.delete(cid)
    await one.flush()
    await collect(repository)
    expect(await read(two, cid)).toEqual(bytes)
    expect(() => repositoryBlockstore(repository, { name: 'no name' })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => repositoryBlockstore(repository, { flushAfter: 0 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('loses nothing to another writer of it, even one that commits in between', async () => {
    const storage = new MeddlingStorage()
    const mine = repositoryBlockstore(await create(storage), NEVER_ALONE)
    const theirs = repositoryBlockstore(await again(storage), NEVER_ALONE)
    const [a, b, c] = ['a', 'b', 'c'].map(block) as [Block, Block, Block]
    await theirs.put(a.cid, a.bytes)
    await theirs.flush()
    await mine.put(b.cid, b.bytes)
    await mine.delete(a.cid)
    await theirs.put(c.cid, c.bytes)
    storage.before('put', 'log/', () => theirs.flush())
    await mine.flush()
    expect(storage.isDone).toBe(true)
    expect(await listed(repositoryBlockstore(await again(storage)))).toEqual([b.cid.toString(), c.cid.toString()].sort())
  })

  it('shows all changes that are under way to getAll, in the state in which it began', async () => {
    const blockstore = repositoryBlockstore(await create(), NEVER_ALONE)
    const [a, b, c] = ['a', 'b', 'c'].map(block) as [Block, Block, Block]
    await blockstore.put(a.cid, a.bytes)
    await blockstore.put(b.cid, b.bytes)
    await blockstore.flush()
    await blockstore.delete(a.cid)
    await blockstore.put(c.cid, c.bytes)
    await blockstore.put(b.cid, b.bytes)
    const seen: string[] = []
    for await (const { cid } of blockstore.getAll()) {
      seen.push(cid.toString())
      await blockstore.delete(cid)
      await blockstore.flush()
    }
    expect(seen.sort()).toEqual([b.cid.toString(), c.cid.toString()].sort())
    expect(await listed(blockstore)).toEqual([])
  })

  it('shows the other blocks of the repository only if that is asked for', async () => {
    const repository = await create()
    await repository.snapshot([{ path: 'a.txt', content: 'hello' }], { ref: 'data' })
    const { cid, bytes } = block('hello')
    expect(await repositoryBlockstore(repository).has(cid)).toBe(false)
    await expect(read(repositoryBlockstore(repository), cid)).rejects.toMatchObject({ name: 'NotFoundError' })
    const open = repositoryBlockstore(repository, { reads: 'repository' })
    expect(await open.has(cid)).toBe(true)
    expect(await read(open, cid)).toEqual(bytes)
    expect(await listed(open)).toEqual([])
  })
})

describe('a flush that fails', () => {
  it('leaves all as it was, to be flushed again', async () => {
    const storage = new MeddlingStorage()
    const blockstore = repositoryBlockstore(await create(storage), NEVER_ALONE)
    const { cid, bytes } = block('a')
    await blockstore.put(cid, bytes)
    storage.before('put', 'log/', () => Promise.reject(new StorageError('no room')))
    await expect(blockstore.close()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(blockstore.uncommitted).toBe(1)
    expect(await read(blockstore, cid)).toEqual(bytes)
    await blockstore.close()
    expect(await read(repositoryBlockstore(await again(storage)), cid)).toEqual(bytes)
  })

  it('since a collection has given the writer up says so, and does not claim the blocks', async () => {
    const storage = new MemoryStorage()
    const blockstore = repositoryBlockstore(await create(storage), NEVER_ALONE)
    const { cid, bytes } = block('a')
    await blockstore.put(cid, bytes)
    await collect(await again(storage))
    await expect(blockstore.flush()).rejects.toMatchObject({ code: 'SESSION_REVOKED' })
    expect(await blockstore.has(cid)).toBe(false)
    await blockstore.put(cid, bytes)
    await blockstore.close()
    expect(await read(repositoryBlockstore(await again(storage)), cid)).toEqual(bytes)
  })
})

describe('damage', () => {
  it('is no absence, and what is put again after a repair is whole again', async () => {
    const storage = new MemoryStorage()
    const blockstore = repositoryBlockstore(await create(storage))
    const { cid, bytes } = block('a block that will be lost')
    await blockstore.put(cid, bytes)
    await blockstore.flush()
    for await (const { key } of storage.list('packs/')) {
      const pack = await storage.get(key)
      const at = Buffer.from(pack).indexOf(bytes)
      if (at < 0) continue
      pack[at] = (pack[at] ?? 0) ^ 1
      await storage.delete(key)
      await storage.put(key, pack)
    }
    const later = await again(storage)
    const reader = repositoryBlockstore(later)
    await expect(read(reader, cid)).rejects.toMatchObject({ code: 'CORRUPT_BLOCK' })
    await later.blocks.repair()
    expect(await reader.has(cid)).toBe(false)
    await reader.put(cid, bytes)
    await reader.close()
    expect(await read(repositoryBlockstore(await again(storage)), cid)).toEqual(bytes)
  })
})
