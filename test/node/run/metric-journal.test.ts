import * as fs from 'node:fs'
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MetricJournal } from '../../../src/node/run/metric-journal.ts'
import { readJournal } from '../../../src/node/run/read-journal.ts'
import { encodeMetrics } from '../../../src/run/metrics/encode-metrics.ts'
import type { LogEntry } from '../../../src/run/metrics/interface.ts'

vi.mock('node:fs', async (load) => {
  const actual = await load<typeof fs>()
  return { ...actual, writeSync: vi.fn(actual.writeSync) }
})
const writeSync = vi.mocked(fs.writeSync)
const systemWrite = writeSync.getMockImplementation() ?? expect.fail('nothing is mocked')

let folder = ''
let path = ''
let clock = 1000
const journals: MetricJournal[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'varve-journal-'))
  path = join(folder, 'journal')
  clock = 1000
})
afterEach(async () => {
  writeSync.mockImplementation(systemWrite)
  for (const journal of journals.splice(0)) journal.close()
  await rm(folder, { recursive: true, force: true })
})

function begin(): MetricJournal {
  const journal = MetricJournal.create(path, { now: () => clock++ })
  journals.push(journal)
  return journal
}

async function entries(): Promise<readonly LogEntry[]> {
  const found: LogEntry[] = []
  for await (const batch of (await readJournal(path)).entries()) found.push(...batch)
  return found
}

function failWith(code: string): void {
  writeSync.mockImplementation(() => {
    throw Object.assign(new Error(code), { code })
  })
}

describe('a journal of metrics', () => {
  it('gives back what was logged: steps that are counted, that go back, and values of every kind', async () => {
    const journal = begin()
    journal.log({ loss: 1.5, acc: 0 })
    journal.log({ loss: Number.NaN })
    journal.log({ loss: Infinity, 'ä/\ud800': -0 }, { step: 10 })
    journal.log({ acc: -Infinity })
    journal.log({}, { step: 3 })
    journal.log({ ['__proto__']: 7 })
    expect(journal.final).toStrictEqual(Object.fromEntries([['loss', Infinity], ['acc', -Infinity], ['ä/\ud800', -0], ['__proto__', 7]]))
    journal.close()
    expect(await entries()).toStrictEqual([
      { step: 0, time: 1000, values: [['loss', 1.5], ['acc', 0]] },
      { step: 1, time: 1001, values: [['loss', Number.NaN]] },
      { step: 10, time: 1002, values: [['loss', Infinity], ['ä/\ud800', -0]] },
      { step: 11, time: 1003, values: [['acc', -Infinity]] },
      { step: 4, time: 1005, values: [['__proto__', 7]] },
    ])
    expect(await readJournal(path)).toMatchObject({ isTorn: false, wholeBytes: (await stat(path)).size })
    const { metrics } = await encodeMetrics((await readJournal(path)).entries)
    expect(metrics.map(({ name, points }) => [name, points])).toEqual([['__proto__', 1], ['acc', 2], ['loss', 3], ['ä/\ud800', 1]])
  })

  it.each<[string, unknown, number | undefined, string]>([
    ['text', { fine: 1, loss: '0.5' }, undefined, '"loss" is not a number'], ['null', { loss: null }, undefined, '"loss" is not a number'], ['a bigint', { loss: 1n }, undefined, '"loss" is not a number'],
    ['an object', { loss: {} }, undefined, '"loss" is not a number'], ['nothing', { loss: undefined }, undefined, '"loss" is not a number'], ['an empty name', { '': 1 }, undefined, 'is empty'], ['a long name', { ['x'.repeat(251)]: 1 }, undefined, '251 characters'],
    ['no metrics', null, undefined, 'by name'], ['a step that is no integer', { loss: 1 }, 1.5, 'The step 1.5'], ['a step below 0', { loss: 1 }, -1, 'The step -1'], ['a step that is NaN', { loss: 1 }, Number.NaN, 'The step NaN'],
  ])('refuses %s, and then logs nothing', async (_, values, step, message) => {
    const journal = begin()
    const refusal = expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) as string })
    expect(() => journal.log(values as Record<string, number>, step === undefined ? {} : { step })).toThrow(refusal)
    journal.log({ loss: 2 })
    journal.close()
    expect(await entries()).toEqual([{ step: 0, time: 1000, values: [['loss', 2]] }])
  })

  it('takes as many metrics as a run may have, in one call or in many, and not one more', async () => {
    const journal = begin()
    const all = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`metric ${index}`, index]))
    journal.log(all)
    expect(() => journal.log({ more: 1 })).toThrow('"more" is one more')
    expect(() => journal.log({ more: 1 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    journal.log(all)
    journal.close()
    const { metrics } = await encodeMetrics((await readJournal(path)).entries)
    expect(metrics.length).toBe(10_000)
    expect(metrics.every(({ points }) => points === 2)).toBe(true)
    expect(new Set((await entries()).map(({ step }) => step))).toEqual(new Set([0, 1]))
  })

  it('is a new file', async () => {
    await writeFile(path, 'mine')
    expect(begin).toThrow(expect.objectContaining({ code: 'STORAGE_FAILED' }))
    expect(await readFile(path, 'utf8')).toBe('mine')
  })

  it('takes nothing once it is closed, and may be closed twice', () => {
    const journal = begin()
    journal.close()
    journal.close()
    expect(() => journal.log({ loss: 1 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('survives a clock from before 1970', async () => {
    clock = -5000
    const journal = begin()
    journal.log({ loss: 1 })
    journal.close()
    expect((await entries()).map(({ time }) => time)).toEqual([0])
  })
})

describe('what is logged', () => {
  it('is in the file at once as long as calls are rare, and otherwise within half a second', async () => {
    const journal = begin()
    journal.log({ loss: 1 })
    expect((await entries()).length).toBe(1)
    for (let call = 0; call < 200; call++) journal.log({ loss: call })
    expect((await entries()).length).toBeLessThan(201)
    await setTimeout(700)
    expect((await entries()).length).toBe(201)
  })

  it('takes few writes, however many the calls, and memory that is bounded', () => {
    const journal = begin()
    const before = writeSync.mock.calls.length
    const start = performance.now()
    for (let call = 0; call < 100_000; call++) journal.log({ loss: call })
    const writes = writeSync.mock.calls.length - before
    // Each record has 37 bytes, and the buffer 64 KiB.
    expect(writes).toBeLessThan((100_000 * 37) / 60_000 + 33 + (performance.now() - start) / 100)
    expect(Math.max(...writeSync.mock.calls.slice(before).map((call) => Number(call[3])))).toBeLessThanOrEqual(65_536)
  })

  it('is not lost to a disk that is full for a while, and what is written stays whole', async () => {
    const journal = begin()
    journal.log({ loss: 0 })
    failWith('ENOSPC')
    for (let step = 1; step <= 100; step++) journal.log({ loss: step })
    // A part of it fits.
    const write = systemWrite as unknown as (file: number, bytes: Uint8Array, from: number, length: number) => number
    writeSync.mockImplementation(((file: number, bytes: Uint8Array, from: number) => write(file, bytes, from, 5)) as unknown as typeof fs.writeSync)
    await setTimeout(150)
    journal.log({ loss: 101 })
    journal.close()
    expect((await entries()).map(({ step, values }) => [step, values[0]?.[1]])).toEqual(Array.from({ length: 102 }, (_, step) => [step, step]))
  })

  it('is refused once a disk that is full leaves no room in memory', async () => {
    const journal = begin()
    failWith('ENOSPC')
    let calls = 0
    expect(() => { for (; calls < 10_000; calls++) journal.log({ loss: calls }) }).toThrow(expect.objectContaining({ code: 'STORAGE_FAILED', data: expect.objectContaining({ reason: 'ENOSPC' }) as object }))
    expect(calls).toBeGreaterThan(1700)
    expect(calls).toBeLessThan(1800)
    expect(() => journal.flush()).toThrow('disk full')
    writeSync.mockImplementation(systemWrite)
    journal.log({ loss: -1 })
    journal.close()
    expect((await entries()).length).toBe(calls + 1)
  })

  it('that cannot be written in the end is told by close, which closes all the same', () => {
    const journal = begin()
    for (let call = 0; call < 100; call++) journal.log({ loss: 1 })
    failWith('EIO')
    expect(() => journal.close()).toThrow('I/O error')
    expect(() => journal.close()).not.toThrow()
  })
})

describe('a journal that is cut anywhere', () => {
  it('gives its whole records, and says that it is torn unless it ends with one', async () => {
    const journal = begin()
    for (let step = 0; step < 8; step++) journal.log(step === 4 ? { loss: step, acc: step / 3 } : { loss: step })
    journal.close()
    const whole = await entries()
    const bytes = await readFile(path)
    let ends = 0
    for (let length = bytes.length; length >= 0; length--) {
      await truncate(path, length)
      const { isTorn, wholeBytes } = await readJournal(path)
      const found = await entries()
      expect(found).toEqual(whole.slice(0, found.length))
      expect(wholeBytes).toBeLessThanOrEqual(length)
      expect(isTorn).toBe(wholeBytes < length)
      if (!isTorn) ends++
    }
    // The header, two names and eight points; and the empty file.
    expect(ends).toBe(1 + 2 + 8 + 1)
  })

  it('or overwritten at the end is read up to there', async () => {
    const journal = begin()
    for (let step = 0; step < 50; step++) journal.log({ loss: step })
    journal.close()
    const bytes = await readFile(path)
    await fc.assert(fc.asyncProperty(fc.integer({ min: 16, max: bytes.length - 1 }), fc.uint8Array({ minLength: 1, maxLength: 60 }), async (at, other) => {
      const changed = Buffer.concat([bytes.subarray(0, at), other, bytes.subarray(at + other.length)])
      fc.pre(!changed.subarray(0, bytes.length).equals(bytes))
      await writeFile(path, changed)
      const { isTorn, wholeBytes } = await readJournal(path)
      expect(isTorn).toBe(true)
      expect(wholeBytes).toBeLessThanOrEqual(changed.findIndex((byte, index) => byte !== bytes[index]) >>> 0)
      expect(await entries()).toEqual((await entries()).filter(({ step, values }, index) => step === index && values[0]?.[1] === index))
    }), { numRuns: 100 })
  })

  it('or is another file, or none, is told apart', async () => {
    await expect(readJournal(path)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await writeFile(path, 'step,loss\n0,0.5\n')
    await expect(readJournal(path)).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
    await writeFile(path, Buffer.from('VARVJRNL\u0002\0\0\0\0\0\0\0'))
    await expect(readJournal(path)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
    await expect(readJournal(folder)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  it('may still be written to, and gives what was there when it was opened', async () => {
    const journal = begin()
    journal.log({ loss: 1 })
    const reading = await readJournal(path)
    journal.log({ loss: 2 })
    journal.flush()
    const found: LogEntry[] = []
    for await (const batch of reading.entries()) found.push(...batch)
    expect(found.length).toBe(1)
    expect((await entries()).length).toBe(2)
  })
})
