import { type CID, cidText } from '../../cid/cid.ts'
import { MalformedDataError } from '../../errors.ts'
import { scanTree } from '../../manifest/read-tree.ts'
import { type EventSubject, modelPrefix, parseVersionKey } from '../../registry/model-key.ts'
import { versionEntryCodec } from '../../registry/version-entry.ts'
import { compareChains, type FoundEvent } from './event-chain.ts'
import type { RecordTrees, RefusedModel, Sides } from './interface.ts'
import { type ModelRows, modelRows, type VersionRow } from './model-rows.ts'
import { refusedEvents, refusedVersion } from './refused-model.ts'

export interface JoinedVersion {
  readonly name: string
  readonly number: number
  readonly cid: CID
}

/** Events of an alias, or approvals of a version, that the target lacks. */
export interface JoinedEvents {
  readonly about: EventSubject
  /** The newest of them. */
  readonly newest: FoundEvent
  /** All of them, the newest first. */
  readonly fresh: readonly FoundEvent[]
  /** Those that it alone has, the newest first: they are to come after the others. */
  readonly own: readonly FoundEvent[]
}

export interface ModelPlan {
  readonly versions: readonly JoinedVersion[]
  readonly events: readonly JoinedEvents[]
  readonly refused: readonly RefusedModel[]
}

/**
 * What one side's models know beyond the other's. Versions are promises: a model goes over if one side's versions are the beginning of the other's, and so are the events of each alias and version; else it stays as it is. What both sides added to an alias or to approvals is put one after the other by
 * who takes it over, where nothing is to be decided: approvals, and aliases that both sides point to the same version now.
 * @throws MalformedDataError if an entry is none
 */
export async function joinModels(sides: Sides, source: RecordTrees, target: RecordTrees): Promise<ModelPlan> {
  const versions: JoinedVersion[] = []
  const events: JoinedEvents[] = []
  const refused: RefusedModel[] = []
  for (const [name, rows] of await modelRows(sides.either, source, target)) {
    const joined = await joinModel(sides, name, rows, target)
    if ('refused' in joined) {
      refused.push(joined.refused)
      continue
    }
    versions.push(...joined.versions)
    events.push(...joined.events)
  }
  return { versions, events, refused }
}

async function joinModel(sides: Sides, name: string, rows: ModelRows, target: RecordTrees): Promise<Omit<ModelPlan, 'refused'> | { readonly refused: RefusedModel }> {
  const apart = rows.versions.find((row) => row.source !== undefined && row.target !== undefined)
  if (apart?.source !== undefined && apart.target !== undefined) return { refused: await refusedVersion(sides, { name, number: apart.number, source: apart.source, target: apart.target }) }
  const versions = await laterVersions(sides, name, rows.versions, target)
  const events: JoinedEvents[] = []
  for (const { about, source, target: there } of rows.events) {
    const { sourceOnly: fresh, targetOnly: own } = await compareChains(sides.either, source, there, sides.source === sides.near)
    const [newest, kept] = [fresh[0], own[0]]
    if (newest === undefined) continue
    if (kept !== undefined && !mayFollow(sides, about, newest, kept)) return { refused: refusedEvents(sides, about, newest, kept) }
    events.push({ about, newest, fresh, own })
  }
  return { versions, events }
}

/** Versions that come right after the target's newest. */
async function laterVersions({ either }: Sides, name: string, rows: readonly VersionRow[], target: RecordTrees): Promise<readonly JoinedVersion[]> {
  const later = rows.flatMap(({ number, source }) => (source === undefined ? [] : [{ name, number, cid: source }]))
  if (later.length === 0) return []
  const newest = await newestNumber(either, target, name)
  const gap = later.find(({ number }, at) => number !== newest + 1 + at)
  if (gap !== undefined) throw new MalformedDataError(`The model ${name} has a version ${gap.number} (${cidText(gap.cid)}) and not those before it`, { data: { model: name, number: gap.number } })
  return later
}

async function newestNumber(nodes: Sides['either'], { models }: RecordTrees, name: string): Promise<number> {
  if (models === undefined) return 0
  for await (const { key } of scanTree(nodes, models, versionEntryCodec, { prefix: modelPrefix(name) })) return parseVersionKey(key).number
  return 0
}

/** Whether what the target alone did may simply come after what the source did: that is for who works there to see, so only at the near side. */
function mayFollow({ target, near }: Sides, about: EventSubject, sent: FoundEvent, kept: FoundEvent): boolean {
  return target === near && ('number' in about || sent.number === kept.number)
}
