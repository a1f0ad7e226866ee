import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../src/bytes.ts'
import { parseCid } from '../../src/cid/cid.ts'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'
import { readCar } from '../../src/dataset/car-reader.ts'
import { encodeSnapshot, readSnapshot } from '../../src/dataset/snapshot-object.ts'
import { decodeManifestHeader } from '../../src/manifest/manifest-header.ts'
import { checkProof } from '../../src/manifest/proof.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { openRepository } from '../../src/node/open-repository.ts'
import { tarEntries } from '../../src/node/tar-entries.ts'
import { decodeConfig } from '../../src/repository/config.ts'
import { IndexFile } from '../../src/repository/index-file.ts'
import { encodeRecord, indexKey } from '../../src/repository/index-format.ts'
import { encodeIndex } from '../../src/repository/index-writer.ts'
import { PageCache } from '../../src/repository/page-cache.ts'
import { encodeRootRecord, decodeRootRecord, EMPTY_STATE } from '../../src/repository/root-record.ts'
import { seal, unseal } from '../../src/repository/sealed.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { makeSample, storageWith } from './samples.ts'

const hasher = nodePlatform.hasher('sha2-256')
const some = parseCid('bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua')
const malformed: unknown = expect.objectContaining({ code: 'MALFORMED_DATA' })
/** A map whose text cannot be had: what is in it is called as if it were a method. */
const TEXTLESS = { toString: null, valueOf: 1 }

// Each was a crash, a hang or a silence.
describe('what fuzzing has found stays mended:', () => {
  test('a version that is a map is refused like any other', async () => {
    expect(() => decodeManifestHeader(encodeCbor({ type: 'manifest', version: TEXTLESS }))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }) as Error)
    expect(() => decodeManifestHeader(encodeCbor({ type: 'manifest', version: 2n ** 64n - 1n }))).toThrow(/18446744073709551615/)
    await expect(checkProof(hasher, { type: 'varve-proof', version: TEXTLESS }, some)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
    const header = encodeCbor({ roots: [some], version: TEXTLESS })
    await expect(readCar([concatBytes([Uint8Array.of(header.length), header])])).rejects.toEqual(malformed)
    const record = unseal(hasher, 'log/1', encodeRootRecord(hasher, { ...EMPTY_STATE.record, number: 1 })) as object
    expect(() => decodeRootRecord(hasher, 1, seal(hasher, { ...record, number: TEXTLESS }))).toThrow(expect.objectContaining({ code: 'CORRUPT_OBJECT' }) as Error)
  })

  test('an error about a version that is a large number can be printed as JSON', () => {
    try {
      decodeManifestHeader(encodeCbor({ type: 'manifest', version: 2n ** 63n }))
    } catch (error) {
      expect(JSON.stringify((error as { data: unknown }).data)).toBe('{"version":"9223372036854775808"}')
    }
    expect.assertions(1)
  })

  test('features of config.json that are nested without end are refused', () => {
    const bytes = utf8(`{"format":1,"features":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)
    expect(() => decodeConfig(bytes, 'memory')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }) as Error)
  })

  test('meta that is nested too deep is neither read nor written', async () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)},"b":"${'['.repeat(1000)}\\"{"}`
    const snapshot = { root: some, parents: [], message: '', author: null, time: '', source: null, meta: {} }
    const block = (meta: string): Uint8Array => encodeCbor({ ...(decodeCbor(encodeSnapshot(snapshot)) as object), meta })
    const read = (meta: string): Promise<unknown> => readSnapshot({ get: () => block(meta) }, some)
    await expect(read(nested(100_000))).rejects.toEqual(malformed)
    await expect(read(nested(257))).rejects.toEqual(malformed)
    const deepest = (await read(nested(256))) as typeof snapshot
    expect(encodeSnapshot(deepest)).toEqual(block(nested(256)))
    expect(() => encodeSnapshot({ ...snapshot, meta: { a: deepest.meta } })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error)
  })

  test('a folder in a tar file that states a size does not wait for its content', async () => {
    const header = new Uint8Array(512)
    for (const [at, text] of [[0, 'folder/'], [100, '0000755\0'], [124, '00000001000\0'], [136, '00000000000\0'], [156, '5'], [257, 'ustar\x0000']] as const) header.set(utf8(text), at)
    header.set(utf8(`${(header.reduce((sum, byte) => sum + byte, 0) + 8 * 32).toString(8).padStart(6, '0')}\0 `), 148)
    const names: string[] = []
    for await (const { header: entry, content } of tarEntries([concatBytes([header, new Uint8Array(1024)])])) {
      for await (const piece of content) expect.unreachable(`${piece.length}`)
      names.push(`${entry.type} ${entry.size}`)
    }
    expect(names).toEqual(['directory 512'])
  })

  test('a root record that is missing, so that the repository seems to be an older one, is found by verify', async () => {
    const { objects } = await makeSample(false)
    const records = [...objects.keys()].filter((key) => key.startsWith('log/')).toSorted()
    expect(records.length).toBeGreaterThan(4)
    let rolledBack = 0
    for (const gone of records.slice(0, -1)) {
      const lost = new Map(objects)
      lost.delete(gone)
      await using repository = await openRepository(await storageWith(lost))
      if (repository.blocks.root.number === records.length) continue
      rolledBack++
      expect(await repository.verify()).toMatchObject({ ok: false, problems: [{ key: gone }] })
    }
    expect(rolledBack).toBeGreaterThan(1)
  })

  test('a copy of a block at the end of a page is looked at as closely as others', async () => {
    const digest = new Uint8Array(32).fill(9)
    const records = Array.from({ length: 1026 }, (_, index) => {
      const bytes = new Uint8Array(48)
      const isCopy = index >= 1022
      encodeRecord(isCopy ? digest : new Uint8Array(32).fill(index >> 8), { pack: isCopy && index === 1023 ? 7 : 0, offset: index, storedSize: 1, size: 1, codec: 0 }, bytes, 0)
      return bytes
    })
    const pack = { id: new Uint8Array(16), size: 100_000, kind: 'data' as const }
    const storage = new MemoryStorage()
    const id = new Uint8Array(16).fill(1)
    let written = { size: 0, digest: new Uint8Array(0) }
    await storage.put(indexKey(id), encodeIndex(hasher, [pack], records, (end) => (written = { size: end.size, digest: new Uint8Array(end.digest) })))
    const file = await IndexFile.open(storage, hasher, new PageCache(1_000_000), { id, ...written })
    await expect((async () => file.find(digest))()).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', message: expect.stringContaining('cannot be') as string })
  })
})
