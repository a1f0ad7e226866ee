import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../../../src/bytes.ts'
import { InvalidArgumentError } from '../../../src/errors.ts'
import { MetricFollower } from '../../../src/node/run/follow-metrics.ts'
import { MetricLines } from '../../../src/node/run/metric-lines.ts'

interface Read {
  readonly taken: readonly (readonly [Readonly<Record<string, number>>, number | undefined])[]
  readonly problems: readonly string[]
  readonly troubled: number
}

function read(text: string | Uint8Array, pieceBytes: number = Number.POSITIVE_INFINITY): Read {
  const taken: [Readonly<Record<string, number>>, number | undefined][] = []
  const lines = new MetricLines((values, { step }) => void taken.push([values, step]))
  const bytes = typeof text === 'string' ? utf8(text) : text
  // One memory for all pieces, as a reader of files has it.
  const memory = new Uint8Array(Math.min(pieceBytes, bytes.length))
  for (let from = 0; from < bytes.length; from += memory.length) {
    const piece = bytes.subarray(from, from + memory.length)
    memory.set(piece)
    lines.push(memory.subarray(0, piece.length))
  }
  lines.end()
  return { taken, problems: lines.problems, troubled: lines.troubledLines }
}

describe('lines of metrics', () => {
  it('are read wherever they are cut, with and without a step, a carriage return, a last newline', () => {
    const text = '\ufeff{"step": 1, "loss": 0.5, "größe": 1e3}\r\n\n{"loss": 0.25}\n  {"step":0,"__proto__":7}'
    const expected = { taken: [[{ loss: 0.5, größe: 1000 }, 1], [{ loss: 0.25 }, undefined], [Object.fromEntries([['__proto__', 7]]), 0]], problems: [], troubled: 0 }
    for (const pieceBytes of [1, 2, 3, 7, 1000]) expect(read(text, pieceBytes)).toStrictEqual(expected)
  })

  it('may hold what JSON does not, as Python writes it or in quotes', () => {
    expect(read('{"a": NaN, "b": Infinity, "c": -Infinity, "NaN": 1, "\\"NaN": 2}\n{"a": "NaN", "b": "-Infinity"}')).toStrictEqual({
      taken: [[{ a: Number.NaN, b: Infinity, c: -Infinity, NaN: 1, '"NaN': 2 }, undefined], [{ a: Number.NaN, b: -Infinity }, undefined]], problems: [], troubled: 0,
    })
  })

  it('that are none are told, and end nothing', () => {
    const { taken, problems, troubled } = read(concatBytes([utf8('{"loss": 1}\nnonsense\n[1]\n{"step": -1, "loss": 2}\n{"step": "1", "loss": 2}\n{"phase": "train", "loss": 3}\n{"loss": null}\n{"step": 3}\n{}\n'), Uint8Array.of(0x7b, 0xff, 0x7d, 0x0a), utf8('{"loss": 4}\n{"loss": 0.')]))
    expect(taken).toEqual([[{ loss: 1 }, undefined], [{ loss: 3 }, undefined], [{ loss: 4 }, undefined]])
    expect(problems).toEqual([
      'line 2: "nonsense" is not JSON', 'line 3: "[1]" must be a JSON object', 'line 4: "step" is not an integer from 0 to 2^53 - 1', 'line 5: "step" is not an integer from 0 to 2^53 - 1',
      'line 6: "phase" is not a number', 'line 7: "loss" is not a number but null; write "NaN" for what is none', 'line 8: names no metric', 'line 9: names no metric', 'line 10: is not UTF-8', 'line 12: "{\\"loss\\": 0." is not JSON',
    ])
    expect(troubled).toBe(10)
  })

  it('that the taker refuses are told; what else it throws is its own affair', () => {
    const refusing = new MetricLines(() => { throw new InvalidArgumentError('too many') })
    refusing.push(utf8('{"a":1}\n'))
    expect(refusing.problems).toEqual(['line 1: too many'])
    const failing = new MetricLines(() => { throw new RangeError('a fault') })
    expect(() => failing.push(utf8('{"a":1}\n'))).toThrow('a fault')
  })

  it('are counted all and told in part, and one is never longer than memory allows', () => {
    const many = read('x\n'.repeat(1000))
    expect([many.troubled, many.problems.length]).toEqual([1000, 20])
    const mib = 1024 * 1024
    const longest = `{"loss":1${' '.repeat(mib - 10)}}`
    expect(read(`${longest}\n{"loss":2}`, 65_536).taken.length).toBe(2)
    const tooLong = read(`${longest} \n{"loss":2}`, 65_536)
    expect(tooLong.taken).toEqual([[{ loss: 2 }, undefined]])
    expect(tooLong.problems).toEqual(['line 1: has 1048577 bytes, more than 1048576'])
  })

  it.each([
    ['opened', '['.repeat(1_000_000)], ['quoted', '"'.repeat(999_999)], ['escaped quotes', `"${'\\"'.repeat(500_000)}NaN`], ['escapes', `${'\\'.repeat(1_000_001)}NaN`], ['a quote and escapes', `{"${'\\\\'.repeat(500_000)}\\`], ['bare numbers', 'NaN '.repeat(250_000)],
    ['minus signs', '-'.repeat(1_000_000)],
  ])('that are hostile cost no more than their length (%s)', (_, line) => {
    const start = process.cpuUsage()
    expect(read(`${line}\n{"loss":1}\n`)).toMatchObject({ taken: [[{ loss: 1 }, undefined]], troubled: 1 })
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1000).toBeLessThan(2000)
  })
})

describe('a file of metrics that another process writes', () => {
  let folder = ''
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'varve-lines-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is followed from before it is there to its end, also when it is begun anew', async () => {
    const path = join(folder, 'metrics.jsonl')
    const taken: number[] = []
    const follower = new MetricFollower(path, ({ loss }) => void taken.push(loss ?? -1))
    await setTimeout(50)
    writeFileSync(path, '{"loss": 1}\n{"loss')
    await expect.poll(() => taken).toEqual([1])
    appendFileSync(path, '": 2}\nnonsense\n')
    await expect.poll(() => taken).toEqual([1, 2])
    writeFileSync(path, '{"loss": 3}\n')
    await expect.poll(() => taken).toEqual([1, 2, 3])
    appendFileSync(path, `${'{"loss": 4}\n'.repeat(50_000)}{"loss": 5}`)
    expect(follower.stop()).toEqual({ troubledLines: 1, problems: ['line 3: "nonsense" is not JSON'] })
    expect([taken.length, taken.at(-1)]).toEqual([50_004, 5])
  })

  it('that cannot be read is told of, and one that never comes is none', () => {
    expect(new MetricFollower(join(folder, 'absent'), () => undefined).stop()).toEqual({ troubledLines: 0, problems: [] })
    expect(new MetricFollower(tmpdir(), () => undefined).stop().problems).toEqual([expect.stringContaining('could not be read')])
  })
})
