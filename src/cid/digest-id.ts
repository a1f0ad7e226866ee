import { type CID, cidFromDigest, DAG_CBOR_CODE, DIGEST_SIZE_BYTES } from './cid.ts'
import type { Hasher } from './interface.ts'

/**
 * What a block is known by where tens of thousands are looked at: its digest as text, two bytes a character. Texts of CIDs are for those who are told: making one, and keeping it in the table of the CID, costs ten
 * times as much, and so does a CID itself, which is five objects; so does spreading the digest out.
 * @param at where the digest begins
 */
export function digestId(bytes: Uint8Array, at: number = 0): string {
  const pair = (offset: number): number => ((bytes[at + offset] as number) << 8) | (bytes[at + offset + 1] as number)
  return String.fromCharCode(pair(0), pair(2), pair(4), pair(6), pair(8), pair(10), pair(12), pair(14), pair(16), pair(18), pair(20), pair(22), pair(24), pair(26), pair(28), pair(30))
}

/** The same of a CID. */
export function idOf({ multihash: { digest } }: CID): string {
  return digestId(digest)
}

/** The digest that an identity stands for. */
export function digestOfId(id: string): Uint8Array {
  const digest = new Uint8Array(DIGEST_SIZE_BYTES)
  for (let at = 0; at < DIGEST_SIZE_BYTES; at += 2) {
    const pair = id.charCodeAt(at / 2)
    digest[at] = pair >> 8
    digest[at + 1] = pair & 0xff
  }
  return digest
}

/** The CID of a dag-cbor block with that digest. */
export function cidOfId(hash: Pick<Hasher, 'code'>, id: string): CID {
  return cidFromDigest(hash, DAG_CBOR_CODE, digestOfId(id))
}
