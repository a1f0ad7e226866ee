/** The hash of a repository; every CID in it uses the same one. */
export type HashName = 'sha2-256' | 'blake3'

/** A 256-bit hash function and its multihash code (https://github.com/multiformats/multicodec). */
export interface Hasher {
  readonly name: HashName
  readonly code: 0x12 | 0x1e
  /** 32 bytes. Synchronous: blocks are at most 1 MiB. */
  digest(bytes: Uint8Array): Uint8Array
}

/** `fast` keeps up with a disk; `best` takes the time it needs. */
export type Effort = 'fast' | 'best'

/**
 * What the core needs from the machine. Node's is in `src/node/`; the portable one runs anywhere JavaScript does.
 * Two platforms differ in speed only: equal bytes get equal CIDs, and either reads what the other wrote.
 */
export interface Platform {
  /** @throws InvalidArgumentError for a hash this platform does not offer */
  hasher(name: HashName): Hasher
  /** Raw DEFLATE (RFC 1951); `fast` unless said otherwise. */
  deflate(bytes: Uint8Array, effort?: Effort): Uint8Array
  /** Inverse of `deflate`; throws on malformed input or if the result is not exactly `size` bytes, without allocating more than that. */
  inflate(bytes: Uint8Array, size: number): Uint8Array
  /** One Zstandard frame (RFC 8878). Absent where the runtime has no encoder: every platform reads the format, not every one writes it. */
  readonly zstd?: (bytes: Uint8Array, effort?: Effort) => Uint8Array
  /** Inverse of `zstd`, with the bounds of `inflate`. */
  unzstd(bytes: Uint8Array, size: number): Uint8Array
  /** Unpredictable bytes, for names only. */
  randomBytes(length: number): Uint8Array
  /** Wall clock, for people to read; nothing is decided by it. */
  now(): Date
}
