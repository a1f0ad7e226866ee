import { toHex } from '../bytes.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { seal } from './sealed.ts'

export function leaseKey(sessionId: string): string {
  return `sessions/${sessionId}`
}

export function newSessionId(platform: Platform): string {
  return toHex(platform.randomBytes(16))
}

/** A writer's announcement: garbage collection spares what was committed or written since `base` while it stands. */
export function encodeLease(hasher: Hasher, lease: { id: string; host: string; process: number; started: string; base: number }): Uint8Array {
  return seal(hasher, { type: 'session', version: 1, ...lease })
}
