import { hash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib'
import type * as Blake3 from '@noble/hashes/blake3.js'
import type { Hasher, Platform } from '../cid/interface.ts'
import { MalformedDataError } from '../errors.ts'
import { nodeZstd } from './node-zstd.ts'
import { ZlibHandle } from './zlib-handle.ts'

const sha256: Hasher = { name: 'sha2-256', code: 0x12, digest: (bytes) => hash('sha256', bytes, 'buffer') }

let blake3: Hasher | undefined

/** BLAKE3 is not in Node. It takes 10 ms to load, so it is loaded when it is first asked for, and at once, as `hasher` answers at once. */
function loadBlake3(): Hasher {
  const module = createRequire(import.meta.url)('@noble/hashes/blake3.js') as typeof Blake3
  return { name: 'blake3', code: 0x1e, digest: (bytes) => module.blake3(bytes) }
}

const FAST_LEVEL = 1
const BEST_LEVEL = 9
/** To make an object for each block takes as long as half of compressing 5 KB with it, and longer than decompressing them (bench/micro/capture.mjs stores a thousand such). */
const [deflater, inflater] = [() => createDeflateRaw({ level: FAST_LEVEL }), () => createInflateRaw()].map((make) => new ZlibHandle({ make, flush: constants.Z_FINISH, resets: true })) as [ZlibHandle, ZlibHandle]

/** Memory of its own with what the handle made of the bytes; undefined if it does not know, or it does not fit. */
function madeBy(handle: ZlibHandle, bytes: Uint8Array, room: number): Uint8Array | undefined {
  const into = new Uint8Array(room)
  const count = handle.run(bytes, into, 0, room)
  return count === undefined ? undefined : into.subarray(0, count)
}

/** Node's own SHA-256 (some 1.7 GB/s a core with SHA-NI) and zlib. */
export const nodePlatform: Platform = {
  hasher: (name) => (name === 'sha2-256' ? sha256 : (blake3 ??= loadBlake3())),
  // A work area larger than the input gains 20–50 % (node's default is 16 KiB).
  deflate(bytes, effort = 'fast') {
    const room = Math.max(1024, bytes.length + 64)
    return (effort === 'fast' ? madeBy(deflater, bytes, room) : undefined) ?? deflateRawSync(bytes, { level: effort === 'fast' ? FAST_LEVEL : BEST_LEVEL, chunkSize: room })
  },
  inflate(bytes, size) {
    const known = madeBy(inflater, bytes, size + 1)
    if (known?.length === size) return known
    const result = inflateRawSync(bytes, { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size + 1) })
    if (result.length !== size) throw new MalformedDataError(`Decompressed to ${result.length} bytes instead of ${size}`)
    return result
  },
  ...nodeZstd(),
  randomBytes: (length) => randomBytes(length),
  now: () => new Date(),
}
