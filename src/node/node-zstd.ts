import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import type * as Fzstd from 'fzstd'
import type { Platform } from '../cid/interface.ts'
import { assertZstdFrame } from '../cid/zstd-frame.ts'
import { MalformedDataError } from '../errors.ts'
import { ZlibHandle } from './zlib-handle.ts'

/** The part of `node:zlib` that came with Node 22.15. */
interface ZstdCalls {
  zstdCompressSync(bytes: Uint8Array, options: { params: Record<number, number>; chunkSize: number }): Uint8Array
  zstdDecompressSync(bytes: Uint8Array, options: { maxOutputLength: number; chunkSize: number }): Uint8Array
  createZstdCompress(options: { params: Record<number, number> }): unknown
  createZstdDecompress(): unknown
  readonly constants: { readonly ZSTD_e_end: number }
}

/** `ZSTD_c_compressionLevel` and `ZSTD_c_checksumFlag` of zstd.h. */
const LEVEL = 100
const FAST_LEVEL = 1
/** Beyond this, a chunk of 256 KiB of CSV takes longer and shrinks no further (measured with Node 24). */
const BEST_LEVEL = 17

/** For what is needed seldom, and at once. */
const require = createRequire(import.meta.url)

/** Zstandard: written where this Node has it, read everywhere. */
export function nodeZstd(): Pick<Platform, 'zstd' | 'unzstd'> {
  if (!('zstdCompressSync' in zlib)) {
    return {
      unzstd(bytes, size) {
        const { decompress } = require('fzstd') as typeof Fzstd
        assertZstdFrame(bytes, size)
        const result = new Uint8Array(size)
        decompress(bytes, result)
        return result
      },
    }
  }
  const calls = zlib as unknown as ZstdCalls
  return {
    zstd: (bytes, effort = 'fast') =>
      calls.zstdCompressSync(bytes, { params: { [LEVEL]: effort === 'fast' ? FAST_LEVEL : BEST_LEVEL }, chunkSize: Math.max(1024, bytes.length + 64) }),
    unzstd(bytes, size) {
      const result = calls.zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size + 1) })
      if (result.length !== size) throw new MalformedDataError(`Decompressed to ${result.length} bytes instead of ${size}`)
      return result
    },
  }
}

/** Compresses block after block as `zstd` does with `fast`, to the same bytes; undefined where this Node has no Zstandard. */
export function fastZstdCompressor(): ZlibHandle | undefined {
  return handleOf((calls) => calls.createZstdCompress({ params: { [LEVEL]: FAST_LEVEL } }))
}

/** Decompresses one whole frame after another. */
export function zstdDecompressor(): ZlibHandle | undefined {
  return handleOf((calls) => calls.createZstdDecompress())
}

function handleOf(make: (calls: ZstdCalls) => unknown): ZlibHandle | undefined {
  if (!('zstdCompressSync' in zlib)) return undefined
  const calls = zlib as unknown as ZstdCalls
  return new ZlibHandle({ make: () => make(calls), flush: calls.constants.ZSTD_e_end, resets: false })
}
