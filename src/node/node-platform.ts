import { hash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type * as Blake3 from '@noble/hashes/blake3.js'
import type { Hasher, Platform } from '../cid/interface.ts'
import { MalformedDataError } from '../errors.ts'
import { nodeZstd } from './node-zstd.ts'

const sha256: Hasher = { name: 'sha2-256', code: 0x12, digest: (bytes) => hash('sha256', bytes, 'buffer') }

let blake3: Hasher | undefined

/** BLAKE3 is not in Node. It takes 10 ms to load, so it is loaded when it is first asked for, and at once, as `hasher` answers at once. */
function loadBlake3(): Hasher {
  const module = createRequire(import.meta.url)('@noble/hashes/blake3.js') as typeof Blake3
  return { name: 'blake3', code: 0x1e, digest: (bytes) => module.blake3(bytes) }
}

/** Node's own SHA-256 (some 1.7 GB/s a core with SHA-NI) and zlib. */
export const nodePlatform: Platform = {
  hasher: (name) => (name === 'sha2-256' ? sha256 : (blake3 ??= loadBlake3())),
  // A work area larger than the input gains 20–50 % (node's default is 16 KiB).
  deflate: (bytes, effort = 'fast') => deflateRawSync(bytes, { level: effort === 'fast' ? 1 : 9, chunkSize: Math.max(1024, bytes.length + 64) }),
  inflate(bytes, size) {
    const result = inflateRawSync(bytes, { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size + 1) })
    if (result.length !== size) throw new MalformedDataError(`Decompressed to ${result.length} bytes instead of ${size}`)
    return result
  },
  ...nodeZstd(),
  randomBytes: (length) => randomBytes(length),
  now: () => new Date(),
}
