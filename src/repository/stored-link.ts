import { type CID, DAG_CBOR_CODE, DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import type { Hasher } from '../cid/interface.ts'
import { cidOfId, digestId, idOf } from '../cid/digest-id.ts'
import { type CborInput, readItem } from '../codec/cbor-decoder.ts'
import type { ValueCodec } from '../manifest/interface.ts'
import { linkCodec } from './link-codec.ts'

type HashCode = Hasher['code']

/** A link to a dag-cbor block, of which no CID is made before somebody asks for it. */
export class StoredLink {
  /** Multicodec of its hash. */
  readonly hash: HashCode
  /** As `idOf` gives it. */
  readonly id: string

  constructor(hash: HashCode, id: string) {
    this.hash = hash
    this.id = id
  }

  /** @param cid of a kind that varve writes */
  static of(cid: CID): StoredLink {
    return new StoredLink(cid.multihash.code as HashCode, idOf(cid))
  }

  get cid(): CID {
    return cidOfId({ code: this.hash }, this.id)
  }
}

/** A link as all of the kind begin: tag 42, 37 bytes, the first of which is zero, version 1, dag-cbor; then the hash, and the length of the digest. */
const HEAD = Uint8Array.of(0xd8, 0x2a, 0x58, 0x25, 0, 1, DAG_CBOR_CODE)

/** The values of `linkCodec`, for who reads tens of thousands and wants few of them: some 0.2 µs each instead of 1 µs, and a fifth of the memory. */
export const storedLinkCodec: ValueCodec<StoredLink> = {
  encode: ({ cid }) => linkCodec.encode(cid),
  decode: (value) => StoredLink.of(linkCodec.decode(value)),
  read: (input, depth) => readAlone(input) ?? StoredLink.of(linkCodec.decode(readItem(input, depth))),
  weigh: ({ cid }) => linkCodec.weigh(cid),
  equals: (a, b) => a.id === b.id && a.hash === b.hash,
}

/** Head of an array of one. */
const ALONE = 0x81

function readAlone(input: CborInput): StoredLink | undefined {
  const { at } = input
  if (input.bytes[at] !== ALONE) return undefined
  input.at++
  const link = readStoredLink(input)
  if (link === undefined) input.at = at
  return link
}

/** The link at `input.at`, behind which the input then stands; undefined, and nothing is read, if there stands anything but one of the kind that varve writes. */
export function readStoredLink(input: CborInput): StoredLink | undefined {
  const { bytes, at } = input
  for (let index = 0; index < HEAD.length; index++) if (bytes[at + index] !== HEAD[index]) return undefined
  const hashAt = at + HEAD.length
  const hash = bytes[hashAt]
  const start = hashAt + 2
  if ((hash !== 0x12 && hash !== 0x1e) || bytes[hashAt + 1] !== DIGEST_SIZE_BYTES || start + DIGEST_SIZE_BYTES > bytes.length) return undefined
  input.at = start + DIGEST_SIZE_BYTES
  return new StoredLink(hash, digestId(bytes, start))
}
