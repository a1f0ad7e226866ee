import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes } from '../../src/bytes.ts'
import { type CID, DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { writeCar } from '../../src/dataset/car-writer.ts'
import { checkoutSteps } from '../../src/dataset/checkout-steps.ts'
import type { InputEntry } from '../../src/dataset/input-entries.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { openManifest } from '../../src/manifest/manifest.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create, gather } from './in-memory.ts'
import { randomBytes } from '../repository/random-bytes.ts'

describe('a tag', () => {
  it('that exists is not moved, whatever else is said, unless that is asked for', async () => {
    const repository = await create()
    await repository.snapshot([{ path: 'a', content: '1' }], { ref: 'data' })
    const { snapshot } = await repository.setRef('data@v1', 'data', { message: 'first' })
    await repository.snapshot([{ path: 'a', content: '2' }], { ref: 'data' })
    await expect(repository.setRef('data@v1', 'data', { message: 'moved' })).rejects.toMatchObject({ code: 'REF_CONFLICT' })
    expect((await repository.show('data@v1')).snapshot?.snapshot).toBe(snapshot)
    await repository.setRef('data@v1', 'data', { expected: 'any' })
    expect((await repository.show('data@v1')).snapshot?.snapshot).not.toBe(snapshot)
    await expect(repository.deleteRef('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await repository.deleteRef('data@v1')
    await expect(repository.resolve('data@v1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a ref of another program', () => {
  it('in the same repository is left alone, and in nobody’s way', async () => {
    const repository = await create()
    await repository.snapshot([{ path: 'a', content: '1' }], { ref: 'data' })
    await repository.blocks.withSession(async (session) => {
      const target = await session.put(DAG_CBOR_CODE, encodeCbor('something else'))
      await session.commit({ action: 'other', refs: [{ name: 'a-other', target }] })
    })
    expect((await gather(repository.refs())).map(({ name }) => name)).toEqual(['data'])
    expect((await repository.verify()).ok).toBe(true)
    const { snapshot } = await repository.show('data')
    expect((await repository.resolve((snapshot?.snapshot ?? '').slice(0, 20))).ref).toBeUndefined()
    await expect(repository.log('a-other').next()).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  })
})

describe('an export', () => {
  it('is complete though a file holds the very bytes of a list node', async () => {
    const repository = await create()
    const large = randomBytes(3_000_000, 3)
    await repository.snapshot([{ path: 'z-large', content: large }], { ref: 'data' })
    const [entry] = await gather(repository.entries('data'))
    const node = await repository.blocks.get(entry?.cid ?? '')
    await repository.snapshot([{ path: 'a-node', content: node }, { path: 'z-large', content: large }], { ref: 'data' })
    const target = await create()
    await target.importCar(repository.exportCar('data'), { ref: 'data' })
    expect(equalBytes(await target.read('data', 'z-large'), large)).toBe(true)
  })
})

describe('an import', () => {
  it('of a file whose few nodes stand for a list without end neither hangs nor is deaf', async () => {
    const source = await create()
    const size = 70_000
    const root = await source.blocks.withSession(async (session) => {
      let link = { cid: await session.put(RAW_CODE, randomBytes(size, 1)), size }
      for (let level = 1; level <= 3; level++) {
        const links = Array.from({ length: 4096 }, () => [link.cid, link.size])
        link = { cid: await session.put(DAG_CBOR_CODE, encodeCbor([level, links])), size: link.size * 4096 }
      }
      const tree = await session.put(DAG_CBOR_CODE, encodeCbor([0, [[0, new TextEncoder().encode('bomb'), [0, link.size, link.cid]]]]))
      const header = await session.put(DAG_CBOR_CODE, encodeCbor({ type: 'manifest', version: 1, chunker: 'fastcdc2020-64K-256K-1M', entries: 1, files: 1, bytes: link.size, tree }))
      await session.commit({ action: 'test' })
      return header
    })
    const car = concatBytes(await gather(writeCar(source.blocks, root)))
    expect(car.length).toBeLessThan(1_000_000)
    const target = await create()
    await target.importCar([car], { ref: 'bomb' }).catch((error: unknown) => expect(error).toMatchObject({ code: 'MALFORMED_DATA' }))
    const stop = AbortSignal.timeout(300)
    let steps = 0
    await expect((async () => {
      for await (const size of abortable(source, root, stop)) steps += size > 0 ? 1 : 0
    })()).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(steps).toBeGreaterThan(10)
  }, 20_000)

  it('honours the state that the ref is expected to be in', async () => {
    const source = await create()
    await source.snapshot([{ path: 'a', content: '1' }], { ref: 'data' })
    const history = concatBytes(await gather(source.exportCar('data', { history: true })))
    const target = await create()
    await target.importCar([history], { ref: 'data' })
    await expect(target.importCar([history], { ref: 'data', expected: null })).rejects.toMatchObject({ code: 'REF_CONFLICT' })
  })
})

/** Reads until it is stopped. */
async function* abortable(repository: Repository, root: CID, signal: AbortSignal): AsyncGenerator<number> {
  for await (const step of checkoutSteps(repository.blocks, (await openManifest(repository.blocks, root)).entries({}))) {
    signal.throwIfAborted()
    yield step.type === 'data' ? step.bytes.length : 0
  }
}

describe('a snapshot of entries', () => {
  it('that fails in the middle keeps what it stored for the next try', async () => {
    const repository = await create()
    const large = randomBytes(2_000_000, 5)
    async function* failing(): AsyncGenerator<InputEntry> {
      yield { path: 'large', content: large }
      throw new Error('the source broke')
    }
    await expect(repository.snapshot(failing(), { ref: 'data' })).rejects.toThrow('the source broke')
    expect(await repository.snapshot([{ path: 'large', content: large }], { ref: 'data' })).toMatchObject({ newBytes: 0, created: true })
  })

  it('is stopped by its signal in the middle of an entry', async () => {
    const repository = await create()
    const controller = new AbortController()
    let pieces = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        if (++pieces === 5) controller.abort()
        yield new Uint8Array(1000)
      }
    }
    await expect(repository.snapshot([{ path: 'a', content: endless() }], { ref: 'data', signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect(pieces).toBeLessThan(8)
  })

  it('refuses details that a snapshot cannot hold before it reads anything', async () => {
    const repository = await create()
    let read = 0
    async function* source(): AsyncGenerator<InputEntry> {
      read++
      yield { path: 'a', content: '1' }
    }
    await expect(repository.snapshot(source(), { ref: 'data', message: 'x'.repeat(2_000_000) })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(repository.snapshot(source(), { ref: 'data', meta: { x: Number.NaN } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(read).toBe(0)
  })
})

describe('the steps of a checkout', () => {
  it('come as they are read, however many entries have no content', async () => {
    const repository = await create()
    const links = Array.from({ length: 20_000 }, (_, index) => ({ path: `a/${String(index).padStart(6, '0')}`, symlink: 'x' }))
    await repository.snapshot([...links, { path: 'b', content: 'last' }, { path: 'c', content: '' }], { ref: 'data' })
    const { root } = await repository.resolve('data')
    const steps = await gather(checkoutSteps(repository.blocks, (await openManifest(repository.blocks, root)).entries({})))
    expect(steps.length).toBe(20_003)
    expect(steps.slice(-3).map(({ type }) => type)).toEqual(['file', 'data', 'file'])
  })
})

describe('verify', () => {
  it('finds an index record that points to another block', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    await repository.snapshot([{ path: 'a', content: 'aaaa' }, { path: 'b', content: 'bbbb' }], { ref: 'data', compression: 'none' })
    const { encodeIndex } = await import('../../src/repository/index-writer.ts')
    const { decodeRecord, encodeRecord, indexKey } = await import('../../src/repository/index-format.ts')
    const { encodeRootRecord, recordKey } = await import('../../src/repository/root-record.ts')
    const { RootLog } = await import('../../src/repository/root-log.ts')
    const [file] = repository.blocks.indexes.files
    const pages = file === undefined ? [] : await gather(file.pages())
    const records = pages.flatMap((page) => Array.from({ length: page.length / 48 }, (_, row) => page.slice(row * 48, row * 48 + 48)))
    const raw = records.filter((record) => decodeRecord(record, 0).size === 4)
    expect(raw).toHaveLength(2)
    const [first, second] = raw
    if (first === undefined || second === undefined || file === undefined) throw new Error('no records')
    encodeRecord(first.slice(0, 32), decodeRecord(second, 0), first, 0)
    let written: { size: number; digest: Uint8Array } | undefined
    const id = randomBytes(16, 77)
    await storage.put(indexKey(id), encodeIndex(repository.blocks.hasher, file.packs, records, (end) => (written = end)))
    const { record, digest } = await new RootLog(storage, repository.blocks.hasher).newest()
    if (written === undefined) throw new Error('not written')
    await storage.put(recordKey(2), encodeRootRecord(repository.blocks.hasher, { ...record, number: 2, previous: digest, indexes: [{ id, ...written }], writer: randomBytes(16, 3) }))
    const reopened = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    expect((await reopened.verify()).ok).toBe(false)
  })
})
