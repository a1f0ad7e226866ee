import { createHash } from 'node:crypto'
import { readlinkSync } from 'node:fs'
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

/** True if a process of this host is there, whoever it belongs to. */
export function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    return errorCode(error) !== 'ESRCH'
  }
}
