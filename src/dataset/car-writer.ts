import { concatBytes } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import type { OperationOptions } from '../types.ts'
import { walkBlocks } from './links.ts'

/**
 * A block and all below it as a CAR file, version 1 (https://ipld.io/specs/transport/car/carv1/), block by block.
 * @throws CorruptBlockError or NotFoundError if a block cannot be read
 */
export async function* writeCar(source: BlockSource, root: CID, options: OperationOptions = {}): AsyncGenerator<Uint8Array> {
  yield section([encodeCbor({ roots: [root], version: 1 })])
  let blocks = 0
  let total = 0
  for await (const { cid, bytes } of walkBlocks(source, root)) {
    options.signal?.throwIfAborted()
    yield section([cid.bytes, bytes])
    blocks++
    total += bytes.length
    options.onProgress?.({ type: 'transfer', blocks, bytes: total })
  }
}

function section(parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes([varint(parts.reduce((sum, part) => sum + part.length, 0)), ...parts])
}

/** Unsigned LEB128. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
