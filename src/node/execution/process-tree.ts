import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { Scratch } from './scratch.ts'

/** A process may start others while it is looked for. */
const MOST_SWEEPS = 20

/** Sends a signal to a process that was started in a group of its own, and to the whole group. On Windows, which knows neither, all that it started is ended. */
export function signalTree(leader: number, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(leader), '/T', '/F'], { stdio: 'ignore', windowsHide: true })
    return
  }
  try {
    process.kill(-leader, signal)
  } catch {
    // It is gone.
  }
}

/**
 * Ends what a run started and what left its group since: every process whose environment has the scratch folder as its home or its place for temporary files. Linux only; elsewhere a
 * process that leaves its group stays.
 */
export function killLeftovers({ home, tmp }: Pick<Scratch, 'home' | 'tmp'>): void {
  const marks = [`\0HOME=${home}\0`, `\0TMPDIR=${tmp}\0`]
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    const left = processes().filter((id) => id !== process.pid && hasMark(id, marks))
    if (left.length === 0) return
    for (const id of left) {
      try {
        process.kill(id, 'SIGKILL')
      } catch {
        // It is gone, or belongs to another user.
      }
    }
  }
}

function hasMark(id: number, marks: readonly string[]): boolean {
  const environment = `\0${textOf(`/proc/${id}/environ`)}`
  return marks.some((mark) => environment.includes(mark))
}

/** Resident bytes of the group of `leader` and of all that descend from it, `without` one of them; undefined where the system does not say. Shared pages count for each. */
export function residentBytes(leader: number, without?: number): number | undefined {
  const parents = new Map<number, number>()
  const members = new Set<number>()
  for (const id of processes()) {
    const stat = textOf(`/proc/${id}/stat`)
    // The name, in brackets, may hold anything.
    const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number)
    if (parent === undefined || group === undefined) continue
    parents.set(id, parent)
    if (group === leader || id === leader) members.add(id)
  }
  if (parents.size === 0) return undefined
  let bytes = 0
  for (const id of parents.keys()) {
    if (id === without || !descends(id, members, parents)) continue
    bytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(textOf(`/proc/${id}/status`))?.[1] ?? 0) * 1024
  }
  return bytes
}

function descends(id: number, members: ReadonlySet<number>, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = id, steps = 0; at !== undefined && steps < parents.size; at = parents.get(at), steps++) if (members.has(at)) return true
  return false
}

function processes(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter((id) => Number.isInteger(id))
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It has ended, or belongs to another user.
    return ''
  }
}
