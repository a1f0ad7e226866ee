import type { Repository } from '../dataset/repository.ts'
import { InvalidArgumentError, NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { AliasMove, ModelInfo } from './interface.ts'
import { modelInfo } from './model-info.ts'
import { parseAlias, parseModelName, parseModelReference } from './model-key.ts'
import { commitEvent, eventsOf, getVersion, type ListedEvent, type ListedVersion, listVersionEntries, listVersions, newestMoves } from './model-tree.ts'

export interface ModelActOptions {
  readonly why?: string
  readonly by?: string
}

/** Versions with all that is known of them, the newest of each name first. */
export async function* listModels({ blocks }: Repository, name?: string): AsyncGenerator<ModelInfo> {
  for await (const version of listVersions(blocks, name === undefined ? undefined : parseModelName(name))) yield modelInfo(blocks, version)
}

/**
 * The version that a text names: `digits@3`, `digits@production`, or `digits` for the newest.
 * @param at a time (Unix, ms): where an alias pointed then
 * @throws NotFoundError
 */
export async function resolveModel({ blocks }: Repository, text: string, { at }: { readonly at?: number } = {}): Promise<ModelInfo> {
  return modelInfo(blocks, await findVersion(blocks, text, at))
}

/** Points an alias to a version, as of now. What it pointed to before stays in its history. @throws NotFoundError */
export async function moveAlias(repository: Repository, model: string, alias: string, number: number, { why, by }: ModelActOptions = {}): Promise<AliasMove> {
  const { blocks } = repository
  const name = parseModelName(model)
  const version = await neededVersion(blocks, name, number)
  const moved = await commitEvent(blocks, { kind: 'alias', model: name, alias: parseAlias(alias), version: version.cid, number, by: by ?? null, at: blocks.platform.now().toISOString(), why: why ?? null })
  const { value: move } = await movesOf(blocks, name, moved)[Symbol.asyncIterator]().next()
  return move as AliasMove
}

/** Says that somebody stands for a version. @throws NotFoundError; InvalidArgumentError without a name */
export async function approveModel(repository: Repository, text: string, { why, by }: ModelActOptions): Promise<ModelInfo> {
  const { blocks } = repository
  if (by === undefined || by === '') throw new InvalidArgumentError('An approval needs the name of who approves', { hint: 'Pass --as <identity>.' })
  const version = await findVersion(blocks, text)
  await commitEvent(blocks, { kind: 'approval', model: version.name, alias: null, version: version.cid, number: version.number, by, at: blocks.platform.now().toISOString(), why: why ?? null })
  return modelInfo(blocks, version)
}

/** Every move of a model's aliases, the newest first. */
export async function modelHistory({ blocks }: Repository, model: string, alias?: string): Promise<readonly AliasMove[]> {
  const name = parseModelName(model)
  const moves: AliasMove[] = []
  for await (const newest of newestMoves(blocks, name)) {
    if (alias !== undefined && newest.alias !== alias) continue
    for await (const move of movesOf(blocks, name, newest)) moves.push(move)
  }
  return moves.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
}

/** The version that a text names, as `resolveModel`, and no more than its own block is read. @throws NotFoundError */
export async function findVersion(blocks: BlockRepository, text: string, at?: number): Promise<ListedVersion> {
  const reference = parseModelReference(text)
  const { name } = reference
  if (reference.kind === 'number') return neededVersion(blocks, name, reference.number)
  if (reference.kind === 'newest') {
    const { value: newest } = await listVersions(blocks, name).next()
    if (newest !== undefined) return newest
    throw await noModel(blocks, name)
  }
  for await (const event of eventsOf(blocks, { name, alias: reference.alias })) {
    if (at !== undefined && Date.parse(event.at) > at) continue
    if (event.number === null) break
    return neededVersion(blocks, name, event.number)
  }
  const aliases: string[] = []
  for await (const { alias } of newestMoves(blocks, name)) if (alias !== null) aliases.push(alias)
  throw new NotFoundError(at === undefined ? `The model ${name} has no alias "${reference.alias}"` : `The model ${name} had no version as "${reference.alias}" at ${new Date(at).toISOString()}`, {
    data: { model: name, alias: reference.alias }, hint: aliases.length === 0 ? `Point one to a version: varve model alias ${name}@${reference.alias} 1` : `It has ${aliases.join(', ')}.`,
  })
}

async function neededVersion(blocks: BlockRepository, name: string, number: number): Promise<ListedVersion> {
  const version = await getVersion(blocks, name, number)
  if (version !== undefined) return version
  const { value: newest } = await listVersions(blocks, name).next()
  if (newest === undefined) throw await noModel(blocks, name)
  throw new NotFoundError(`The model ${name} has no version ${number}`, { data: { model: name, number }, hint: `Its newest is ${newest.number}.` })
}

async function noModel(blocks: BlockRepository, name: string): Promise<NotFoundError> {
  const names = new Set<string>()
  for await (const version of listVersionEntries(blocks)) names.add(version.name)
  return new NotFoundError(`There is no model "${name}"`, { data: { model: name }, hint: names.size === 0 ? 'None is registered yet: varve model register <name> --run <run>.' : `There are ${[...names].join(', ')}.` })
}

/** The moves of an alias from one on, backwards. */
async function* movesOf(blocks: BlockRepository, name: string, newest: ListedEvent): AsyncGenerator<AliasMove> {
  let after: ListedEvent | undefined
  for await (const event of eventsOf(blocks, { name, alias: newest.alias ?? '' })) {
    if (after !== undefined) yield moveOf(after, event)
    after = event
  }
  if (after !== undefined) yield moveOf(after, undefined)
}

function moveOf({ alias, at, by, why, number }: ListedEvent, before: ListedEvent | undefined): AliasMove {
  return { alias: alias ?? '', at, by, why, before: before?.number ?? null, after: number }
}
