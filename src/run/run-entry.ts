import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import { asArray, asCid } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import type { ValueCodec } from '../manifest/interface.ts'
import { parseRunKey } from './run-key.ts'

/** What the tree of runs holds for each: its start, what came of it so far, and whether that is all. */
export interface RunEntry {
  readonly start: CID
  readonly record: CID | null
  readonly isOver: boolean
}

const RUNNING = 'running'

export const runEntryCodec: ValueCodec<RunEntry> = {
  encode: encoded,
  decode: (value) => {
    const [start, record, mark, ...rest] = asArray(value, 'An entry of the tree of runs')
    if ((mark !== undefined && mark !== RUNNING) || rest.length > 0) throw new MalformedDataError('An entry of the tree of runs has more than there is to say')
    return { start: asCid(start, 'A run’s start', DAG_CBOR_CODE), record: record === undefined ? null : asCid(record, 'A run’s record', DAG_CBOR_CODE), isOver: record !== undefined && mark === undefined }
  },
  weigh: (entry) => encodeCbor(encoded(entry)).length,
  equals: (a, b) => a.start.equals(b.start) && a.isOver === b.isOver && (a.record === null ? b.record === null : b.record !== null && a.record.equals(b.record)),
  checkKey: (key) => void parseRunKey(key),
}

function encoded({ start, record, isOver }: RunEntry): readonly unknown[] {
  if (record === null) return [start]
  return isOver ? [start, record] : [start, record, RUNNING]
}
