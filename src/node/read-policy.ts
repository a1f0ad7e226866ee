import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { NotFoundError, StorageError } from '../errors.ts'
import type { CheckPolicy } from '../registry/check/interface.ts'
import { errorCode, isAbsence } from './system-errors.ts'

export const POLICY_FILE = 'varve-policy.yaml'

/** The policy of a folder, or of the nearest one above it that has one. */
export function nearestPolicyFile(folder: string): string | undefined {
  const path = join(folder, POLICY_FILE)
  if (existsSync(path)) return path
  return dirname(folder) === folder ? undefined : nearestPolicyFile(dirname(folder))
}

/**
 * Reads a policy, whose format stands at `parsePolicy`.
 * @param now what waivers have to outlive; default: now
 * @throws NotFoundError if there is no such file; PolicyError with everything that is wrong in it, by line and column
 */
export async function readPolicy(file: string, now: Date = new Date()): Promise<CheckPolicy> {
  const path = resolve(file)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (isAbsence(cause)) throw new NotFoundError(`There is no policy ${path}`, { cause, data: { path }, hint: `Name one that is there with --policy, or call it ${POLICY_FILE}.` })
    const reason = errorCode(cause) ?? 'UNKNOWN'
    throw new StorageError(`${path} cannot be read: ${reason}`, { cause, data: { file: path, reason }, hint: 'Make it readable.' })
  }
  // Only now: loading what reads YAML takes as long as opening a repository.
  const { parsePolicy } = await import('../registry/check/policy.ts')
  return parsePolicy(text, { file: basename(path), now })
}
