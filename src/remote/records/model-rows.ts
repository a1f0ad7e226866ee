import type { CID } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { MalformedDataError } from '../../errors.ts'
import { type EventSubject, isVersionNumber, parseEventKey, parseModelName, parseVersionKey } from '../../registry/model-key.ts'
import { versionEntryCodec } from '../../registry/version-entry.ts'
import { linkCodec } from '../../repository/link-codec.ts'
import type { RecordTrees } from './interface.ts'
import { treeDifferences } from './tree-differences.ts'

/** A version, by what each side has under its number. */
export interface VersionRow {
  readonly number: number
  readonly source: CID | undefined
  readonly target: CID | undefined
}

/** An alias, or the approvals of a version, by the newest event of each side. */
export interface EventRow {
  readonly about: EventSubject
  readonly source: CID | undefined
  readonly target: CID | undefined
}

/** In what two sides differ of one model. */
export interface ModelRows {
  /** By their numbers, from the first. */
  readonly versions: VersionRow[]
  readonly events: EventRow[]
}

/** The models that are not the same on both sides, by name. Reads the nodes in which the trees differ. @throws MalformedDataError if a key or an entry is none */
export async function modelRows(nodes: BlockSource, source: RecordTrees, target: RecordTrees): Promise<ReadonlyMap<string, ModelRows>> {
  const models = new Map<string, ModelRows>()
  const rowsOf = (name: string): ModelRows => {
    const known = models.get(name)
    if (known !== undefined) return known
    const rows: ModelRows = { versions: [], events: [] }
    models.set(name, rows)
    return rows
  }
  for await (const { key, before, after } of treeDifferences(nodes, source.models, target.models, versionEntryCodec)) {
    const { name, number } = checkedVersion(key)
    // Entries of old say less of the same version.
    if (before !== undefined && after?.cid.equals(before.cid) === true) continue
    rowsOf(name).versions.unshift({ number, source: before?.cid, target: after?.cid })
  }
  for await (const { key, before, after } of treeDifferences(nodes, source.events, target.events, linkCodec)) {
    const about = parseEventKey(key)
    rowsOf(about.name).events.push({ about, source: before, target: after })
  }
  return models
}

function checkedVersion(key: Uint8Array): { readonly name: string; readonly number: number } {
  const { name, number } = parseVersionKey(key)
  if (!isVersionNumber(number)) throw new MalformedDataError(`A key of the tree of models has the number ${number}`)
  try {
    return { name: parseModelName(name), number }
  } catch (cause) {
    throw new MalformedDataError('A key of the tree of models has a name that no model can have', { cause })
  }
}
