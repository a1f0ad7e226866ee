import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../../src/bytes.ts'
import { decodeMetrics } from '../../../src/run/metrics/decode-metrics.ts'
import { encodeMetrics } from '../../../src/run/metrics/encode-metrics.ts'
import type { LogEntry } from '../../../src/run/metrics/interface.ts'
import { metricFromJson, metricToJson } from '../../../src/run/metrics/metric-json.ts'
import { MAX_INDEX_BYTES } from '../../../src/run/metrics/metric-index.ts'
import { asPoints, expectedSeries, filesOf, sourceOf } from './made-logs.ts'

const vector = JSON.parse(readFileSync('test/vectors/metrics.json', 'utf8')) as { log: { step: number; time: number; values: [string, unknown][] }[]; files: Record<string, string> }
const log: readonly LogEntry[] = vector.log.map(({ step, time, values }) => ({ step, time, values: values.map(([name, value]) => [name, metricFromJson(value) ?? 0] as const) }))

function one(name: string, value: number, step = 0, time = 0): LogEntry {
  return { step, time, values: [[name, value]] }
}

describe('the files of metrics', () => {
  it('are those that another program made from the same log', async () => {
    const files = await filesOf(await encodeMetrics(sourceOf(log)))
    expect(Object.fromEntries([...files].map(([path, bytes]) => [path, toHex(bytes)]))).toStrictEqual(vector.files)
    expect(files.size).toBe(7)
    expect(asPoints(decodeMetrics(files))).toStrictEqual(expectedSeries(log))
  })

  it('are the same for every NaN, and keep the sign of 0', async () => {
    const strange = new Float64Array(new BigUint64Array([0xfff8_dead_beef_0001n]).buffer)[0] ?? 0
    expect(strange).toBeNaN()
    const [a, b] = [await filesOf(await encodeMetrics(sourceOf([one('x', strange)]))), await filesOf(await encodeMetrics(sourceOf([one('x', Number.NaN)])))]
    expect(a).toStrictEqual(b)
    const [zero] = decodeMetrics(await filesOf(await encodeMetrics(sourceOf([one('x', -0)]))))
    expect(Object.is(zero?.values[0], -0)).toBe(true)
  })

  it('of a run that logged nothing are an index of nothing', async () => {
    const encoded = await encodeMetrics(sourceOf([]))
    expect([...(await filesOf(encoded)).keys()]).toEqual(['metrics.json'])
    expect(encoded.metrics).toEqual([])
  })

  it('are encoded in pieces of bounded size where a metric is long, and the log is read a bounded number of times', async () => {
    let readings = 0
    const entries = Array.from({ length: 20_000 }, (_, step) => ({ step, time: step, values: [['a', step], ['b', -step], ['c', 0.5]] as const }))
    const source = (): ReturnType<ReturnType<typeof sourceOf>> => (readings++, sourceOf(entries, 1000)())
    // One metric has 480,016 bytes.
    const encoded = await encodeMetrics(source, { batchBytes: 1_000_000 })
    const twoAtOnce = await filesOf(encoded)
    expect(readings).toBe(3)
    let largest = 0
    for await (const { content } of (await encodeMetrics(source, { batchBytes: 100_000 })).files()) for await (const piece of content) largest = Math.max(largest, piece.length)
    expect(largest).toBe(65_536)
    expect(readings).toBe(3 + 1 + 9)
    expect(asPoints(decodeMetrics(twoAtOnce))).toStrictEqual(expectedSeries(entries))
  })
})

describe('a log', () => {
  it.each([
    ['a step that is no index', one('x', 1, 0.5)], ['a step below 0', one('x', 1, -1)], ['a step that is too large', one('x', 1, 2 ** 53)], ['a time that is none', one('x', 1, 0, Number.NaN)],
    ['a name that is empty', one('', 1)], ['a name that is too long', one('x'.repeat(251), 1)], ['a value that is no number', one('x', '1' as unknown as number)],
  ])('with %s is refused', async (_, entry) => {
    await expect(encodeMetrics(sourceOf([one('fine', 1), entry]))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('with more metrics than a run may have is refused', async () => {
    const values = Array.from({ length: 10_001 }, (_, index) => [`m${index}`, 1] as const)
    await expect(encodeMetrics(sourceOf([{ step: 0, time: 0, values }]))).rejects.toThrow('"m10000" is one more')
    const { metrics } = await encodeMetrics(sourceOf([{ step: 0, time: 0, values: values.slice(1) }]))
    expect(metrics.length).toBe(10_000)
  })

  it.each([100, 1_000_000])('that is longer, or shorter, at the second reading is refused (%s bytes at a time)', async (batchBytes) => {
    for (const change of [-1, 1]) {
      let length = 20
      const encoded = await encodeMetrics(() => sourceOf(Array.from({ length }, (_, step) => one('x', 1, step)))(), { batchBytes })
      length += change
      await expect(filesOf(encoded)).rejects.toThrow('changed while it was stored')
    }
  })
})

describe('files that no log gives are refused', () => {
  let sound: ReadonlyMap<string, Uint8Array>
  beforeAll(async () => void (sound = await filesOf(await encodeMetrics(sourceOf([one('a', 1, 5, 7), one('a', Number.NaN, 6, 8), one('b', 2)])))))

  /** The sound files with a change to the bytes of one. */
  function changed(path: string, change: (bytes: Uint8Array, view: DataView) => Uint8Array | void): Map<string, Uint8Array> {
    const bytes = sound.get(path)?.slice() ?? new Uint8Array(0)
    return new Map([...sound, [path, change(bytes, new DataView(bytes.buffer)) ?? bytes]])
  }
  const index = (text: string): Map<string, Uint8Array> => changed('metrics.json', () => utf8(text))
  const row = (fields: string): string => `{"format":1,"metrics":[${fields}]}`
  const a = '{"file":"0000.metric","name":"a","points":2}'
  const b = '{"file":"0001.metric","name":"b","points":1}'

  it('and sound ones are not', () => {
    expect(decodeMetrics(sound).map(({ name }) => name)).toEqual(['a', 'b'])
    expect(decodeMetrics(index(row(`${a},${b}`)))).toEqual(decodeMetrics(sound))
  })

  it.each<[string, () => Map<string, Uint8Array>]>([
    ['no index', () => new Map([...sound].filter(([path]) => path !== 'metrics.json'))],
    ['a file missing', () => new Map([...sound].filter(([path]) => path !== '0001.metric'))],
    ['a file too many', () => new Map([...sound, ['0002.metric', new Uint8Array(40)]])],
    ['an index that is too large', () => changed('metrics.json', () => new Uint8Array(MAX_INDEX_BYTES + 1).fill(32))],
    ['an index that is not UTF-8', () => changed('metrics.json', () => Uint8Array.of(0x22, 0xff, 0x22))],
    ['an index that is not JSON', () => index('{')],
    ['an index with white space', () => index(row(`${a}, ${b}`))],
    ['an index with a byte order mark', () => index(`\ufeff${row(`${a},${b}`)}`)],
    ['an index of another format', () => index(row(`${a},${b}`).replace('1', '0'))],
    ['names out of order', () => index(row(`${a.replace('"a"', '"c"')},${b}`))],
    ['a name twice', () => index(row(`${a},${b.replace('"b"', '"a"')}`))],
    ['an empty name', () => index(row(`${a.replace('"a"', '""')},${b}`))],
    ['a file by another name', () => index(row(`${a},${b.replace('0001', '../1')}`))],
    ['no points', () => index(row(`${a.replace('2', '0')},${b}`))],
    ['more points than there are', () => index(row(`${a.replace('2', '3')},${b}`))],
    ['a field too many', () => index(row(`${a},${b.replace('}', ',"x":1}')}`))],
    ['another magic', () => changed('0000.metric', (bytes) => void (bytes[0] = 0))],
    ['version 0', () => changed('0000.metric', (bytes) => void (bytes[8] = 0))],
    ['a header that is not 0', () => changed('0000.metric', (bytes) => void (bytes[15] = 1))],
    ['a byte too many', () => changed('0000.metric', (bytes) => Uint8Array.of(...bytes, 0))],
    ['a byte missing', () => changed('0000.metric', (bytes) => bytes.subarray(0, -1))],
    ['a header alone', () => changed('0000.metric', (bytes) => bytes.subarray(0, 12))],
    ['a step below 0', () => changed('0000.metric', (_, view) => view.setFloat64(16, -1, true))],
    ['a step that is no integer', () => changed('0000.metric', (_, view) => view.setFloat64(16, 0.5, true))],
    ['a step that is too large', () => changed('0000.metric', (_, view) => view.setFloat64(24, 2 ** 53 - 1, true))],
    ['a step that is NaN', () => changed('0000.metric', (_, view) => view.setFloat64(16, Number.NaN, true))],
    ['a difference of -0', () => changed('0001.metric', (_, view) => view.setFloat64(16, -0, true))],
    ['a time below 0', () => changed('0000.metric', (_, view) => view.setFloat64(40, -9, true))],
    ['another NaN', () => changed('0000.metric', (bytes) => void (bytes[56] = 1))],
    ['a signalling NaN', () => changed('0000.metric', (_, view) => view.setBigUint64(48, 0x7ff0_0000_0000_0001n, true))],
  ])('%s', (_, files) => {
    expect(() => decodeMetrics(files())).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
  })

  it('as those of a newer version, if they are', () => {
    expect(() => decodeMetrics(index(row(`${a},${b}`).replace('1', '2')))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }))
    expect(() => decodeMetrics(changed('0001.metric', (bytes) => void (bytes[8] = 2)))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }))
  })
})

it('a value that JSON does not have is text in it', () => {
  expect([1.5, Number.NaN, Infinity, -Infinity].map(metricToJson)).toEqual([1.5, 'NaN', 'Infinity', '-Infinity'])
  expect(['NaN', 'Infinity', '-Infinity', 2].map(metricFromJson)).toEqual([Number.NaN, Infinity, -Infinity, 2])
  expect([null, '1', true, 'nan', {}].map(metricFromJson)).toEqual(Array(5).fill(undefined))
})
