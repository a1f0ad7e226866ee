import { randomBytes } from '../repository/random-bytes.ts'
import { History, type RefPromise } from './history.ts'
import { randomOf } from './random.ts'
import { type DiskEvent, SimulatedDisk } from './simulated-disk.ts'
import type { FileCalls } from '../../src/node/file-calls.ts'
import { type Files, seededPlatform, SimulatedProcess } from './simulated-process.ts'

export interface Workload {
  readonly trace: readonly DiskEvent[]
  readonly history: History
}

const small = (seed: number, size = 700): Uint8Array => randomBytes(size, seed)

/** A table that changes a little in every version: large enough for a delta, random enough not to shrink. */
function table(version: number): Uint8Array {
  const bytes = randomBytes(17_000, 77)
  for (let at = 0; at < version; at++) bytes.set(small(1000 + at, 40), 500 + at * 900)
  return bytes
}

/**
 * A day in the life of a repository: it is made by two processes at once; snapshots over several packs, with deltas, with a checkpoint, twice the same;
 * tags; refs that go; two writers at once; garbage collections that move blocks, one while somebody writes; so many commits that index files are merged.
 *
 * @param wrap what the writers' calls go through, such as a sync that does nothing
 */
export async function recordWorkload(seed: number, wrap: (calls: FileCalls) => FileCalls = (calls) => calls): Promise<Workload> {
  const random = randomOf(seed)
  const disk = new SimulatedDisk(undefined, () => Math.floor(random() * 4))
  const history = new History()
  const calls = wrap(disk.calls)
  let processes = 0
  const start = (): Promise<SimulatedProcess> => SimulatedProcess.start(calls, { platform: seededPlatform(seed * 100 + processes++), create: true })
  const promise = (ref: string, at: number): void => disk.promised({ ref, at } satisfies RefPromise)
  const snapshot = async (process: SimulatedProcess, ref: string, files: Files, checkpoint = false): Promise<void> => {
    let at = 0
    await process.snapshot(ref, files, { checkpoint, onRoot: (root) => (at = history.attempt(ref, root, files)) })
    promise(ref, at)
  }
  const moveRef = async (process: SimulatedProcess, ref: string, root: string | undefined, from?: string): Promise<void> => {
    const at = history.attempt(ref, root)
    await process.moveRef(ref, from)
    promise(ref, at)
  }

  const [a, b] = await Promise.all([start(), start()])
  const first: Files = { 'a.txt': small(1), 'b/c.txt': small(2), 'b/d.txt': small(3), 'table.csv': table(0) }
  // The same data at the same time: whoever is second has nothing to commit.
  await Promise.all([snapshot(a, 'data', first), snapshot(b, 'data', first)])
  const second: Files = { ...first, 'a.txt': small(4), 'new.txt': small(5), 'table.csv': table(2) }
  await snapshot(a, 'data', second)
  await moveRef(a, 'data@v2', (await currentRoots(a)).get('data'), 'data')
  await snapshot(b, 'data', { ...second, 'b/c.txt': small(6), 'table.csv': table(4) }, true)
  const other = (version: number): Files => ({ 'x.bin': small(20 + version, 2500), 'y.bin': small(21 + version, 2500), 'shared.txt': small(1), 'table.csv': table(version) })
  await Promise.all([snapshot(a, 'left', other(0)), snapshot(b, 'right', other(1))])
  await Promise.all([snapshot(a, 'left', other(5)), snapshot(b, 'right', other(2)), snapshot(b, 'third', { 'only.txt': small(40) })])
  await moveRef(b, 'left', undefined)
  await a.collectGarbage()
  // What was collected comes again.
  await snapshot(b, 'left', other(0))
  await moveRef(a, 'right', undefined)
  await Promise.all([b.collectGarbage(), snapshot(a, 'data', { ...first, 'during.txt': small(50) })])
  await a.note(14)
  await snapshot(b, 'data', { ...first, 'last.txt': small(60) })
  await a.collectGarbage()
  await Promise.all([a.close(), b.close()])
  return { trace: disk.trace, history }
}

async function currentRoots({ blocks }: SimulatedProcess): Promise<Map<string, string>> {
  const { readSnapshot } = await import('../../src/dataset/snapshot-object.ts')
  const roots = new Map<string, string>()
  await blocks.refresh()
  for await (const { name, target } of blocks.refs()) roots.set(name, (await readSnapshot(blocks, target)).root.toString())
  return roots
}
