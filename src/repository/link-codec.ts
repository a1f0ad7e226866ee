import { CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import { asArray, asCid } from '../codec/shape.ts'
import type { ValueCodec } from '../manifest/interface.ts'

/** A dag-cbor link of 36 CID bytes in an array of one: 1 + 2 + 2 + 1 + 36. */
const ENCODED_LINK_SIZE_BYTES: number = encodeCbor([CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')]).length

/** Trees whose values are links to dag-cbor blocks. */
export const linkCodec: ValueCodec<CID> = {
  encode: (cid) => [asCid(cid, 'A ref', DAG_CBOR_CODE)],
  decode: (value) => asCid(asArray(value, 'A ref', 1)[0], 'A ref', DAG_CBOR_CODE),
  weigh: () => ENCODED_LINK_SIZE_BYTES,
  equals: (a, b) => a.equals(b),
}
