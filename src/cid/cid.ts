import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { InvalidArgumentError, MalformedDataError } from '../errors.ts'
import type { CidText } from '../types.ts'
import type { Hasher } from './interface.ts'

export { CID }

/** Multicodec of file content. */
export const RAW_CODE = 0x55
/** Multicodec of everything that is not file content. */
export const DAG_CBOR_CODE = 0x71

/** The two codecs of blocks. */
export type BlockCode = typeof RAW_CODE | typeof DAG_CBOR_CODE

/** Length of every digest, in bytes. */
export const DIGEST_SIZE_BYTES = 32
/** Version, codec, hash and length of the digest in a byte each, then the digest. Anything longer writes a number in more bytes than it needs. */
export const CID_SIZE_BYTES = 36

/** The CID of `bytes` under a codec. Costs one hash of the bytes. */
export function cidOf(hasher: Hasher, code: BlockCode, bytes: Uint8Array): CID {
  return cidFromDigest(hasher, code, hasher.digest(bytes))
}

/**
 * Memory for the next CIDs. To allocate and free 36 bytes for each takes three times as long as all else that makes one, and as much again of the garbage collector's threads. Not more than a KiB, since a CID that
 * is kept keeps all of it.
 */
let room = new Uint8Array(0)
let used = 0
const CIDS_A_ROOM = 28

/** A CID made of a digest that is known already. */
export function cidFromDigest(hasher: Pick<Hasher, 'code'>, code: BlockCode, digest: Uint8Array): CID {
  // What `CID.createV1` and `Digest.create` come to, whose numbers take a byte each here; they cost 1.5 µs, for every file.
  if (used === room.length) {
    room = new Uint8Array(CIDS_A_ROOM * CID_SIZE_BYTES)
    used = 0
  }
  const bytes = room.subarray(used, used + CID_SIZE_BYTES)
  used += CID_SIZE_BYTES
  bytes[0] = 1
  bytes[1] = code
  bytes[2] = hasher.code
  bytes[3] = DIGEST_SIZE_BYTES
  bytes.set(digest, 4)
  return new CID(1, code, new Digest.Digest(hasher.code, DIGEST_SIZE_BYTES, bytes.subarray(4), bytes.subarray(2)), bytes)
}

/** Canonical text of a CID. */
export function cidText(cid: CID): CidText {
  return cid.version === 1 && cid.bytes.length === CID_SIZE_BYTES ? base32Text(cid.bytes) : (cid.toString() as CidText)
}

/** RFC 4648, in lower case and without padding, behind the prefix of multibase. What multiformats does takes ten times as long, and keeps each text. */
function base32Text(bytes: Uint8Array): CidText {
  const codes = BASE32_CODES.slice()
  let pending = 0
  let bits = 0
  let at = 1
  for (let index = 0; index < bytes.length; index++) {
    pending = ((pending << 8) | (bytes[index] as number)) & 0xfff
    bits += 8
    for (; bits >= 5; bits -= 5) codes[at++] = letterOf((pending >> (bits - 5)) & 31)
  }
  if (bits > 0) codes[at] = letterOf((pending << (5 - bits)) & 31)
  return String.fromCharCode.apply(null, codes) as CidText
}

/** `b`, and room for 36 bytes, five bits a letter. */
const BASE32_CODES: number[] = Array.from({ length: 1 + Math.ceil((CID_SIZE_BYTES * 8) / 5) }, () => 'b'.charCodeAt(0))

/** From `a` to `z`, and `2` to `7`. */
function letterOf(value: number): number {
  return value < 26 ? 97 + value : 24 + value
}

/**
 * Reads a CID that a person or a program typed.
 * @throws InvalidArgumentError if it is not a CID of this format
 */
export function parseCid(text: string): CID {
  let cid: CID
  try {
    cid = CID.parse(text)
  } catch (cause) {
    throw new InvalidArgumentError(`"${text}" is not a CID`, { cause, hint: 'A CID of varve looks like bafkrei… or bafyrei…, 59 characters.' })
  }
  try {
    assertOwnCid(cid)
  } catch (cause) {
    throw new InvalidArgumentError((cause as Error).message, { cause })
  }
  return cid
}

/**
 * Refuses CIDs that this format never writes: other versions, codecs, hashes, digest lengths.
 * @throws MalformedDataError
 */
export function assertOwnCid(cid: CID): void {
  const { code, digest } = cid.multihash
  const sound = cid.version === 1 && (cid.code === RAW_CODE || cid.code === DAG_CBOR_CODE) && (code === 0x12 || code === 0x1e) && digest.length === DIGEST_SIZE_BYTES && cid.bytes.length === CID_SIZE_BYTES
  if (!sound) throw new MalformedDataError(`CID ${cid.toString()} is not of a kind that varve uses`, { data: { cid: cid.toString() } })
}

/** The CID that a text is, or undefined if it is none that varve reads. */
export function tryParseCid(text: string): CID | undefined {
  try {
    return parseCid(text)
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined
    throw error
  }
}
