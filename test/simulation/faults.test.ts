import { describe, expect, it } from 'vitest'
import { VarveError } from '../../src/errors.ts'
import type { FileCalls } from '../../src/node/file-calls.ts'
import { systemFailure } from '../node/changed-calls.ts'
import { randomBytes } from '../repository/random-bytes.ts'
import { checkImage, readAll } from './check-image.ts'
import { emptyDisk } from './explore.ts'
import { History } from './history.ts'
import { type CallFate, type ShownCall, shownCalls } from './shown-calls.ts'
import { copyOf, type FolderNode, SimulatedDisk } from './simulated-disk.ts'
import { type Files, LOCATION, seededPlatform, SimulatedProcess } from './simulated-process.ts'

const OLD: Files = { 'a.txt': randomBytes(600, 1), 'table.csv': randomBytes(17_000, 2) }
const NEW: Files = { ...OLD, 'b.txt': randomBytes(4000, 3), 'table.csv': randomBytes(17_000, 2).fill(7, 900, 950) }
const history = new History()

/** Whole operations, by what they are called in a message to the user. */
const OPERATIONS: Readonly<Record<string, (process: SimulatedProcess) => Promise<unknown>>> = {
  'a snapshot': (process) => process.snapshot('new', NEW, { checkpoint: true, onRoot: (root) => void history.attempt('new', root, NEW) }),
  'a tag': (process) => process.moveRef('kept@v1', 'kept'),
  'a collection of garbage': (process) => process.collectGarbage(),
  'reading and verifying': (process) => readAll(process, history),
}

/** What can go wrong with each call on a real system. */
const ERRORS: Readonly<Record<keyof FileCalls, readonly string[]>> = {
  open: ['EMFILE', 'EACCES', 'EIO'], create: ['EMFILE', 'ENOSPC', 'EACCES', 'EROFS'], openDirect: ['EINVAL', 'EMFILE'], close: ['EIO'], write: ['ENOSPC', 'EIO', 'short'], syncFile: ['EIO', 'ENOSPC'], syncFolder: ['EIO', 'EMFILE'],
  read: ['EIO', 'short'], readSync: ['EIO', 'short'], statOpen: ['EIO'], stat: ['EACCES', 'EIO'], link: ['EIO', 'ENOSPC'], unlink: ['EACCES', 'EIO'], makeFolder: ['ENOSPC', 'EACCES'], names: ['EIO', 'EMFILE'],
}

/** A disk with a snapshot, garbage beside it in the same pack, and a ref that is gone. */
async function usedDisk(): Promise<FolderNode> {
  const disk = new SimulatedDisk()
  const process = await SimulatedProcess.start(disk.calls, { platform: seededPlatform(1), create: true })
  for (const [ref, files] of Object.entries({ kept: OLD, gone: { ...OLD, 'more.txt': randomBytes(900, 4) } })) await process.snapshot(ref, files, { onRoot: (root) => void history.attempt(ref, root, files) })
  await process.moveRef('gone', undefined)
  await process.close()
  return disk.root
}

function fateOf(code: string, disk: SimulatedDisk, { name, path, file }: ShownCall): CallFate {
  if (code === 'short') return { atMost: 1 }
  // What a failed sync could not write is lost for good, though it can still be read.
  if (name === 'syncFile' && file !== undefined) disk.drop(file)
  return { before: systemFailure(code, path) }
}

/** Says what went wrong with which object where, and, for what a user can mend, what to do. */
function assertClear(error: unknown, code: string): void {
  expect((error as Error).message).toContain(LOCATION)
  expect((error as Error).message).toContain(code)
  // `verify` goes on, and has what it could not read in its report.
  if ((error as Error).message.startsWith('verify reports')) return
  expect(error).toBeInstanceOf(VarveError)
  expect((error as VarveError).hint).toMatch(/\w{3,}/)
}

interface Attempt {
  readonly start: FolderNode
  readonly work: (process: SimulatedProcess) => Promise<unknown>
  /** Number of the call that fails, and how. */
  readonly at: number
  readonly kind: number
}

/** Runs an operation with one call that fails. Undefined if there is no such call; else whether the operation reported it. */
async function attempt({ start, work, at, kind }: Attempt): Promise<{ call: ShownCall; code: string; failed: boolean } | undefined> {
  const disk = new SimulatedDisk(copyOf(start))
  const fault: { call?: ShownCall; code?: string } = {}
  const calls = shownCalls(disk.calls, (call) => {
    if (call.index !== at) return undefined
    const codes = ERRORS[call.name]
    fault.call = call
    fault.code = codes[kind % codes.length] ?? 'EIO'
    return fateOf(fault.code, disk, call)
  })
  let process: SimulatedProcess | undefined
  let error: unknown
  try {
    process = await SimulatedProcess.start(calls, { create: true })
    await work(process)
  } catch (thrown) {
    error = thrown
  }
  const { call, code } = fault
  if (call === undefined || code === undefined) {
    if (error !== undefined) throw error
    await process?.close()
    return undefined
  }
  try {
    if (error !== undefined) assertClear(error, code)
    // Again on what is open, and if it could not be opened, anew: it must go well now.
    process ??= await SimulatedProcess.start(calls, { create: true })
    await work(process)
    await process.close()
    // A close that fails leaves the descriptor to the system; no other may be left.
    expect(disk.openFiles).toBeLessThanOrEqual(call.name === 'close' ? 1 : 0)
    const { found } = await checkImage(copyOf(disk.root), history)
    for (const ref of start.entries.size > 0 ? ['kept'] : []) expect(found.has(ref)).toBe(true)
    expect(found.has('gone')).toBe(false)
  } catch (cause) {
    throw new Error(`${code} of ${call.name} ${call.path} (call ${at}): ${String(cause)}`, { cause })
  }
  return { call, code, failed: error !== undefined }
}

describe.each(Object.entries(OPERATIONS))('%s', (what, work) => {
  it('in which any one call fails reports it clearly or does without; nothing is harmed, and a second try succeeds', async () => {
    const start = await usedDisk()
    const failures = new Map<string, number>()
    let count = 0
    for (let at = 0, outcome; ; at++) {
      let codes = 1
      for (let kind = 0; kind < codes; kind++) {
        outcome = await attempt({ start, work, at, kind })
        if (outcome === undefined) break
        codes = ERRORS[outcome.call.name].length
        count++
        if (outcome.failed) failures.set(outcome.call.name, (failures.get(outcome.call.name) ?? 0) + 1)
        // Fewer bytes than asked for are no error.
        if (outcome.code === 'short') expect(outcome.failed).toBe(false)
      }
      if (outcome === undefined) break
    }
    expect(count).toBeGreaterThan(60)
    for (const name of what === 'reading and verifying' ? ['open', 'readSync', 'stat'] : ['create', 'write', 'syncFile', 'syncFolder', 'link']) expect(failures.get(name), name).toBeGreaterThan(0)
  }, 120_000)
})

describe('creating a repository', () => {
  it('in which any one call fails reports it clearly or does without, and a second try succeeds', async () => {
    const start = emptyDisk()
    let at = 0
    const work = OPERATIONS['a snapshot']
    expect(work).toBeDefined()
    if (work === undefined) return
    for (let kind = 0; (await attempt({ start, work, at, kind })) !== undefined; at++) kind++
    expect(at).toBeGreaterThan(60)
  }, 120_000)
})
