import { MemoryBlockstore } from 'blockstore-core'
import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes, utf8 } from '../../../src/bytes.ts'
import { DEFAULT_PROFILE } from '../../../src/chunker/index.ts'
import { CID, cidOf, RAW_CODE } from '../../../src/cid/cid.ts'
import type { BlockSink, BlockSource } from '../../../src/codec/interface.ts'
import { ChunkedContentStore, storeContent } from '../../../src/dataset/content-store.ts'
import { listChunks } from '../../../src/file/index.ts'
import { diffManifests, editManifest, ManifestBuilder, openManifest, verifyManifest } from '../../../src/manifest/index.ts'
import { pathFromText, pathToText } from '../../../src/manifest/path.ts'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { blockstoreSource, repositoryBlockstore } from '../../../src/remote/blockstore/index.ts'
import { create, gather } from '../../dataset/in-memory.ts'
import { randomBytes } from '../../repository/random-bytes.ts'

const LARGE = randomBytes(3_000_000, 5)
const FILES = [{ path: 'a/small.txt', content: utf8('small') }, { path: 'empty', content: new Uint8Array(0) }, { path: 'large.bin', content: LARGE }]
const SMALL = cidOf(nodePlatform.hasher('sha2-256'), RAW_CODE, utf8('small'))

/** The files as a dataset, written to wherever blocks go. */
async function build(blocks: BlockSource & BlockSink): Promise<CID> {
  const store = new ChunkedContentStore(blocks, undefined)
  const manifest = new ManifestBuilder(blocks, DEFAULT_PROFILE.name)
  for (const { path, content } of FILES) {
    const { cid, size } = await storeContent(store, content)
    await manifest.add({ path: pathFromText(path), value: { kind: 'file', size, cid } })
  }
  return (await manifest.finish()).root
}

async function rootInRepository(): Promise<string> {
  return (await (await create()).snapshot(FILES, { ref: 'data' })).root
}

async function readFile(blocks: BlockSource, root: CID, path: string): Promise<Uint8Array> {
  const value = await (await openManifest(blocks, root)).get(pathFromText(path))
  if (value?.kind !== 'file') throw new Error(`${path} is no file`)
  if (value.cid.code === RAW_CODE) return blocks.get(value.cid)
  const chunks: Uint8Array[] = []
  for await (const { cid } of listChunks(blocks, value)) chunks.push(await blocks.get(cid))
  return concatBytes(chunks)
}

describe('a dataset in a blockstore', () => {
  it('has the root that it has in a repository, and is read back to the last byte', async () => {
    const blockstore = new MemoryBlockstore()
    const root = await build(blockstoreSource(blockstore))
    expect(root.toString()).toBe(await rootInRepository())
    const reader = blockstoreSource(blockstore, { platform: nodePlatform })
    expect(equalBytes(await readFile(reader, root, 'large.bin'), LARGE)).toBe(true)
    expect(await readFile(reader, root, 'a/small.txt')).toEqual(utf8('small'))
    expect((await gather(verifyManifest(reader, root))).map(({ path }) => pathToText(path))).toEqual(FILES.map(({ path }) => path))
  })

  it('is edited and compared there', async () => {
    const blocks = blockstoreSource(new MemoryBlockstore(), { platform: nodePlatform })
    const root = await build(blocks)
    const { root: after } = await editManifest(blocks, blocks, root, [{ path: pathFromText('empty'), value: undefined }])
    expect((await gather(diffManifests(blocks, root, after))).map(({ path }) => pathToText(path))).toEqual(['empty'])
  })

  it('may be in the blockstore that a repository is', async () => {
    const repository = await create()
    const blockstore = repositoryBlockstore(repository, { flushAfter: 4 })
    const root = await build(blockstoreSource(blockstore, { platform: nodePlatform }))
    await blockstore.close()
    await repository.blocks.collectGarbage({ graceMs: 0 })
    const later = repositoryBlockstore(repository)
    expect(equalBytes(await readFile(blockstoreSource(later), root, 'large.bin'), LARGE)).toBe(true)
  })

  it('is named by the other hash if that is asked for, and read without being told which', async () => {
    const blockstore = new MemoryBlockstore()
    const root = await build(blockstoreSource(blockstore, { hash: 'blake3' }))
    expect(root.multihash.code).toBe(0x1e)
    expect(await readFile(blockstoreSource(blockstore), root, 'a/small.txt')).toEqual(utf8('small'))
  })

  it('is not altered by what happens to the memory after a put was called', async () => {
    const blockstore = new MemoryBlockstore()
    const bytes = utf8('small')
    const putting = blockstoreSource(blockstore).put(RAW_CODE, bytes)
    bytes.fill(0)
    await putting
    bytes.fill(1)
    expect(await blockstoreSource(blockstore).get(SMALL)).toEqual(utf8('small'))
  })
})

describe('what a blockstore gives', () => {
  it.each([['other bytes', [utf8('smalL')]], ['too few', [utf8('smal')]], ['nothing', []], ['too many', [utf8('small'), utf8(' and more')]], ['more than a block has', [randomBytes(1024 * 1024, 1), utf8('small')]]])(
    'is not handed out if it is %s', async (_, pieces) => {
      const blocks = blockstoreSource({ put: (cid) => cid, get: () => pieces.values() as Generator<Uint8Array> })
      await expect(blocks.get(SMALL)).rejects.toMatchObject({ code: 'CORRUPT_BLOCK', data: { cid: SMALL.toString() } })
    },
  )

  it('may come in pieces', async () => {
    const blocks = blockstoreSource({ put: (cid) => cid, get: () => [utf8('sm'), utf8('all')].values() as Generator<Uint8Array> })
    expect(await blocks.get(SMALL)).toEqual(utf8('small'))
  })

  it('is told from what is absent, and from a blockstore that fails', async () => {
    await expect(blockstoreSource(new MemoryBlockstore()).get(SMALL)).rejects.toMatchObject({ code: 'NOT_FOUND', data: { cid: SMALL.toString() } })
    const failing = blockstoreSource({
      put: () => Promise.reject(new Error('disk full')),
      get: () => { throw new Error('disk gone') },
    })
    await expect(failing.get(SMALL)).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringContaining('disk gone') as string })
    await expect(failing.put(RAW_CODE, utf8('small'))).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringContaining('disk full') as string })
    const old = CID.createV0(SMALL.multihash as Parameters<typeof CID.createV0>[0])
    await expect(blockstoreSource(new MemoryBlockstore()).get(old)).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  })

  it('is not waited for after the signal', async () => {
    const blockstore = new MemoryBlockstore()
    await blockstore.put(SMALL, utf8('small'))
    const reason = new Error('enough')
    const blocks = blockstoreSource(blockstore, { signal: AbortSignal.abort(reason) })
    await expect(blocks.get(SMALL)).rejects.toBe(reason)
  })
})
