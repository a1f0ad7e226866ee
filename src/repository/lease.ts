import { toHex } from '../bytes.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { asCount, asRecord, asText } from '../codec/shape.ts'
import { MalformedDataError, NotFoundError, VarveError } from '../errors.ts'
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

/** A lease that a storage fails to read is not one that says nothing. @throws StorageError */
async function readIfThere(storage: Storage, key: string): Promise<Uint8Array | undefined> {
  try {
    return await storage.get(key, { range: { start: 0, end: MAX_LEASE_SIZE_BYTES } })
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

/** When the writer of a later version began, if the lease is sound and says so: it may be at work, and is waited for like any other. */
function startOfLater(hasher: Hasher, key: string, bytes: Uint8Array): string {
  try {
    const { version, started } = (unseal(hasher, key, bytes) ?? {}) as { readonly version?: unknown; readonly started?: unknown }
    return typeof version === 'number' && version > 1 && typeof started === 'string' ? started : ''
  } catch (error) {
    if (error instanceof VarveError) return ''
    throw error
  }
}

/** All leases that stand. One that cannot be read, or is of a later version, counts as that of a writer who began before everything. */
export async function listLeases(storage: Storage, hasher: Hasher): Promise<readonly Lease[]> {
  const leases: Lease[] = []
  for await (const { key } of storage.list(PREFIX)) {
    const bytes = await readIfThere(storage, key)
    // Its session has ended since.
    if (bytes === undefined) continue
    try {
      leases.push(decodeLease(hasher, key, bytes))
    } catch (error) {
      if (!(error instanceof VarveError)) throw error
      leases.push({ id: key.slice(PREFIX.length), host: '', process: 0, started: startOfLater(hasher, key, bytes), base: 0 })
    }
  }
  return leases
}
