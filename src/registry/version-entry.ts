import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import { asArray, asCid } from '../codec/shape.ts'
import type { ValueCodec } from '../manifest/interface.ts'

/** What the tree of versions holds for each: its block, and the data that it links to, so that who looks for data reads no version. */
export interface VersionEntry {
  readonly cid: CID
  readonly root: CID
  /** Root of what it was evaluated on. */
  readonly evaluatedOn: CID | null
}

export const versionEntryCodec: ValueCodec<VersionEntry> = {
  encode: encoded,
  decode: (value) => {
    const [cid, root, evaluatedOn] = asArray(value, 'An entry of the tree of models', 3)
    return { cid: link(cid), root: link(root), evaluatedOn: evaluatedOn === null ? null : link(evaluatedOn) }
  },
  weigh: (entry) => encodeCbor(encoded(entry)).length,
  equals: (a, b) => a.cid.equals(b.cid),
}

function encoded({ cid, root, evaluatedOn }: VersionEntry): readonly unknown[] {
  return [cid, root, evaluatedOn]
}

function link(value: unknown): CID {
  return asCid(value, 'A link of the tree of models', DAG_CBOR_CODE)
}
