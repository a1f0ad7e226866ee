import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { FileCalls } from './file-calls.ts'
import { isAlive } from './maker.ts'

const TEMP_NAME = /^([0-9a-f]{12})-([1-9][0-9]*)-[0-9a-f]{16}$/

/** A name that no other file in `tmp/` has and that says who made it. */
export function tempName(host: string): string {
  return `${host}-${process.pid}-${randomBytes(8).toString('hex')}`
}

/** True for a name of `tempName` whose maker was a process of this host and is dead. */
export function isLeftover(name: string, host: string): boolean {
  const [, maker, id] = TEMP_NAME.exec(name) ?? []
  return maker === host && !isAlive(Number(id))
}

/**
 * Removes temporary files that dead processes of this host left in `folder`. Files of other hosts, of living processes and of this one
 * stay. Never fails: a file that cannot be removed only takes up space.
 */
export async function sweepTempFiles(calls: Pick<FileCalls, 'names' | 'unlink'>, folder: string, host: string): Promise<void> {
  try {
    for await (const name of calls.names(folder)) {
      if (isLeftover(name, host)) unlinkQuietly(calls, join(folder, name))
    }
  } catch {
    // The put that asked for this meets the same trouble, if it matters, and reports it.
  }
}


/** Removes a file if that is possible. For what is of no use but does no harm. */
export function unlinkQuietly(calls: Pick<FileCalls, 'unlink'>, path: string): void {
  try {
    calls.unlink(path)
  } catch {
    // A later sweep may have better luck.
  }
}
