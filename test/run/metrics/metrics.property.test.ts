import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeMetrics } from '../../../src/run/metrics/decode-metrics.ts'
import { encodeMetrics, finalValues } from '../../../src/run/metrics/encode-metrics.ts'
import type { LogEntry } from '../../../src/run/metrics/interface.ts'
import { asPoints, expectedSeries, filesOf, sourceOf } from './made-logs.ts'

const index = fc.maxSafeNat()
const name = fc.oneof(fc.constantFrom('loss', 'acc', '__proto__', 'a/b', '..', '\ud800'), fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }))
const entry: fc.Arbitrary<LogEntry> = fc.record({ step: index, time: index, values: fc.uniqueArray(fc.tuple(name, fc.double()), { selector: ([name]) => name, maxLength: 6 }) })
const log = fc.array(entry, { maxLength: 40 })

it('what was logged comes back to the bit, in the order of logging, in whatever pieces the log is read', async () => {
  await fc.assert(fc.asyncProperty(log, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 2000 }), async (entries, batch, batchBytes) => {
    const encoded = await encodeMetrics(sourceOf(entries, batch), { batchBytes })
    const files = await filesOf(encoded)
    expect(asPoints(decodeMetrics(files))).toStrictEqual(expectedSeries(entries))
    expect([...files.keys()]).toStrictEqual([...files.keys()].sort())
    // How much is gathered at a time leaves no trace.
    expect(files).toStrictEqual(await filesOf(await encodeMetrics(sourceOf(entries))))
    expect(finalValues(encoded.metrics)).toStrictEqual(Object.fromEntries(entries.flatMap(({ values }) => values)))
  }), { numRuns: 200 })
})
