import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { RefConflictError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { ValueCodec } from '../manifest/interface.ts'
import { getValue, scanTree } from '../manifest/read-tree.ts'
import type { BlockRepository, RefChange, Session } from '../repository/index.ts'
import { linkCodec } from '../repository/link-codec.ts'
import type { ModelEvent, ModelVersion } from './interface.ts'
import { aliasKey, aliasPrefix, approvalKey, modelPrefix, parseVersionKey, versionKey } from './model-key.ts'
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
  for await (const { cid } of listVersionEntries(repository, name)) yield { ...(await readModelVersion(repository, cid)), cid }
}

/** The same, reading no version: what the tree says of them. */
export async function* listVersionEntries(repository: BlockRepository, name?: string): AsyncGenerator<VersionEntry & { readonly name: string; readonly number: number }> {
  const tree = await repository.getRef(MODELS_REF)
  if (tree === undefined) return
  for await (const { key, value } of scanTree(repository, tree, versionEntryCodec, name === undefined ? {} : { prefix: modelPrefix(name) })) yield { ...parseVersionKey(key), ...value }
}

export async function getVersion(repository: BlockRepository, name: string, number: number): Promise<ListedVersion | undefined> {
  const tree = await repository.getRef(MODELS_REF)
  const entry = tree === undefined ? undefined : await getValue(repository, tree, versionEntryCodec, versionKey(name, number))
  return entry === undefined ? undefined : { ...(await readModelVersion(repository, entry.cid)), cid: entry.cid }
}

/** What happened to an alias, or to a version, the newest first. */
export async function* eventsOf(repository: BlockRepository, about: { readonly name: string } & ({ readonly alias: string } | { readonly number: number })): AsyncGenerator<ListedEvent> {
  const tree = await repository.getRef(EVENTS_REF)
  const key = 'alias' in about ? aliasKey(about.name, about.alias) : approvalKey(about.name, about.number)
  let cid = tree === undefined ? undefined : await getValue(repository, tree, linkCodec, key)
  while (cid !== undefined && cid !== null) {
    const event: ModelEvent = await readModelEvent(repository, cid)
    yield { ...event, cid }
    cid = event.previous ?? undefined
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
  return repository.withSession((session) => retried(repository, async () => {
    const { value: newest } = await listVersions(repository, version.name).next()
    const next: ModelVersion = { ...version, number: (newest?.number ?? 0) + 1 }
    const cid = await session.put(DAG_CBOR_CODE, encodeModelVersion(next))
    const change = await edited(repository, session, MODELS_REF, versionEntryCodec, versionKey(next.name, next.number), { cid, root: next.root, evaluatedOn: next.evaluation?.root ?? null })
    await session.commit({ action: 'model', message: version.why ?? `${next.name}@${next.number}`, actor: version.by, refs: [change] })
    return { ...next, cid }
  }))
}

/**
 * Commits what happened to an alias or a version after what had happened to it before.
 * @param check asked before each attempt with the newest event of the same alias or version; throws to refuse
 */
export async function commitEvent(
  repository: BlockRepository, event: Omit<ModelEvent, 'previous'>, check: (previous: ListedEvent | undefined) => void | Promise<void> = () => undefined,
): Promise<ListedEvent> {
  const { model: name, alias, number, why, by } = event
  return repository.withSession((session) => retried(repository, async () => {
    const about = alias === null ? { name, number: number ?? 0 } : { name, alias }
    const { value: previous } = await eventsOf(repository, about).next()
    await check(previous)
    const next: ModelEvent = { ...event, previous: previous?.cid ?? null }
    const cid = await session.put(DAG_CBOR_CODE, encodeModelEvent(next))
    const change = await edited(repository, session, EVENTS_REF, linkCodec, alias === null ? approvalKey(name, number ?? 0) : aliasKey(name, alias), cid)
    await session.commit({ action: alias === null ? 'model-approve' : 'model-alias', message: why ?? '', actor: by, refs: [change] })
    return { ...next, cid }
  }))
}

async function edited<V>(repository: BlockRepository, session: Session, ref: string, codec: ValueCodec<V>, key: Uint8Array, value: V): Promise<RefChange> {
  const tree = (await repository.getRef(ref)) ?? null
  return { name: ref, expected: tree, target: await editTree(session, session, tree, codec, [{ key, value }]), own: true }
}

async function retried<T>(repository: BlockRepository, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      await repository.refresh()
    }
  }
}
