import { type BlockCode, CID, DAG_CBOR_CODE, RAW_CODE } from '../cid/cid.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import { asArray, asCid } from '../codec/shape.ts'
import type { ValueCodec } from '../manifest/interface.ts'

/** A dag-cbor link of 36 CID bytes in an array of one: 1 + 2 + 2 + 1 + 36. */
const ENCODED_LINK_SIZE_BYTES: number = encodeCbor([CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')]).length

/** Trees whose values are links to dag-cbor blocks. */
export const linkCodec: ValueCodec<CID> = linksTo(DAG_CBOR_CODE, 'A ref')

/** Trees whose values are links to plain bytes, in which nobody looks for links. */
export const rawLinkCodec: ValueCodec<CID> = linksTo(RAW_CODE, 'A kept block')

function linksTo(code: BlockCode, what: string): ValueCodec<CID> {
  return {
    encode: (cid) => [asCid(cid, what, code)],
    decode: (value) => asCid(asArray(value, what, 1)[0], what, code),
    weigh: () => ENCODED_LINK_SIZE_BYTES,
    equals: (a, b) => a.equals(b),
  }
}
