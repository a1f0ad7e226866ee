import type { RunProcess } from '../../run/interface.ts'
import { hostId, isAlive, isGoneSince, startTicks } from '../maker.ts'

/** This process, as a run records it. */
export function ownRunProcess(host: string): RunProcess {
  return { host, hostId: hostId(), id: process.pid, began: startTicks(process.pid) ?? null }
}

/** True if a process of this host is there no more: a number alone may be another's by now. Of other hosts nothing is known. */
export function isRunGone({ hostId: of, id, began }: RunProcess, sinceMs: number): boolean {
  if (of !== hostId()) return false
  if (began === null) return isGoneSince(id, sinceMs)
  return !isAlive(id) || startTicks(id) !== began
}
