import type { WalkedEntry, WalkObserver } from '../walk.ts'
import type { WalkPlan } from './tasks.ts'
import { entriesOf, type WalkBatch } from './walk-batch.ts'
import { WorkerPool } from './worker-pool.ts'

/** Batches that are there or on their way, so that neither side waits for the other. They bound the memory, and how old what is told of a file may be. */
const BATCHES_AHEAD = 4

/**
 * Walks a folder on a thread of its own, which is ahead of whoever reads. Gives and tells what `walkFolder` does, in its order, a stretch at a time; each must be gone through before the next.
 * Undefined where the system grants no thread.
 */
export function threadedWalk(plan: WalkPlan, observer: WalkObserver): AsyncGenerator<Iterable<WalkedEntry>> | undefined {
  let thread: WorkerPool
  try {
    thread = new WorkerPool(1)
  } catch {
    return undefined
  }
  return stretches(thread, plan, observer)
}

async function* stretches(thread: WorkerPool, plan: WalkPlan, observer: WalkObserver): AsyncGenerator<Iterable<WalkedEntry>> {
  const batches: Promise<WalkBatch>[] = []
  const ask = (begin?: WalkPlan): void => {
    const batch = thread.run(0, { type: 'walk', ...(begin === undefined ? {} : { begin }) })
    // It is awaited when its turn comes, or never if the walk is given up.
    batch.catch(() => undefined)
    batches.push(batch)
  }
  try {
    ask(plan)
    while (batches.length < BATCHES_AHEAD) ask()
    for (let isOver = false; !isOver; ) {
      const batch = await (batches.shift() as Promise<WalkBatch>)
      ask()
      yield entriesOf(batch, observer)
      isOver = batch.isLast
    }
  } finally {
    await thread.close()
  }
}
