import { toHex, utf8 } from '../bytes.ts'
import { DEFAULT_PROFILE } from '../chunker/index.ts'
import type { HashName, Platform } from '../cid/interface.ts'
import { AlreadyExistsError, CorruptObjectError, NotFoundError, UnsupportedFormatError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'

export const CONFIG_KEY = 'config.json'
/** More than any config needs: what is read of it at most. */
export const MAX_CONFIG_SIZE_BYTES: number = 64 * 1024
/** The newest repository format that this version reads and writes. */
const FORMAT_VERSION = 1

/** What is fixed when a repository is created. */
export interface RepositoryConfig {
  readonly format: number
  /** 32 hex digits, random: tells a repository from its copies at other addresses no more than from itself. */
  readonly id: string
  readonly hash: HashName
  readonly chunker: string
  /** Features that a reader must know; none exist yet. */
  readonly features: readonly string[]
}

export function newConfig(platform: Platform, hash: HashName): RepositoryConfig {
  return { format: FORMAT_VERSION, id: toHex(platform.randomBytes(16)), hash, chunker: DEFAULT_PROFILE.name, features: [] }
}

export function encodeConfig(config: RepositoryConfig): Uint8Array {
  return utf8(`${JSON.stringify(config, null, 2)}\n`)
}

/**
 * @throws UnsupportedFormatError for a newer format or an unknown feature
 * @throws CorruptObjectError if it cannot be read at all
 */
export function decodeConfig(bytes: Uint8Array, location: string): RepositoryConfig {
  const data = { key: CONFIG_KEY, location }
  let value: Partial<RepositoryConfig>
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Partial<RepositoryConfig>
  } catch (cause) {
    throw new CorruptObjectError(`${CONFIG_KEY} in ${location} cannot be read`, { cause, data, hint: 'Restore config.json from a copy of the repository.' })
  }
  const { format, id, hash, chunker, features } = value ?? {}
  if (typeof format !== 'number') throw new CorruptObjectError(`${CONFIG_KEY} in ${location} has no format version`, { data })
  if (format > FORMAT_VERSION) {
    throw new UnsupportedFormatError(`The repository ${location} has format ${format}; this version of varve knows up to ${FORMAT_VERSION}`, {
      data: { ...data, format },
    })
  }
  if (Array.isArray(features) && features.length > 0) {
    // Anything may stand there; only text is taken as it is.
    const names = features.map((feature: unknown) => (typeof feature === 'string' ? feature : 'something that is no name'))
    throw new UnsupportedFormatError(`The repository ${location} uses features unknown to this version: ${names.join(', ')}`, { data: { ...data, features: names } })
  }
  if (typeof chunker === 'string' && chunker !== DEFAULT_PROFILE.name) {
    throw new UnsupportedFormatError(`The repository ${location} cuts files by "${chunker}", which this version does not know`, { data: { ...data, chunker } })
  }
  const sound = format === 1 && typeof id === 'string' && /^[0-9a-f]{32}$/.test(id) && typeof chunker === 'string' && Array.isArray(features)
  if (!sound || (hash !== 'sha2-256' && hash !== 'blake3')) {
    throw new CorruptObjectError(`${CONFIG_KEY} in ${location} holds values that varve never writes`, { data })
  }
  return { format, id, hash, chunker, features }
}

/** Root records without a config are a damaged repository; a new config would declare it to be an empty one, perhaps with another hash. */
async function assertNoRemains(storage: Storage): Promise<void> {
  try {
    if ((await storage.stat(CONFIG_KEY)) !== undefined) return
    for await (const { key } of storage.list('log/')) {
      throw new CorruptObjectError(`${storage.location} holds ${key} but no ${CONFIG_KEY}: it is a repository that has lost it`, {
        data: { key: CONFIG_KEY, location: storage.location }, hint: 'Restore config.json from a copy of the repository, or choose another place.',
      })
    }
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
  }
}

/** @throws AlreadyExistsError if storage holds a repository; @throws CorruptObjectError if it holds one whose config.json is gone */
export async function storeNewConfig(storage: Storage, config: RepositoryConfig): Promise<void> {
    await assertNoRemains(storage)
    try {
      await storage.put(CONFIG_KEY, encodeConfig(config))
    } catch (cause) {
      if (!(cause instanceof AlreadyExistsError)) throw cause
      throw new AlreadyExistsError(`${storage.location} holds a repository already`, {
        cause, data: { location: storage.location }, hint: 'Use it as it is, or choose another place.',
      })
    }
}
