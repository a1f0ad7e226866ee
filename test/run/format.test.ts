import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex } from '../../src/bytes.ts'
import { type CID, cidFromDigest, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { type CborInput, readItem } from '../../src/codec/cbor-decoder.ts'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'
import { decodeNode } from '../../src/manifest/node.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import type { Capture } from '../../src/run/capture-interface.ts'
import { resolveConfig } from '../../src/run/config/resolve-config.ts'
import type { RunRecord, RunStart } from '../../src/run/interface.ts'
import { plainEntry, runEntryCodec, storedEntryCodec } from '../../src/run/run-entry.ts'
import { parseRunKey, runKey } from '../../src/run/run-key.ts'
import { readRunRecord } from '../../src/run/run-checkpoint.ts'
import { encodeRunRecord, encodeRunStart, readRunStart } from '../../src/run/run-object.ts'

/** What the bytes of each block must be for good; whoever changes one of them changes the format. */
const VECTORS = JSON.parse(readFileSync('test/vectors/run.json', 'utf8')) as Record<string, string>
const hasher = nodePlatform.hasher('sha2-256')
const link = (byte: number): CID => cidFromDigest(hasher, DAG_CBOR_CODE, new Uint8Array(32).fill(byte))
const sourceOf = (bytes: Uint8Array) => ({ get: async () => bytes })

const CAPTURE: Capture = {
  git: { commit: 'c'.repeat(40), branch: 'main', remotes: { origin: 'https://example.org/r' }, isPushed: true, dirty: [{ path: 'a.mjs', status: '.M' }], tree: 't'.repeat(40), submodules: [] },
  packages: { lockFile: { path: 'package-lock.json', sha256: '0'.repeat(64) }, installed: [{ name: 'zod', version: '4.1.0', integrity: null }], differences: [] },
  python: null, leftOut: [],
  runtime: { versions: { node: '20.19.0' }, execArgv: [], platform: 'linux', architecture: 'x64', system: 'Linux 6', cpu: { model: 'made up', threads: 2 }, memoryBytes: 1024, libc: 'glibc 2.36', gpus: null },
  container: null, environment: { LANG: 'C' }, argv: ['node', 'train.mjs'], ci: null, missing: ['No GPU is known'], redacted: ['argv[2]'],
}
const START: RunStart = {
  name: 'train', why: 'to see', tags: ['a', 'b'], inputs: [{ name: 'train', revision: 'data@v1', snapshot: link(1), root: link(2) }, { name: 'more', revision: 'bafy…', snapshot: null, root: link(3) }],
  config: resolveConfig({ defaults: { rate: 0.1, 'a.b': [1, null] }, set: { rate: 0.5 } }), seed: '7', command: ['node', 'train.mjs'], cwd: 'sub', outputs: [{ name: 'model', path: 'out/model' }], capture: CAPTURE,
  code: link(4), reproduces: link(5), started: '2026-11-25T10:00:00.000Z', process: { host: 'here', hostId: '0123456789ab', id: 42, began: 123456 }, nonce: '0123456789abcdef',
}
const BARE: RunStart = { ...START, why: null, tags: [], inputs: [], command: null, cwd: '', outputs: [], capture: { ...CAPTURE, git: null, packages: null }, code: null, reproduces: null, process: { ...START.process, began: null } }
const RECORD: RunRecord = {
  start: link(6), status: 'succeeded', reason: null, exitCode: 0, signal: null, ended: '2026-11-25T10:00:01.500Z', final: { loss: 0.25, broken: Number.NaN, far: Number.NEGATIVE_INFINITY }, metrics: link(7), log: link(8),
  artifacts: [{ name: 'model', root: link(9), files: 1, bytes: 3 }],
}
const LOST: RunRecord = { ...RECORD, status: 'lost', reason: 'gone', exitCode: null, signal: 'SIGKILL', final: {}, metrics: null, log: null, artifacts: [] }
const SO_FAR: RunRecord = { ...LOST, status: 'running', reason: null, signal: null, ended: null }

describe('the block of a run', () => {
  it.each([['start', START], ['bare start', BARE]])('has the bytes of the format, and reads back (%s)', async (name, start) => {
    expect(toHex(encodeRunStart(start))).toBe(VECTORS[name])
    expect(await readRunStart(sourceOf(new Uint8Array(Buffer.from(VECTORS[name] ?? '', 'hex'))), link(0))).toEqual(start)
  })

  it.each([['record', RECORD], ['lost record', LOST], ['record so far', SO_FAR]])('has the bytes of the format, and reads back (%s)', async (name, record) => {
    expect(toHex(encodeRunRecord(record))).toBe(VECTORS[name])
    expect(await readRunRecord(sourceOf(new Uint8Array(Buffer.from(VECTORS[name] ?? '', 'hex'))), link(0))).toEqual(record)
  })

  it('of another minor version, which captured less or more, is read all the same', async () => {
    const fields = decodeCbor(encodeRunStart(START)) as Record<string, unknown>
    const read = async (capture: object) => (await readRunStart(sourceOf(encodeCbor({ ...fields, capture: JSON.stringify(capture) })), link(0))).capture
    const { environment: _environment, redacted: _redacted, ...less } = CAPTURE
    expect(await read({ ...less, git: { commit: 'abc' } })).toMatchObject({ environment: {}, redacted: [], git: { commit: 'abc', dirty: [], remotes: {} }, packages: CAPTURE.packages })
    expect(await read({ ...CAPTURE, weather: 'fine', git: 7, argv: 'text' })).toMatchObject({ weather: 'fine', git: null, argv: [] })
    expect(await read({})).toMatchObject({ git: null, runtime: { platform: 'unknown' }, missing: [] })
  })

  it('has of Python and of what was left out only what there is', async () => {
    const python = { command: ['python3'], implementation: 'CPython', version: '3.12.4', executable: '/usr/bin/python3', environment: null, isHashed: true }
    const capture = { ...CAPTURE, python, leftOut: ['out'] }
    expect(await readRunStart(sourceOf(encodeRunStart({ ...START, capture })), link(0))).toMatchObject({ capture })
    const written = (decodeCbor(encodeRunStart(START)) as { readonly capture: string }).capture
    expect(Object.keys(JSON.parse(written) as object)).toEqual(['argv', 'ci', 'container', 'environment', 'git', 'missing', 'packages', 'redacted', 'runtime'])
  })

  it.each<[string, object]>([
    ['a name of an input that leads out', { inputs: [['../../x', 'data', null, link(1)]] }], ['a name of an output that leads out', { outputs: [['a/b', 'x']] }], ['a folder that leads out', { cwd: '../x' }], ['a folder with a line in it', { cwd: 'x\nRUN y' }],
    ['an absolute folder', { cwd: '/x' }], ['a name that no run can have', { name: '_varve/x' }],
  ])('whose start has %s is refused', async (_what, change) => {
    const fields = decodeCbor(encodeRunStart(START)) as Record<string, unknown>
    await expect(readRunStart(sourceOf(encodeCbor({ ...fields, ...change })), link(0))).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  })

  it.each<[string, object]>([
    ['another format', { format: 2 }], ['no start', { start: null }], ['a status that there is none of', { status: 'fine' }], ['metrics that are no numbers', { final: '{"loss":"x"}' }], ['an artifact without a root', { artifacts: [['a', null, 1, 1]] }], ['an artifact that leads out', { artifacts: [['../a', link(1), 1, 1]] }], ['an exit code below 0', { exitCode: -1 }], ['a field too many', { more: 1 }],
  ])('is refused with %s', async (_what, change) => {
    const fields = decodeCbor(encodeRunRecord(RECORD)) as Record<string, unknown>
    await expect(readRunRecord(sourceOf(encodeCbor({ ...fields, ...change })), link(0))).rejects.toMatchObject({ code: expect.stringMatching(/^(MALFORMED_DATA|UNSUPPORTED_FORMAT)$/) as string })
  })
})

describe('an entry of the tree of runs', () => {
  it.each([[{ start: link(1), record: null, isOver: false }], [{ start: link(1), record: link(2), isOver: false }], [{ start: link(1), record: link(2), isOver: true }]])('reads back, and weighs what it takes', (entry) => {
    const encoded = runEntryCodec.encode(entry)
    expect(runEntryCodec.decode(encoded)).toEqual(entry)
    expect(runEntryCodec.weigh(entry)).toBe(encodeCbor(encoded).length)
    const block = encodeCbor([0, [[0, runKey({ name: 'a', number: 1 }), encoded]]])
    for (const codec of [storedEntryCodec, { ...storedEntryCodec, read: (input: CborInput, depth: number) => storedEntryCodec.decode(readItem(input, depth)) }]) {
      const node = decodeNode(block, codec)
      const [stored] = node.kind === 'leaf' ? node.items : []
      expect(stored === undefined ? undefined : plainEntry(stored.value)).toEqual(entry)
      expect(stored === undefined ? undefined : [storedEntryCodec.encode(stored.value), storedEntryCodec.weigh(stored.value), storedEntryCodec.equals(stored.value, stored.value)]).toEqual([encoded, runEntryCodec.weigh(entry), true])
    }
  })

  it('stands under a key in which the newest comes first', () => {
    expect(toHex(runKey({ name: 'a/é', number: 3 }))).toBe('612fc3a900fffffffc')
    expect(parseRunKey(runKey({ name: 'a/é', number: 3 }))).toEqual({ name: 'a/é', number: 3 })
    for (const run of [{ name: 'a', number: 9 }, { name: 'a', number: 8 }, { name: 'a/é', number: 2 ** 31 }, { name: 'b', number: 1 }]) expect(parseRunKey(concatBytes([new Uint8Array(3), runKey(run)]), 3)).toEqual(run)
    for (const key of ['', '00', '6100', '61000000', '6101ffffffff', 'ff00ffffffff']) expect(() => parseRunKey(new Uint8Array(Buffer.from(key, 'hex')))).toThrow('tree of runs')
  })
})
