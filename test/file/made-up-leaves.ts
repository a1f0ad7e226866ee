import { createHash } from 'node:crypto'
import * as Digest from 'multiformats/hashes/digest'
import { type BlockCode, CID, RAW_CODE } from '../../src/cid/cid.ts'
import type { Hasher } from '../../src/cid/interface.ts'
import type { ListLink } from '../../src/file/index.ts'
import { xorshiftBytes } from '../chunker/generated-input.ts'

/** Leaves without content: lists never look at what they link. */

export const hasher: Hasher = { name: 'sha2-256', code: 0x12, digest: (bytes) => createHash('sha256').update(bytes).digest() }

export function linkOf(digest: Uint8Array, size: number, code: BlockCode = RAW_CODE): ListLink {
  return { cid: CID.createV1(code, Digest.create(hasher.code, digest)), size }
}

/** As `counter` in test/vectors/list-tree.json. */
export function counterLeaves(count: number, code: BlockCode = RAW_CODE): ListLink[] {
  return Array.from({ length: count }, (_, n) => linkOf(hasher.digest(new TextEncoder().encode(String(n))), code === RAW_CODE ? 1 + ((n * 7919) % 1_048_576) : 1, code))
}

/** Leaves with random digests, faster than hashing. */
export function randomLeaves(seed: number, count: number): ListLink[] {
  const bytes = xorshiftBytes(seed, count * 32)
  return Array.from({ length: count }, (_, n) => linkOf(bytes.subarray(n * 32, n * 32 + 32), 1 + ((n * 31) % 1000)))
}

/** A leaf after which a node with enough links always ends, and one after which it never does. */
export const CLOSING_LEAF: ListLink = linkOf(new Uint8Array(32), 10)
export const OPEN_LEAF: ListLink = linkOf(new Uint8Array(32).fill(255), 10)

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
