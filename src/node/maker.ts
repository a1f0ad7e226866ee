import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { errorCode } from './system-errors.ts'

/**
 * 12 hex digits that stand for this host, or the container on it: process numbers mean something only together with this.
 * Containers may share a host's name and a volume without seeing each other's processes, so the namespace of the numbers counts too.
 */
export function hostId(): string {
  return createHash('sha256').update(`${hostname()}\0${processNamespace()}`).digest('hex').slice(0, 12)
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    // Not Linux: one namespace per host.
    return ''
  }
}

/** True if a process of this host is there, whoever it belongs to. One that has ended and that its parent has not asked after is not, where the system tells (Linux). */
export function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    if (errorCode(error) === 'ESRCH') return false
  }
  return !ENDED_STATES.has(fieldsOf(id)?.[STATE_FIELD] ?? '')
}

/** Clocks may be set while a process runs; by more than this, hardly. */
const CLOCK_SLACK_MS = 60_000
/** Ticks of the times in /proc, a second, on every system that Node runs on. */
const TICKS_PER_SECOND = 100
/** Where the state and the start of a process stand among the fields of /proc/<id>/stat that follow its name. */
const STATE_FIELD = 0
const START_FIELD = 19
/** Of a process that only waits for its parent to hear of its end. */
const ENDED_STATES: ReadonlySet<string> = new Set(['Z', 'X', 'x'])

/**
 * True if whoever had this number at a time is there no more. On a busy machine numbers come around within an hour: a process that began later is another one. Where the system does not say when a
 * process began (other than Linux), one that is alive counts as the same.
 */
export function isGoneSince(id: number, timeMs: number): boolean {
  if (!isAlive(id)) return true
  const began = beginningOf(id)
  return began !== undefined && began > timeMs + CLOCK_SLACK_MS
}

/** When a process began, as the system counts since its own start: no other process of this number has the same. Undefined where it does not say. */
export function startTicks(id: number): number | undefined {
  const ticks = Number(fieldsOf(id)?.[START_FIELD])
  return Number.isSafeInteger(ticks) ? ticks : undefined
}

function beginningOf(id: number): number | undefined {
  try {
    const boot = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]
    const beginning = Number(boot) * 1000 + ((startTicks(id) ?? Number.NaN) / TICKS_PER_SECOND) * 1000
    return Number.isFinite(beginning) ? beginning : undefined
  } catch {
    return undefined
  }
}

/** What /proc/<id>/stat says after the name. */
function fieldsOf(id: number): readonly string[] | undefined {
  try {
    // The name is in parentheses, and may hold some.
    return readFileSync(`/proc/${id}/stat`, 'latin1').replace(/^.*\)\s+/s, '').split(' ')
  } catch {
    return undefined
  }
}
