import { compareBytes } from '../../bytes.ts'
import { type CID, cidText, DAG_CBOR_CODE } from '../../cid/cid.ts'
import { encodeCbor } from '../../codec/dag-cbor.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { MalformedDataError } from '../../errors.ts'
import { editTree } from '../../manifest/edit-tree.ts'
import type { TreeEdit } from '../../manifest/interface.ts'
import { getValue } from '../../manifest/read-tree.ts'
import type { ModelEvent } from '../../registry/interface.ts'
import { eventKey, type EventSubject, isVersionNumber, modelLabel, versionKey } from '../../registry/model-key.ts'
import { encodeModelEvent, readModelVersion } from '../../registry/model-object.ts'
import { EVENTS_REF, MODELS_REF } from '../../registry/model-tree.ts'
import { type VersionEntry, versionEntryCodec } from '../../registry/version-entry.ts'
import type { RefChange, Session } from '../../repository/index.ts'
import { linkCodec } from '../../repository/link-codec.ts'
import { readRunStart, readStoredRecord } from '../../run/run-object.ts'
import type { FoundEvent } from './event-chain.ts'
import type { RecordTrees } from './interface.ts'
import type { JoinedEvents, JoinedVersion, ModelPlan } from './join-models.ts'

/**
 * What a commit has to change so that versions and events stand in a repository. Reads each version, and its run.
 * @param source where these are read
 * @param onto the trees that they come after
 * @throws MalformedDataError if one is not what its entry says
 */
export async function modelChanges(session: Session, source: BlockSource, onto: RecordTrees, { versions, events }: ModelPlan): Promise<readonly RefChange[]> {
  if (versions.length + events.length === 0) return []
  const changes: RefChange[] = []
  const models = onto.models ?? null
  let after = models
  if (versions.length > 0) {
    const edits: TreeEdit<VersionEntry>[] = []
    for (const version of versions) edits.push({ key: versionKey(version.name, version.number), value: await entryOf(source, version) })
    after = await editTree(session, session, models, versionEntryCodec, sorted(edits))
    changes.push({ name: MODELS_REF, expected: models, target: after, own: true })
  }
  if (events.length > 0) {
    const tree = onto.events ?? null
    const edits: TreeEdit<CID>[] = []
    for (const joined of events) edits.push({ key: eventKey(joined.about), value: await headOf(session, after, joined) })
    changes.push({ name: EVENTS_REF, expected: tree, target: await editTree(session, session, tree, linkCodec, sorted(edits)), own: true })
    // Events are of the versions that were looked at.
    if (versions.length === 0) changes.push({ name: MODELS_REF, expected: models, target: models, own: true })
  }
  return changes
}

/** What the tree says of a version, from the version itself. */
async function entryOf(source: BlockSource, { name, number, cid }: JoinedVersion): Promise<VersionEntry> {
  const version = await readModelVersion(source, cid)
  const label = modelLabel({ name, number })
  if (version.name !== name || version.number !== number) throw malformed(label, cid, `is ${modelLabel(version)}`)
  await readRunStart(source, version.run)
  const { record } = await readStoredRecord(source, version.record)
  if (!record.start.equals(version.run)) throw malformed(label, cid, 'names the record of another run than its own')
  if (!record.artifacts.some((artifact) => artifact.name === version.artifact && artifact.root.equals(version.root))) throw malformed(label, cid, 'is of an artifact that its run did not make')
  return { cid, root: version.root, evaluatedOn: version.evaluation?.root ?? null, run: version.run }
}

/** The newest event of an alias or a version, after all that is new. What the repository alone had comes last, as new events that say the same. */
async function headOf(session: Session, models: CID | null, { about, newest, fresh, own }: JoinedEvents): Promise<CID> {
  for (const event of fresh) await assertAbout(session, models, about, event)
  const known = new Set(fresh.map(contentOf))
  let head = newest.cid
  for (const { cid: _, ...event } of own.toReversed()) if (!known.has(contentOf(event))) head = await session.put(DAG_CBOR_CODE, encodeModelEvent({ ...event, previous: head }))
  return head
}

/** @throws MalformedDataError for an event of something else, or of a version that there is not */
async function assertAbout(source: BlockSource, models: CID | null, about: EventSubject, { cid, kind, model, alias, version, number }: FoundEvent): Promise<void> {
  const isSubject = 'alias' in about ? kind === 'alias' && alias === about.alias : kind === 'approval' && alias === null && number === about.number
  if (model !== about.name || !isSubject) throw malformed(subjectOf(about), cid, 'is about something else')
  if (version === null && number === null && kind === 'alias') return
  const entry = models === null || version === null || number === null || !isVersionNumber(number) ? undefined : await getValue(source, models, versionEntryCodec, versionKey(model, number))
  if (version === null || entry?.cid.equals(version) !== true) throw malformed(subjectOf(about), cid, 'names a version that there is not')
}

/** All that an event says but for what came before it. */
function contentOf({ kind, model, alias, version, number, by, at, why }: Omit<ModelEvent, 'previous'>): string {
  return String(encodeCbor([kind, model, alias, version, number, by, at, why]))
}

function subjectOf(about: EventSubject): string {
  return 'alias' in about ? `${about.name}@${about.alias}` : modelLabel(about)
}

function sorted<V>(edits: TreeEdit<V>[]): readonly TreeEdit<V>[] {
  return edits.sort((a, b) => compareBytes(a.key, b.key))
}

function malformed(label: string, cid: CID, what: string): MalformedDataError {
  return new MalformedDataError(`The trees of models have ${cidText(cid)} for ${label}, which ${what}`, { data: { model: label, cid: cidText(cid) } })
}
