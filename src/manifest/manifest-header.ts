import type { CID } from '../cid/cid.ts'
import { DAG_CBOR_CODE } from '../cid/cid.ts'
import { decodeCbor, encodeCbor } from '../codec/dag-cbor.ts'
import { asCid, asCount, asRecord, asText, shownValue } from '../codec/shape.ts'
import { MalformedDataError, UnsupportedFormatError } from '../errors.ts'
import type { ManifestTotals } from './interface.ts'

const TYPE = 'manifest'
const VERSION = 1

/** The block whose CID is the root of a dataset (FORMAT.md, section 5). */
export interface ManifestHeader {
  /** Name of the chunker that cut the files; it may be one that this version does not know. */
  readonly chunker: string
  readonly totals: ManifestTotals
  /** Root of the tree of paths. */
  readonly tree: CID
}

export function encodeManifestHeader({ chunker, totals, tree }: ManifestHeader): Uint8Array {
  return encodeCbor({ type: TYPE, version: VERSION, chunker, entries: totals.entries, files: totals.files, bytes: totals.bytes, tree })
}

/**
 * @throws UnsupportedFormatError for a manifest of another version
 * @throws MalformedDataError for anything else that is not a manifest
 */
export function decodeManifestHeader(bytes: Uint8Array): ManifestHeader {
  const value = decodeCbor(bytes)
  const { type, version } = (typeof value === 'object' ? value : null) as { type?: unknown; version?: unknown } ?? {}
  if (type !== TYPE) throw new MalformedDataError('The block is not a manifest')
  if (version !== VERSION) throw new UnsupportedFormatError(`Manifests of version ${shownValue(version)} are not known; this version of varve reads ${VERSION}`, { data: { version: shownValue(version) } })
  const fields = asRecord(value, 'A manifest', ['type', 'version', 'chunker', 'entries', 'files', 'bytes', 'tree'])
  const entries = asCount(fields.entries, 'The number of entries of a manifest')
  const files = asCount(fields.files, 'The number of files of a manifest', entries)
  const totals = { entries, files, bytes: asCount(fields.bytes, 'The size of a manifest', files === 0 ? 0 : Number.MAX_SAFE_INTEGER) }
  return { chunker: asText(fields.chunker, 'The chunker of a manifest'), totals, tree: asCid(fields.tree, 'The tree of a manifest', DAG_CBOR_CODE) }
}
