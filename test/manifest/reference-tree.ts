import { compareBytes } from '../../src/bytes.ts'
import { type CID, cidOf, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import type { Hasher } from '../../src/cid/interface.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'

/** A tree written straight from FORMAT.md, section 4: whole levels in arrays, numbers as BigInt, nothing shared with src/manifest. */
export interface ReferenceItem {
  readonly key: Uint8Array
  /** What stands behind shared and suffix. */
  readonly fields: readonly unknown[]
  readonly weight: number
  readonly count: number
}

export function referenceTree(hasher: Hasher, items: readonly { readonly key: Uint8Array; readonly value: unknown }[]): { root: CID; nodes: number } {
  const sorted = [...items].sort((a, b) => compareBytes(a.key, b.key))
  let entries: ReferenceItem[] = sorted.map(({ key, value }) => ({ key, fields: [value], weight: key.length + encodeCbor(value).length, count: 1 }))
  let nodes = 0
  for (let level = 0; ; level++) {
    const groups = splitLevel(level, entries)
    const links = groups.map((group): ReferenceItem => {
      const bytes = encodeCbor([level, group.map((item, index) => row(group[index - 1]?.key, item))])
      const cid = cidOf(hasher, DAG_CBOR_CODE, bytes)
      const key = group.at(-1)?.key ?? new Uint8Array(0)
      const count = group.reduce((sum, item) => sum + item.count, 0)
      return { key, fields: [cid, count], weight: key.length + 48, count }
    })
    nodes += links.length
    const only = links[0]
    if (links.length === 1 && only !== undefined) return { root: only.fields[0] as CID, nodes }
    entries = links
  }
}

function row(previous: Uint8Array = new Uint8Array(0), item: ReferenceItem): unknown[] {
  let shared = 0
  while (shared < previous.length && shared < item.key.length && previous[shared] === item.key[shared]) shared++
  return [shared, item.key.slice(shared), ...item.fields]
}

export function splitLevel(level: number, entries: readonly ReferenceItem[]): ReferenceItem[][] {
  const groups: ReferenceItem[][] = [[]]
  let s = 0
  for (const entry of entries) {
    groups.at(-1)?.push(entry)
    s += entry.weight
    const f = s < 32_768 ? 2n ** 16n : 2n ** 19n
    if (s >= 131_072 || (s >= 8_192 && referenceXxh32(entry.key, BigInt(level)) < BigInt(entry.weight) * f)) {
      groups.push([])
      s = 0
    }
  }
  if (groups.length > 1 && groups.at(-1)?.length === 0) groups.pop()
  return groups
}

const [P1, P2, P3, P4, P5] = [2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n]

function referenceXxh32(bytes: Uint8Array, seed: bigint): bigint {
  const u32 = (value: bigint): bigint => BigInt.asUintN(32, value)
  const rotate = (value: bigint, bits: bigint): bigint => u32(value << bits) | (value >> (32n - bits))
  const word = (offset: number): bigint => BigInt(new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0, true))
  let offset = 0
  let hash = u32(seed + P5)
  if (bytes.length >= 16) {
    const lanes = [u32(seed + P1 + P2), u32(seed + P2), u32(seed), u32(seed - P1)]
    for (; offset + 16 <= bytes.length; offset += 16) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = u32(rotate(u32((lanes[lane] as bigint) + word(offset + lane * 4) * P2), 13n) * P1)
    }
    hash = u32([1n, 7n, 12n, 18n].reduce((sum, bits, lane) => sum + rotate(lanes[lane] as bigint, bits), 0n))
  }
  hash = u32(hash + BigInt(bytes.length))
  for (; offset + 4 <= bytes.length; offset += 4) hash = u32(rotate(u32(hash + word(offset) * P3), 17n) * P4)
  for (; offset < bytes.length; offset++) hash = u32(rotate(u32(hash + BigInt(bytes[offset] as number) * P5), 11n) * P1)
  hash = u32((hash ^ (hash >> 15n)) * P2)
  hash = u32((hash ^ (hash >> 13n)) * P3)
  return hash ^ (hash >> 16n)
}
