import { checkImage, checkSweep, type Found } from './check-image.ts'
import { type CrashOptions, type CrashState, crashStates } from './crash-states.ts'
import type { History, RefPromise } from './history.ts'
import type { DiskEvent, FolderNode } from './simulated-disk.ts'

/** What is to be cut off at every point. */
export interface Recording {
  /** What the disk held before; a new copy each time. */
  readonly start: () => FolderNode
  readonly trace: readonly DiskEvent[]
  readonly history: History
  /** What was promised before the trace began. */
  readonly promises?: readonly RefPromise[]
}

export interface ExploreOptions extends CrashOptions {
  /** Number of the only state to look at. */
  readonly only?: number | undefined
  /** Every so many-th repository that was found sound suffers another power cut at each moment of what is done after the first. Default: none. */
  readonly againEvery?: number
  /** Look for damage alone, and not for what was promised. */
  readonly ignorePromises?: boolean
}

export interface Exploration {
  /** States that were enumerated, and how many of them were different. */
  states: number
  disks: number
  /** The same not counting what is in `tmp/`: each of these was opened, verified, read, written to, collected, verified and read. */
  repositories: number
  /** States after a second power cut. */
  again: number
}

/** After a second power cut only the end of what was done in between is looked at: the deletions of a collection. */
const LAST_EVENTS = 8

/** A disk with nothing on it. */
export function emptyDisk(): FolderNode {
  return { kind: 'folder', id: 0, entries: new Map() }
}

/**
 * Cuts the power at every point of a recording, in every way that the rules of `crashStates` allow or chance picks, and starts again each time.
 * Disks that differ in `tmp/` alone are the same to everybody but the sweep, which is then checked alone; that readers do not look there is checked too.
 *
 * @throws Error naming the first state in which something is lost, damaged or left behind
 */
export async function explore({ start, trace, history, promises: before = [] }: Recording, options: ExploreOptions): Promise<Exploration> {
  const { seed, only, againEvery = 0, ignorePromises = false } = options
  const counts: Exploration = { states: 0, disks: 0, repositories: 0, again: 0 }
  const found = new Map<string, Found>()
  const disks = new Set<string>()
  const promises = new Map(before.map(({ ref, at }) => [ref, at]))
  let followed = 0
  for (const state of crashStates(start(), trace, options)) {
    for (; followed < state.prefix; followed++) {
      const event = trace[followed]
      if (event?.type === 'promise') promises.set((event.promise as RefPromise).ref, (event.promise as RefPromise).at)
    }
    if (only !== undefined && state.number !== only) continue
    counts.states++
    try {
      const isNew = !disks.has(state.signature)
      let refs = found.get(state.objects)
      if (refs === undefined) {
        const checked = await checkImage(state.mount(), history)
        refs = checked.found
        found.set(state.objects, refs)
        if (againEvery > 0 && found.size % againEvery === 0) counts.again += await cutAgain(state, history, checked, seed)
      } else if (isNew) await checkSweep(state.mount())
      disks.add(state.signature)
      if (!ignorePromises) assertKept(promises, refs, history)
    } catch (cause) {
      throw new Error(`State ${state.number}, after ${state.prefix} of ${trace.length} events, ${state.story}: ${String(cause)}. VARVE_SIM_SEED=${seed} VARVE_SIM_STATE=${state.number} repeats it`, { cause })
    }
  }
  return { ...counts, disks: disks.size, repositories: found.size }
}

/** Near the end of what was done after the restart the power goes again: what was found then was durable, and must be found once more. */
async function cutAgain(state: CrashState, history: History, { found, disk }: { found: Found; disk: { trace: readonly DiskEvent[] } }, seed: number): Promise<number> {
  const promises = [...found].map(([ref, root]) => ({ ref, at: history.point(ref, root) }))
  const { states } = await explore({ start: state.mount, trace: disk.trace, history, promises }, { seed, samples: 1, recent: 4, cutsAfter: (events) => events > disk.trace.length - LAST_EVENTS })
  return states
}

function assertKept(promises: ReadonlyMap<string, number>, found: Found, history: History): void {
  for (const [ref, at] of promises) {
    const breach = history.breach(ref, found.get(ref), at)
    if (breach !== undefined) throw new Error(breach)
  }
}
