import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/bytes.ts'
import { type CID, cidFromDigest, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'
import type { BlockSource } from '../../src/codec/interface.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import type { ModelEvent, ModelVersion } from '../../src/registry/interface.ts'
import { aliasKey, approvalKey, versionKey } from '../../src/registry/model-key.ts'
import { versionEntryCodec } from '../../src/registry/version-entry.ts'
import { encodeModelEvent, encodeModelVersion, readModelEvent, readModelVersion } from '../../src/registry/model-object.ts'

/** What the bytes of each block and key must be for good; whoever changes one of them changes the format. */
const VECTORS = JSON.parse(readFileSync('test/vectors/model.json', 'utf8')) as Record<string, string>
const hasher = nodePlatform.hasher('sha2-256')
const link = (byte: number): CID => cidFromDigest(hasher, DAG_CBOR_CODE, new Uint8Array(32).fill(byte))
const source = (bytes: Uint8Array): BlockSource => ({ get: async () => bytes })

const BARE: ModelVersion = { name: 'vision/digits', number: 1, artifact: 'model', root: link(1), run: link(2), record: link(3), evaluation: null, why: null, by: null, at: '2026-11-25T10:00:00.000Z' }
const EVALUATED: ModelVersion = { ...BARE, number: 4294967295, evaluation: { metrics: { b: [1, null], 'ä': { z: 0.5 }, a: 'x' }, revision: 'test@v2', snapshot: link(4), root: link(5) }, why: 'besser', by: 'Ada' }
const ON_A_ROOT: ModelVersion = { ...BARE, evaluation: { metrics: {}, revision: 'bafy', snapshot: null, root: link(5) } }
const ALIAS: ModelEvent = { kind: 'alias', model: 'digits', alias: 'production', version: link(6), number: 3, by: 'Ada', at: '2026-11-25T10:00:00.000Z', why: 'better', previous: link(7) }
const REMOVED: ModelEvent = { ...ALIAS, version: null, number: null, by: null, why: null, previous: null }
const APPROVAL: ModelEvent = { ...ALIAS, kind: 'approval', alias: null }

type Case<T = never> = readonly [name: string, value: T, encode: (value: T) => Uint8Array, read: (source: BlockSource, cid: CID) => Promise<T>]
const CASES = [
  ['version', BARE, encodeModelVersion, readModelVersion],
  ['version that was evaluated', EVALUATED, encodeModelVersion, readModelVersion],
  ['version that was evaluated on a root', ON_A_ROOT, encodeModelVersion, readModelVersion],
  ['move of an alias', ALIAS, encodeModelEvent, readModelEvent],
  ['end of an alias', REMOVED, encodeModelEvent, readModelEvent],
  ['approval', APPROVAL, encodeModelEvent, readModelEvent],
] as unknown as readonly Case[]

describe('the block of a', () => {
  it.each(CASES)('%s has the bytes of the format, and reads back', async (name, value, encode, read) => {
    expect(toHex(encode(value))).toBe(VECTORS[name])
    expect(await read(source(new Uint8Array(Buffer.from(VECTORS[name] ?? '', 'hex'))), link(0))).toEqual(value)
  })

  it.each(CASES)('%s is refused with a field more or less, of another type, or of a newer format', async (_name, value, encode, read) => {
    const fields = decodeCbor(encode(value)) as Record<string, unknown>
    for (const key of Object.keys(fields)) {
      const { [key]: _gone, ...rest } = fields
      await expect(read(source(encodeCbor(rest)), link(0)), key).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
      await expect(read(source(encodeCbor({ ...fields, [key]: true })), link(0)), key).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
    }
    await expect(read(source(encodeCbor({ ...fields, more: 1 })), link(0))).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
    await expect(read(source(encodeCbor({ ...fields, format: 2 })), link(0))).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
  })
})

it.each([
  ['entry of a version without its run', { cid: link(8), root: link(9), evaluatedOn: null, run: null }], ['entry of a version that was evaluated, without its run', { cid: link(8), root: link(9), evaluatedOn: link(10), run: null }],
  ['entry of a version', { cid: link(8), root: link(9), evaluatedOn: null, run: link(11) }], ['entry of a version that was evaluated', { cid: link(8), root: link(9), evaluatedOn: link(10), run: link(11) }],
] as const)('the %s has the bytes of the format, and reads back', (name, entry) => {
  const bytes = encodeCbor(versionEntryCodec.encode(entry))
  expect(toHex(bytes)).toBe(VECTORS[name])
  expect(versionEntryCodec.weigh(entry)).toBe(bytes.length)
  expect(versionEntryCodec.decode(decodeCbor(bytes))).toEqual(entry)
  for (const wrong of [[], [link(8), link(9)], [link(8), link(9), null, null], [link(8), null, null], [link(8), link(9), null, link(11), link(12)], 'x']) expect(() => versionEntryCodec.decode(wrong)).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }) as Error)
})

it.each([['key of a version', versionKey('digits', 3)], ['key of an alias', aliasKey('digits', 'production')], ['key of an approval', approvalKey('digits', 3)]])('the %s has the bytes of the format', (name, key) => {
  expect(toHex(key)).toBe(VECTORS[name])
})

it('keys of the versions of a name stand together, the newest first', () => {
  const keys = [versionKey('a', 300), versionKey('a', 2), versionKey('a', 1), versionKey('a-b', 1), versionKey('a/b', 1), versionKey('ab', 9)].map((key) => toHex(key))
  expect([...keys].sort()).toEqual(keys)
})
