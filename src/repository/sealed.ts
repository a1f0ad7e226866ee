import { concatBytes, equalBytes } from '../bytes.ts'
import { DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import type { Hasher } from '../cid/interface.ts'
import { decodeCbor, encodeCbor } from '../codec/dag-cbor.ts'
import { CorruptObjectError } from '../errors.ts'

/** A dag-cbor value followed by its hash: small objects that are found by name and not by CID carry their own check. */
export function seal(hasher: Hasher, value: unknown): Uint8Array {
  const body = encodeCbor(value)
  return concatBytes([body, hasher.digest(body)])
}

/** @throws CorruptObjectError naming `key` if the bytes are not what was sealed */
export function unseal(hasher: Hasher, key: string, bytes: Uint8Array): unknown {
  const split = bytes.length - DIGEST_SIZE_BYTES
  if (split <= 0 || !equalBytes(hasher.digest(bytes.subarray(0, split)), bytes.subarray(split))) {
    throw new CorruptObjectError(`${key} is damaged: its checksum does not match`, { data: { key } })
  }
  return decodeCbor(bytes.subarray(0, split))
}
