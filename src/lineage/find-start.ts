import { type CID, cidText, tryParseCid } from '../cid/cid.ts'
import { idOf } from '../cid/digest-id.ts'
import { nearest } from '../dataset/near-names.ts'
import { resolveRecord } from '../dataset/revision.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import { AmbiguousRevisionError, InvalidArgumentError, NotFoundError, type VarveError } from '../errors.ts'
import { readRun } from '../recipe/run-object.ts'
import { findVersion, modelNames } from '../registry/find-model.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isReservedName } from '../repository/reserved-name.ts'
import { shownTracked } from '../repository/tracked-ref.ts'
import { findRun, runNames } from '../run/find-run.ts'
import { parseRunLabel, type RunNumber } from '../run/run-key.ts'
import { readRunRecord } from '../run/run-checkpoint.ts'
import { type ActTable } from './act.ts'
import { evaluationId } from './model-acts.ts'
import type { Place } from './lineage-graph.ts'
import { runActs, runOfStart, useOf } from './run-acts.ts'

/**
 * Where a walk begins: at the data, the run or the model that a text names. A model version comes with its evaluation.
 * @throws NotFoundError; AmbiguousRevisionError where a tag and a model have the same name; InvalidArgumentError for a path
 */
export async function findStart(blocks: BlockRepository, table: ActTable, text: string): Promise<readonly Place[]> {
  if (text.includes(':')) throw new InvalidArgumentError(`"${text}" names a path, and lineage is that of whole datasets`, { hint: '`varve impact <rev>:<path>` says who used a file.' })
  const cid = tryParseCid(text)
  if (cid !== undefined) return byCid(blocks, table, cid)
  if (parseRunLabel(text) !== undefined) return byRun(blocks, text)
  const revision = await attempt(() => byRevision(blocks, text))
  const model = text.includes('@') ? await attempt(() => byModel(blocks, table, text)) : undefined
  if (Array.isArray(revision) && Array.isArray(model)) {
    throw new AmbiguousRevisionError(`"${text}" is a tag and a model`, { data: { revision: text, candidates: [revision, model].flat().map(({ root, act }) => cidText(root ?? act.cid)) }, hint: 'Name it by its CID: `varve refs` and `varve model show` print them.' })
  }
  if (Array.isArray(revision)) return revision
  if (Array.isArray(model)) return model
  const run = await attempt(() => byRun(blocks, text))
  if (Array.isArray(run)) return run
  const newest = text.includes('@') ? undefined : await attempt(() => byModel(blocks, table, text))
  if (Array.isArray(newest)) return newest
  const near = nearest(text, await knownNames(blocks))
  throw new NotFoundError(`There is no dataset, run or model "${text}" in ${blocks.storage.location}`, {
    data: { revision: text, near: near ?? null }, cause: revision, hint: `${near === undefined ? '' : `Did you mean ${near}? `}\`varve refs\`, \`varve runs\` and \`varve model list\` say what there is.`,
  })
}

/** Refs and tags, then runs, then models. */
async function knownNames(blocks: BlockRepository): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of blocks.refs()) names.push(shownTracked(name) ?? name)
  return [...names.filter((name) => !isReservedName(name)), ...(await runNames(blocks)), ...(await modelNames(blocks))]
}

async function byRevision(blocks: BlockRepository, text: string): Promise<Place[]> {
  const { root } = await resolveRecord(blocks, text)
  return [dataPlace(root)]
}

async function byRun(blocks: BlockRepository, text: string): Promise<Place[]> {
  return runPlaces(blocks, await findRun(blocks, text))
}

async function byModel(blocks: BlockRepository, table: ActTable, text: string): Promise<Place[]> {
  return actPlaces(table, idOf((await findVersion(blocks, text)).cid))
}

/** Told by what the block is. A root may have been dropped, and is known by what used or made it. */
async function byCid(blocks: BlockRepository, table: ActTable, cid: CID): Promise<readonly Place[]> {
  const text = cidText(cid)
  const known = actPlaces(table, idOf(cid))
  if (known.length > 0) return known
  if (!(await blocks.has(cid)) && (await blocks.isEvicted(cid))) return [dataPlace(cid)]
  const type: unknown = cid.code === 0x71 ? (decodeCbor(await blocks.get(cid)) as { type?: unknown } | null)?.type : undefined
  if (type === 'run-start') return runPlaces(blocks, await runOfStart(blocks, cid))
  if (type === 'run') return runPlaces(blocks, await runOfStart(blocks, (await readRunRecord(blocks, cid)).start))
  if (type === 'derivation-run') return actPlaces(table, idOf((await readRun(blocks, cid)).derivation))
  if (type === 'manifest' || type === 'snapshot') return byRevision(blocks, text)
  throw new InvalidArgumentError(`${text} is no dataset, run, derivation or model version`, { data: { cid: text }, hint: '`varve impact <cid>` says who used a chunk.' })
}

function dataPlace(root: CID): Place {
  return { id: idOf(root), root }
}

async function runPlaces(blocks: BlockRepository, run: RunNumber & { readonly start: CID }): Promise<Place[]> {
  return (await runActs(blocks, [useOf(run, run.start)])).map((act) => ({ id: act.id, act }))
}

function actPlaces(table: ActTable, id: string): Place[] {
  return [id, evaluationId(id)].flatMap((one) => {
    const act = table.get(one)
    return act === undefined ? [] : { id: one, act }
  })
}

/** What `find` gives, or the error where nothing has that name, or could have it. */
async function attempt<T>(find: () => Promise<T>): Promise<T | VarveError> {
  try {
    return await find()
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof InvalidArgumentError) return error
    throw error
  }
}
