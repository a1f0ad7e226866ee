import { type CID, DAG_CBOR_CODE, DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import { decodeCbor, encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { asArray, asBytes, asCount, asRecord, asText, shownValue } from '../codec/shape.ts'
import { MalformedDataError, UnsupportedFormatError } from '../errors.ts'

/** The newest state of a remote that was seen: it is not to go back behind that. */
export interface SeenState {
  /** Number of the root record. */
  readonly number: number
  /** Its hash. */
  readonly digest: Uint8Array
}

/** A repository elsewhere, by the name that it has here. */
export interface Remote {
  readonly name: string
  /** `s3://…`, `https://…` or the path of a folder. */
  readonly url: string
  /** Its user has declared that nobody else writes there, since its storage cannot tell two writers apart. */
  readonly singleWriter: boolean
  readonly seen: SeenState | null
}

const VERSION = 1
const FIELDS = ['type', 'version', 'remotes'] as const
const REMOTE_FIELDS = ['name', 'url', 'singleWriter', 'seen'] as const

/** Stores the list of remotes (FORMAT.md, section 15). */
export async function writeRemotes(sink: BlockSink, remotes: readonly Remote[]): Promise<CID> {
  const rows = remotes.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ seen, ...remote }) => ({ ...remote, seen: seen === null ? null : [seen.number, seen.digest] }))
  return sink.put(DAG_CBOR_CODE, encodeCbor({ type: 'remotes', version: VERSION, remotes: rows }))
}

/** @throws MalformedDataError, UnsupportedFormatError */
export async function readRemotes(source: BlockSource, cid: CID): Promise<readonly Remote[]> {
  const value = decodeCbor(await source.get(cid))
  const { type, version } = (typeof value === 'object' ? value : null) as { type?: unknown; version?: unknown } ?? {}
  if (type !== 'remotes') throw new MalformedDataError('The block that should list remotes is something else')
  if (version !== VERSION) throw new UnsupportedFormatError(`A list of remotes has version ${shownValue(version)}; this version of varve knows ${VERSION}`)
  const { remotes } = asRecord(value, 'A list of remotes', FIELDS)
  return asArray(remotes, 'The remotes').map((row) => {
    const fields = asRecord(row, 'A remote', REMOTE_FIELDS)
    if (typeof fields.singleWriter !== 'boolean') throw new MalformedDataError('A remote’s singleWriter must be true or false')
    return { name: asText(fields.name, 'A remote’s name'), url: asText(fields.url, 'A remote’s url'), singleWriter: fields.singleWriter, seen: decodeSeen(fields.seen) }
  })
}

function decodeSeen(value: unknown): SeenState | null {
  if (value === null) return null
  const [number, digest] = asArray(value, 'What was seen of a remote', 2)
  const bytes = asBytes(digest, 'The hash of a state that was seen', DIGEST_SIZE_BYTES)
  if (bytes.length !== DIGEST_SIZE_BYTES) throw new MalformedDataError(`The hash of a state that was seen must have ${DIGEST_SIZE_BYTES} bytes`)
  return { number: asCount(number, 'The number of a state that was seen'), digest: bytes }
}
