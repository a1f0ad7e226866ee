import * as fs from 'node:fs'
import { join } from 'node:path'
import { equalBytes } from '../../bytes.ts'
import type { Cutter } from '../../chunker/interface.ts'
import { DIGEST_SIZE_BYTES } from '../../cid/cid.ts'
import type { Hasher } from '../../cid/interface.ts'
import { DELTA_CODEC, decompressBlock } from '../../codec/block-compression.ts'
import { BLOCK_HEADER_SIZE_BYTES, decodeBlockHeader, packKey } from '../../repository/pack-format.ts'
import { copyBytes } from '../copy-bytes.ts'
import { scratch } from './scratch.ts'
import { NOT_OPENED, type OpenSpanResult, type OpenSpanTask } from './tasks.ts'

/** The pack that was read last stays open: spans mostly follow one another. */
let open: { readonly path: string; readonly file: number } | undefined

/** Reads a span to the beginning of the slab, and says where in it the plain bytes of each block are, each of them hashed. */
export function openSpan({ location, pack, start, end, fields, digests }: Omit<OpenSpanTask, 'type' | 'hash' | 'slab' | 'memory'>, cutter: Cutter, hasher: Hasher): OpenSpanResult {
  const { memory } = cutter
  const places = new Uint32Array(fields.length / 4).fill(NOT_OPENED)
  if (!readInto(join(location, packKey(pack)), memory.subarray(0, end - start), start)) return places
  let free = end - start
  for (let index = 0; index < places.length; index++) {
    const [offset = 0, storedSize = 0, size = 0, codec = 0] = fields.subarray(index * 4, index * 4 + 4)
    const digest = digests.subarray(index * DIGEST_SIZE_BYTES, (index + 1) * DIGEST_SIZE_BYTES)
    const header = decodeBlockHeader(memory, offset)
    const matches = header !== undefined && header.codec === codec && header.storedSize === storedSize && header.size === size && equalBytes(header.digest, digest)
    if (!matches || codec === DELTA_CODEC) continue
    const payload = memory.subarray(offset + BLOCK_HEADER_SIZE_BYTES, offset + BLOCK_HEADER_SIZE_BYTES + storedSize)
    scratch.release()
    const plain = decompressed(codec, payload, size)
    if (plain === undefined || !equalBytes(hasher.digest(plain), digest)) continue
    if (plain.buffer === memory.buffer) places[index] = offset + BLOCK_HEADER_SIZE_BYTES
    else if (free + size <= memory.length) {
      copyBytes(plain, memory, free)
      places[index] = free
      free += size
    }
  }
  scratch.release()
  return places
}

function decompressed(codec: number, payload: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return decompressBlock(scratch.platform, codec, payload, size)
  } catch {
    return undefined
  }
}

function readInto(path: string, into: Uint8Array, position: number): boolean {
  try {
    if (open?.path !== path) {
      if (open !== undefined) fs.closeSync(open.file)
      open = undefined
      open = { path, file: fs.openSync(path, 'r') }
    }
    let filled = 0
    for (let count = -1; filled < into.length && count !== 0; filled += count) count = fs.readSync(open.file, into, filled, into.length - filled, position + filled)
    return filled === into.length
  } catch {
    return false
  }
}
