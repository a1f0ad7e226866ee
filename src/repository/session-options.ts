import { COMPRESSION_MODES, type CompressionMode } from '../codec/block-compression.ts'
import { InvalidArgumentError } from '../errors.ts'

export interface SessionOptions {
  /** Default `auto`. */
  readonly compression?: CompressionMode
  /** A pack is closed when it has grown to this many bytes; default 32 MiB. */
  readonly packSizeBytes?: number
  /** After another writer's commit came first, wait a while, longer the more often that happens: for a storage that is far away, and has many writers. Default false: try again at once. */
  readonly isPatient?: boolean
}

/** Offsets in a pack are 32-bit numbers. */
const MAX_PACK_SIZE_BYTES: number = 1024 * 1024 * 1024

/** @throws InvalidArgumentError for what no session can do */
export function checkedOptions(options: SessionOptions): SessionOptions {
  const { compression = 'auto', packSizeBytes = 1 } = options
  if (!COMPRESSION_MODES.includes(compression)) {
    throw new InvalidArgumentError(`There is no compression "${compression}"`, { hint: `Use one of ${COMPRESSION_MODES.join(', ')}.` })
  }
  if (!Number.isInteger(packSizeBytes) || packSizeBytes < 1 || packSizeBytes > MAX_PACK_SIZE_BYTES) {
    throw new InvalidArgumentError(`Packs of ${packSizeBytes} bytes cannot be made`, { hint: `Use 1 to ${MAX_PACK_SIZE_BYTES} bytes.` })
  }
  return options
}
