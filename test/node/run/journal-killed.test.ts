import { appendFile, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { LogEntry } from '../../../src/run/metrics/interface.ts'
import { readJournal } from '../../../src/node/run/read-journal.ts'
import { JournalProcesses, type Reported } from './journal-process.ts'

const processes = new JournalProcesses()

async function entriesOf(path: string): Promise<readonly LogEntry[]> {
  const found: LogEntry[] = []
  for await (const batch of (await readJournal(path)).entries()) found.push(...batch)
  return found
}

/** Every step once, from 0 on, each with what was logged of it. */
function expectGapless(entries: readonly LogEntry[], valueOf: (step: number) => number): void {
  expect(entries.length).toBeGreaterThan(0)
  const wrong = entries.findIndex(({ step, values }, index) => step !== index || values.length !== 1 || values[0]?.[0] !== 'loss' || values[0][1] !== valueOf(step))
  expect(wrong).toBe(-1)
}

/** The first of what is reported is a time in milliseconds, the second a step. */
function timeOf(row: Reported | undefined): number {
  return row?.[0] ?? 0
}

function stepSecondBeforeEnd(rows: readonly Reported[]): number {
  return rows.findLast((row) => timeOf(row) <= timeOf(rows.at(-1)) - 1000)?.[1] ?? expect.fail('it did not run for long enough')
}

describe('of a process that is killed with SIGKILL', () => {
  it('a tight loop that never lets timers run has lost nothing that was logged a second before', async () => {
    // Two seconds of logging as fast as can be, and what has been logged by then is said every 100 ms.
    const code = `for (let step = 0, next = 0; ; step++) { journal.log({ loss: step / 2 }); const now = performance.now(); if (now >= next) { report(now, step); next = now + 100 } }`
    const reported = await processes.killed('tight', code, (rows) => timeOf(rows.at(-1)) > 2000)
    const secondBefore = stepSecondBeforeEnd(reported)
    const entries = await entriesOf(processes.journal('tight'))
    expectGapless(entries, (step) => step / 2)
    expect(secondBefore).toBeGreaterThan(1000)
    expect(entries.length).toBeGreaterThan(secondBefore)
  })

  it('a slow loop that never lets timers run has lost nothing at all, two calls a step', async () => {
    const code = `const wait = (ms) => { for (const end = performance.now() + ms; performance.now() < end; ); }
for (let step = 0; ; step += 2) { journal.log({ loss: step }); journal.log({ loss: step + 1 }); report(step + 1); wait(150) }`
    const reported = await processes.killed('slow', code, (rows) => rows.length > 5)
    const entries = await entriesOf(processes.journal('slow'))
    expectGapless(entries, (step) => step)
    expect(entries.length).toBeGreaterThan(reported.at(-1)?.[0] ?? Number.NaN)
  })

  it('a loop that waits has lost nothing that was logged a second before, though it logs no more', async () => {
    // A burst, more than is written at once, and then nothing but timers.
    const code = `import { setTimeout } from 'node:timers/promises'
for (let step = 0; step < 500; step++) journal.log({ loss: -step })
for (let waited = 0; ; waited++) { report(waited); await setTimeout(100) }`
    await processes.killed('burst', code, (rows) => rows.length > 10)
    const entries = await entriesOf(processes.journal('burst'))
    expectGapless(entries, (step) => (step === 0 ? -0 : -step))
    expect(entries.length).toBe(500)
  })

  it('a training loop that awaits each step has lost nothing that was logged a second before', async () => {
    const code = `import { setImmediate } from 'node:timers/promises'
const begun = performance.now()
for (let step = 0, next = 0; ; step++) { journal.log({ loss: step }); await setImmediate(); const now = performance.now() - begun; if (now >= next) { report(now, step); next = now + 100 } }`
    const reported = await processes.killed('awaiting', code, (rows) => timeOf(rows.at(-1)) > 1500)
    const secondBefore = stepSecondBeforeEnd(reported)
    const entries = await entriesOf(processes.journal('awaiting'))
    expectGapless(entries, (step) => step)
    expect(entries.length).toBeGreaterThan(secondBefore)
  })

  it('a record that is torn is ignored, and said to be', async () => {
    const path = processes.journal('slow')
    const whole = await readJournal(path)
    const before = await entriesOf(path)
    await appendFile(path, (await readFile(path)).subarray(-20, -3))
    const torn = await readJournal(path)
    expect([whole.isTorn, torn.isTorn]).toEqual([false, true])
    expect(torn.wholeBytes).toBe(whole.wholeBytes)
    expect(await entriesOf(path)).toEqual(before)
  })
})
