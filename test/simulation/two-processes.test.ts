import { describe, expect, it } from 'vitest'
import { systemFailure } from '../node/changed-calls.ts'
import { randomBytes } from '../repository/random-bytes.ts'
import { emptyDisk, explore } from './explore.ts'
import { History, type RefPromise } from './history.ts'
import { shownCalls } from './shown-calls.ts'
import { copyOf, type FolderNode, SimulatedDisk } from './simulated-disk.ts'
import { type Files, seededPlatform, SimulatedProcess } from './simulated-process.ts'

const FILES: Files = { 'a.txt': randomBytes(600, 1), 'b.txt': randomBytes(600, 2) }
const OLD: Files = { 'a.txt': randomBytes(600, 1), 'old.txt': randomBytes(600, 3) }

/** What a process is doing when it is stopped, and another does after it. */
const JOBS: Readonly<Record<string, (process: SimulatedProcess, onRoot: (root: string) => void) => Promise<unknown>>> = {
  'takes a snapshot': (process, onRoot) => process.snapshot('data', FILES, { onRoot }),
  'collects garbage': (process) => process.collectGarbage(),
}

/** It is killed, and no call has an effect any more; or one call fails, and it gives up. */
const ENDS: Readonly<Record<string, (call: number, at: number) => boolean>> = {
  'is killed': (call, at) => call >= at,
  'meets a call that fails': (call, at) => call === at,
}

/** Calls that leave the disk as it is; to be stopped at one is to be stopped at the next. */
const READING: ReadonlySet<string> = new Set(['open', 'close', 'read', 'readSync', 'statOpen', 'stat', 'names'])

/** A disk with a repository that holds a snapshot and garbage, all of it durable. */
async function usedDisk(history: History): Promise<FolderNode> {
  const disk = new SimulatedDisk()
  const process = await SimulatedProcess.start(disk.calls, { platform: seededPlatform(1), create: true })
  for (const ref of ['kept', 'gone']) {
    const files = ref === 'kept' ? OLD : { ...OLD, 'more.txt': randomBytes(900, 4) }
    await process.snapshot(ref, files, { onRoot: (root) => void history.attempt(ref, root, files) })
  }
  await process.moveRef('gone', undefined)
  history.attempt('gone', undefined)
  await process.close()
  return disk.root
}

interface Scenario {
  readonly work: (process: SimulatedProcess, onRoot: (root: string) => void) => Promise<unknown>
  readonly stops: (call: number, at: number) => boolean
  readonly start: FolderNode
  readonly kept: readonly RefPromise[]
  readonly history: History
}

/** One process is stopped at its changing call `at`, the other does the whole job, and the power goes. Undefined if there is no such call. */
async function play(at: number, { work, stops, start, kept, history }: Scenario): Promise<number | undefined> {
  const disk = new SimulatedDisk(copyOf(start))
  let call = -1
  let stoppedAt: string | undefined
  const calls = shownCalls(disk.calls, ({ name, path }) => {
    if (!READING.has(name)) call++
    if (!stops(call, at) || (READING.has(name) && call === at)) return undefined
    stoppedAt ??= `${name} ${path}`
    return { before: systemFailure('EIO') }
  })
  try {
    const process = await SimulatedProcess.start(calls, { platform: seededPlatform(2), create: true })
    try {
      await work(process, () => undefined)
    } finally {
      await process.close()
    }
  } catch (error) {
    // It was stopped; whatever else goes wrong would be without a reason.
    if (stoppedAt === undefined) throw error
  }
  if (stoppedAt === undefined) return undefined
  const other = await SimulatedProcess.start(disk.calls, { platform: seededPlatform(3), create: true })
  let point = 0
  await work(other, (root) => (point = history.attempt('data', root, FILES)))
  disk.promised({ ref: 'data', at: point } satisfies RefPromise)
  const doneAt = disk.trace.length
  await other.close()
  try {
    const { states } = await explore({ start: () => copyOf(start), trace: disk.trace, history, promises: kept }, { seed: at, samples: 1, recent: 4, cutsAfter: (events) => events === doneAt - 2 || events === doneAt })
    return states
  } catch (cause) {
    throw new Error(`The first was stopped at its change ${at}, ${stoppedAt}: ${String(cause)}`, { cause })
  }
}

describe.each(Object.entries(JOBS))('a process that %s', (what, work) => {
  for (const [how, stops] of Object.entries(ENDS)) {
    for (const where of what === 'takes a snapshot' ? ['a new repository', 'a used repository'] : ['a used repository']) {
      it(`in ${where} ${how}, another one does the same, and the power goes: nothing is lost`, async () => {
        const history = new History()
        const start = where === 'a new repository' ? emptyDisk() : await usedDisk(history)
        const kept = where === 'a new repository' ? [] : [{ ref: 'kept', at: 1 }]
        let states = 0
        let at = 0
        for (let more: number | undefined; (more = await play(at, { work, stops, start, kept, history })) !== undefined; at++) states += more
        expect(at).toBeGreaterThan(30)
        expect(states).toBeGreaterThan(at * 5)
      }, 120_000)
    }
  }
})
