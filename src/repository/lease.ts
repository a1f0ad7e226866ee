import { toHex } from '../bytes.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { asCount, asRecord, asText } from '../codec/shape.ts'
import { MalformedDataError, NotFoundError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import { seal, unseal } from './sealed.ts'

const PREFIX = 'sessions/'
const MAX_LEASE_SIZE_BYTES = 4096
const FIELDS = ['type', 'version', 'id', 'host', 'process', 'started', 'base'] as const

/** A writer's announcement. While it stands, nothing that the writer may count on is deleted. */
export interface Lease {
  readonly id: string
  readonly host: string
  readonly process: number
  /** Time by the writer's clock; decides nothing but how soon a session that nobody hears of is given up. */
  readonly started: string
  /** Number of the root record that the writer began from. */
  readonly base: number
}

export function leaseKey(sessionId: string): string {
  return `${PREFIX}${sessionId}`
}

export function newSessionId(platform: Platform): string {
  return toHex(platform.randomBytes(16))
}

export function encodeLease(hasher: Hasher, lease: Lease): Uint8Array {
  return seal(hasher, { type: 'session', version: 1, ...lease })
}

/** @throws CorruptObjectError or MalformedDataError naming the lease */
export function decodeLease(hasher: Hasher, key: string, bytes: Uint8Array): Lease {
  const fields = asRecord(unseal(hasher, key, bytes), key, FIELDS)
  if (fields.type !== 'session' || fields.version !== 1) throw new MalformedDataError(`${key} is not a session of this version`, { data: { key } })
  return {
    id: asText(fields.id, `${key}: id`), host: asText(fields.host, `${key}: host`), process: asCount(fields.process, `${key}: process`),
    started: asText(fields.started, `${key}: started`), base: asCount(fields.base, `${key}: base`),
  }
}

/** All leases that stand. One that cannot be read counts as that of a writer who began before everything. */
export async function listLeases(storage: Storage, hasher: Hasher): Promise<readonly Lease[]> {
  const leases: Lease[] = []
  for await (const { key } of storage.list(PREFIX)) {
    try {
      leases.push(decodeLease(hasher, key, await storage.get(key, { range: { start: 0, end: MAX_LEASE_SIZE_BYTES } })))
    } catch (error) {
      // Its session has ended since.
      if (error instanceof NotFoundError) continue
      leases.push({ id: key.slice(PREFIX.length), host: '', process: 0, started: '', base: 0 })
    }
  }
  return leases
}
