import { concatBytes, equalBytes } from '../../src/bytes.ts'
import { expect, test } from 'vitest'
import { JOURNAL_HEADER, JournalDecoder, recordCheck } from '../../src/node/run/journal-format.ts'
import { decodeSeries } from '../../src/run/metrics/decode-metrics.ts'
import { encodeMetrics } from '../../src/run/metrics/encode-metrics.ts'
import type { LogEntry } from '../../src/run/metrics/interface.ts'
import { decodeIndex, encodeIndex } from '../../src/run/metrics/metric-index.ts'
import { filesOf, sourceOf } from '../run/metrics/made-logs.ts'
import { fuzz } from './fuzz.ts'

const log: readonly LogEntry[] = Array.from({ length: 20 }, (_, step) => ({ step: step % 7, time: 1_700_000_000_000 + step, values: [['loss', step === 5 ? Number.NaN : 1 / step]] }))
const points = 20

test('the bytes of a metric are read only if they are those that its points give', async () => {
  const sample = (await filesOf(await encodeMetrics(sourceOf(log)))).get('0000.metric') ?? expect.fail('there is no file')
  const { read, refused } = await fuzz({
    name: 'metric', samples: [sample], rounds: 3000,
    async read(bytes) {
      const { steps, times, values } = decodeSeries(bytes, { name: 'loss', points })
      const again = [...steps].map((step, index) => ({ step, time: times[index] ?? -1, values: [['loss', values[index] ?? 0]] as const }))
      const encoded = (await filesOf(await encodeMetrics(sourceOf(again)))).get('0000.metric')
      if (encoded === undefined || !equalBytes(encoded, bytes)) throw new TypeError('other bytes give the same points')
    },
  })
  expect(Math.min(read, refused)).toBeGreaterThan(100)
})

test('an index of metrics is read only in its canonical form', async () => {
  const samples = [encodeIndex([]), encodeIndex([{ name: 'a', points: 1 }, { name: '\ud800', points: 7 }, { name: '__proto__', points: 2 }].sort((a, b) => (a.name < b.name ? -1 : 1)))]
  const { read, refused } = await fuzz({
    name: 'index of metrics', samples, rounds: 5000,
    read(bytes) {
      if (!equalBytes(encodeIndex(decodeIndex(bytes)), bytes)) throw new TypeError('other bytes give the same index')
    },
  })
  expect(Math.min(read, refused)).toBeGreaterThan(50)
})

/** A record with its length and check. */
function record(...body: readonly (number | Uint8Array)[]): Uint8Array {
  const bytes = concatBytes([new Uint8Array(8), ...body.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part))])
  new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true)
  return bytes
}

function doubles(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer)
}

/** Every record that is whole by its length with the check of what is in it. */
function mended(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  const view = new DataView(copy.buffer)
  for (let at = 0; at + 8 <= copy.length; ) {
    const end = at + 8 + view.getUint32(at + 4, true)
    if (end > copy.length) break
    view.setUint32(at, recordCheck(copy.subarray(at, end)), true)
    at = end
  }
  return copy
}

test('a journal of metrics that is damaged gives whole entries, or is refused', async () => {
  const number = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)
  const names = [record(1, Uint8Array.of(0x61, 0)), record(1, Uint8Array.of(0x62, 0, 0x63, 0))]
  const entries = [record(2, doubles(1, 2), number(0), doubles(0.5)), record(2, doubles(2, 3), number(1), doubles(Number.NaN), number(0), doubles(7))]
  const { read, refused } = await fuzz({
    name: 'journal of metrics', samples: [concatBytes([...names, ...entries]), concatBytes([names[0] ?? JOURNAL_HEADER, entries[0] ?? JOURNAL_HEADER])], mend: mended, rounds: 10_000,
    async read(bytes) {
      const decoder = new JournalDecoder()
      const found = decoder.decode(bytes)
      if (found.used > bytes.length) throw new TypeError('it used more than it was given')
      // Sound entries, by the rules of the other side.
      await encodeMetrics(sourceOf(found.entries)).catch((error: unknown) => {
        throw new TypeError('it gives what cannot be stored', { cause: error })
      })
    },
  })
  expect(Math.min(read, refused)).toBeGreaterThan(500)
})
