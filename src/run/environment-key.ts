import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '../bytes.ts'
import { canonicalJson } from '../codec/canonical-json.ts'
import type { JsonValue } from '../types.ts'
import type { Capture } from './capture-interface.ts'

const KEY_LENGTH = 16

/**
 * A short name for what a run ran on: two runs with one key had the same runtime, machine, packages and image. The first 16 hex digits of the SHA-256 of these as canonical JSON, with the version of Python where a command starts it:
 * enough to tell environments of one project apart, not to prove anything; the record holds them whole.
 */
export function environmentKey({ runtime, packages, python, container }: Pick<Capture, 'runtime' | 'packages' | 'python' | 'container'>): string {
  const parts: unknown = { runtime, packages, container, ...(python === null ? {} : { python: [python.implementation, python.version] }) }
  return toHex(sha256(utf8(canonicalJson(parts as JsonValue, 'An environment')))).slice(0, KEY_LENGTH)
}
