import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { NotFoundError, RefConflictError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import { getValue, scanTree } from '../manifest/read-tree.ts'
import type { BlockRepository, CommitRequest, RefChange, Session } from '../repository/index.ts'
import { linkCodec } from '../repository/link-codec.ts'
import type { ModelEvent, ModelVersion } from './interface.ts'
import { aliasPrefix, eventKey, type EventSubject, isVersionNumber, modelLabel, modelPrefix, parseVersionKey, versionKey } from './model-key.ts'
import { encodeModelEvent, encodeModelVersion, readModelEvent, readModelVersion } from './model-object.ts'
import { type VersionEntry, versionEntryCodec } from './version-entry.ts'

/** The ref to the tree of versions, and that to the tree of the newest event of each alias and version. */
export const MODELS_REF = '_varve/models'
export const EVENTS_REF = '_varve/model-events'

export interface ListedVersion extends ModelVersion {
  readonly cid: CID
}

export interface ListedEvent extends ModelEvent {
  readonly cid: CID
}

/** Versions, by name and then newest first; of one name alone if it is given. */
export async function* listVersions(repository: BlockRepository, name?: string): AsyncGenerator<ListedVersion> {
  const tree = await repository.getRef(MODELS_REF)
  if (tree !== undefined) yield* versionsIn(repository, tree, name)
}

/** What the tree says of a version. */
export interface ListedEntry extends VersionEntry {
  readonly name: string
  readonly number: number
}

/** The same as `listVersions`, reading no version. */
export async function* listVersionEntries(repository: BlockRepository, name?: string): AsyncGenerator<ListedEntry> {
  const tree = await repository.getRef(MODELS_REF)
  if (tree !== undefined) yield* entriesIn(repository, tree, name)
}

/** A version by its number. Reads a few nodes. */
export async function getVersion(repository: BlockRepository, name: string, number: number): Promise<ListedVersion | undefined> {
  const tree = await repository.getRef(MODELS_REF)
  if (tree === undefined || !isVersionNumber(number)) return undefined
  const entry = await getValue(repository, tree, versionEntryCodec, versionKey(name, number))
  return entry === undefined ? undefined : { ...(await readModelVersion(repository, entry.cid)), cid: entry.cid }
}

/** What happened to an alias, or to a version, the newest first. */
export async function* eventsOf(repository: BlockRepository, about: EventSubject): AsyncGenerator<ListedEvent> {
  const tree = await repository.getRef(EVENTS_REF)
  let next = tree === undefined ? null : ((await getValue(repository, tree, linkCodec, eventKey(about))) ?? null)
  while (next !== null) {
    const cid: CID = next
    const event = await readModelEvent(repository, cid)
    yield { ...event, cid }
    next = event.previous
  }
}

/** The newest move of each alias of a name. */
export async function* newestMoves(repository: BlockRepository, name: string): AsyncGenerator<ListedEvent> {
  const tree = await repository.getRef(EVENTS_REF)
  if (tree === undefined) return
  for await (const { value } of scanTree(repository, tree, linkCodec, { prefix: aliasPrefix(name) })) yield { ...(await readModelEvent(repository, value)), cid: value }
}

/** Commits the next version of a name. @returns it, with its number */
export async function commitVersion(repository: BlockRepository, version: Omit<ModelVersion, 'number'>): Promise<ListedVersion> {
  return commitOnTrees(repository, async (session, { models }) => {
    const newest = models === null ? undefined : (await versionsIn(session, models, version.name).next()).value
    const next: ModelVersion = { ...version, number: (newest?.number ?? 0) + 1 }
    const cid = await session.put(DAG_CBOR_CODE, encodeModelVersion(next))
    const value: VersionEntry = { cid, root: next.root, evaluatedOn: next.evaluation?.root ?? null, run: next.run }
    const target = await editTree(session, session, models, versionEntryCodec, [{ key: versionKey(next.name, next.number), value }])
    return { result: { ...next, cid }, request: { action: 'model', message: version.why ?? modelLabel(next), actor: version.by, refs: [{ name: MODELS_REF, expected: models, target, own: true }] } }
  })
}

/** Commits what happened to an alias or a version, after what had happened to it before. @throws NotFoundError if the model was removed meanwhile */
export async function commitEvent(repository: BlockRepository, event: Omit<ModelEvent, 'previous'>): Promise<ListedEvent> {
  const { model: name, alias, number, why, by } = event
  const key = eventKey(alias === null ? { name, number: number ?? 0 } : { name, alias })
  return commitOnTrees(repository, async (session, { models, events }) => {
    await assertStillThere(session, models, event)
    const previous = events === null ? null : ((await getValue(session, events, linkCodec, key)) ?? null)
    const next: ModelEvent = { ...event, previous }
    const cid = await session.put(DAG_CBOR_CODE, encodeModelEvent(next))
    const what = alias === null ? `${name}@${number} approved` : `${name}@${alias}: ${number ?? 'taken away'}`
    const target = await editTree(session, session, events, linkCodec, [{ key, value: cid }])
    // The versions are those that were looked at: an event of a model that there is not would stand in the way of its coming back.
    const refs: readonly RefChange[] = [{ name: EVENTS_REF, expected: events, target, own: true }, { name: MODELS_REF, expected: models, target: models, own: true }]
    return { result: { ...next, cid }, request: { action: alias === null ? 'model-approve' : 'model-alias', message: why ?? what, actor: by, refs } }
  })
}

/** @throws NotFoundError if a version that an event is about, or the model whose alias is taken away, is not in a tree */
async function assertStillThere(source: BlockSource, models: CID | null, { model, version, number }: Omit<ModelEvent, 'previous'>): Promise<void> {
  const isThere = models !== null && (version === null || number === null
    ? (await entriesIn(source, models, model).next()).done !== true
    : (await getValue(source, models, versionEntryCodec, versionKey(model, number)))?.cid.equals(version) === true)
  if (!isThere) throw new NotFoundError(`The model ${model} was removed meanwhile`, { data: { model }, hint: '`varve log --operations` tells by whom and why; `varve pull` brings it back from a remote that has it.' })
}

/** The trees of models as a commit expects them; null where there is none. */
export interface ModelTrees {
  readonly models: CID | null
  readonly events: CID | null
}

/**
 * Commits a change of the trees. What is decided must be decided from the trees that are passed in, and the request must expect them: whoever commits meanwhile, in this process or another, makes this begin again.
 */
export async function commitOnTrees<T>(repository: BlockRepository, decide: (session: Session, trees: ModelTrees) => Promise<{ readonly result: T; readonly request: CommitRequest }>): Promise<T> {
  return repository.withSession(async (session) => {
    for (;;) {
      const { result, request } = await decide(session, { models: (await repository.getRef(MODELS_REF)) ?? null, events: (await repository.getRef(EVENTS_REF)) ?? null })
      try {
        await session.commit(request)
        return result
      } catch (error) {
        if (!(error instanceof RefConflictError)) throw error
        await repository.refresh()
      }
    }
  })
}

async function* versionsIn(source: BlockSource, tree: CID, name: string | undefined): AsyncGenerator<ListedVersion, undefined, undefined> {
  for await (const { cid } of entriesIn(source, tree, name)) yield { ...(await readModelVersion(source, cid)), cid }
}

async function* entriesIn(source: BlockSource, tree: CID, name: string | undefined): AsyncGenerator<ListedEntry, undefined, undefined> {
  for await (const { key, value } of scanTree(source, tree, versionEntryCodec, name === undefined ? {} : { prefix: modelPrefix(name) })) yield { ...parseVersionKey(key), ...value }
}
