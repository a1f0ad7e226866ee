import { availableParallelism } from 'node:os'

/** Beyond this, one thread cannot hand out and take back work fast enough. */
const MOST_THREADS = 8

/** Threads for work that keeps all of them busy. */
export function threadCount(): number {
  return Math.min(availableParallelism(), MOST_THREADS)
}
