import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { type CborInput, readItem } from '../codec/cbor-decoder.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import { asArray, asCid } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import type { ValueCodec } from '../manifest/interface.ts'
import { readStoredLink, StoredLink } from '../repository/stored-link.ts'
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

/** The same, of which no CID is made before somebody asks for it. */
export interface StoredEntry {
  readonly start: StoredLink
  readonly record: StoredLink | null
  readonly isOver: boolean
}

/** For who reads thousands. */
export const storedEntryCodec: ValueCodec<StoredEntry> = {
  encode: (entry) => encoded(plainEntry(entry)),
  decode: (value) => storedEntry(runEntryCodec.decode(value)),
  read: (input, depth) => readPlain(input) ?? storedEntry(runEntryCodec.decode(readItem(input, depth))),
  weigh: (entry) => runEntryCodec.weigh(plainEntry(entry)),
  equals: (a, b) => runEntryCodec.equals(plainEntry(a), plainEntry(b)),
  checkKey: (key) => void parseRunKey(key),
}

export function plainEntry({ start, record, isOver }: StoredEntry): RunEntry {
  return { start: start.cid, record: record?.cid ?? null, isOver }
}

function storedEntry({ start, record, isOver }: RunEntry): StoredEntry {
  return { start: StoredLink.of(start), record: record === null ? null : StoredLink.of(record), isOver }
}

/** Head of an array of two. */
const PAIR = 0x82

/** Two links, as nearly all entries are; undefined, and nothing is read, if there stands anything else. */
function readPlain(input: CborInput): StoredEntry | undefined {
  const { at } = input
  if (input.bytes[at] !== PAIR) return undefined
  input.at++
  const start = readStoredLink(input)
  const record = start === undefined ? undefined : readStoredLink(input)
  if (start !== undefined && record !== undefined) return { start, record, isOver: true }
  input.at = at
  return undefined
}

function encoded({ start, record, isOver }: RunEntry): readonly unknown[] {
  if (record === null) return [start]
  return isOver ? [start, record] : [start, record, RUNNING]
}
