import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import { asArray, asCid } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import type { ValueCodec } from '../manifest/interface.ts'

/** What the tree of versions holds for each: its block, and what that links to, so that who looks for data reads no version. */
export interface VersionEntry {
  readonly cid: CID
  readonly root: CID
  /** Root of what it was evaluated on. */
  readonly evaluatedOn: CID | null
  /** The start of the run that it was registered from; null in entries that were written before they said so, and the version itself says it. */
  readonly run: CID | null
}

export const versionEntryCodec: ValueCodec<VersionEntry> = {
  encode: encoded,
  decode: (value) => {
    const [cid, root, evaluatedOn, run, ...rest] = asArray(value, 'An entry of the tree of models')
    if (rest.length > 0) throw new MalformedDataError('An entry of the tree of models has more than there is to say')
    return { cid: link(cid), root: link(root), evaluatedOn: evaluatedOn === null ? null : link(evaluatedOn), run: run === undefined ? null : link(run) }
  },
  weigh: (entry) => encodeCbor(encoded(entry)).length,
  equals: (a, b) => a.cid.equals(b.cid) && (a.run === null) === (b.run === null),
}

function encoded({ cid, root, evaluatedOn, run }: VersionEntry): readonly unknown[] {
  return run === null ? [cid, root, evaluatedOn] : [cid, root, evaluatedOn, run]
}

function link(value: unknown): CID {
  return asCid(value, 'A link of the tree of models', DAG_CBOR_CODE)
}
