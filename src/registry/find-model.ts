import { namesHint } from '../dataset/near-names.ts'
import { NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { parseModelReference } from './model-key.ts'
import { eventsOf, getVersion, type ListedEvent, type ListedVersion, listVersionEntries, listVersions, newestMoves } from './model-tree.ts'

/**
 * The version that a text names: `digits@3`, `digits@production`, or `digits` for the newest.
 * @param at a time (Unix, ms): what an alias named then, and which version was the newest then
 * @throws NotFoundError; InvalidArgumentError for a text that cannot name one
 */
export async function findVersion(repository: BlockRepository, text: string, at: number = Infinity): Promise<ListedVersion> {
  const reference = parseModelReference(text)
  const { name } = reference
  if (reference.kind === 'number') return neededVersion(repository, name, reference.number)
  if (reference.kind === 'newest') {
    for await (const version of listVersions(repository, name)) if (Date.parse(version.at) <= at) return version
    throw await noModel(repository, name, at)
  }
  const { alias } = reference
  const move = await moveAt(repository, name, alias, at)
  if (move?.number != null) return neededVersion(repository, name, move.number)
  const aliases: string[] = []
  for await (const newest of newestMoves(repository, name)) if (newest.alias !== null && newest.number !== null) aliases.push(newest.alias)
  throw new NotFoundError(at === Infinity ? `The model ${name} has no alias "${alias}"` : `The model ${name} had no version as "${alias}" at ${timeText(at)}`, {
    data: { model: name, alias }, hint: aliases.length === 0 ? `Point one to a version: varve model alias ${name}@${alias} 1` : `${namesHint(alias, aliases)} \`varve model history ${name}\` tells since when.`,
  })
}

/**
 * The move of an alias that held at a time: the last in the order of the moves that is not of a later time. Where a clock went backwards between two moves the order decides, which is sure, and not the times.
 */
export async function moveAt(repository: BlockRepository, name: string, alias: string, at: number): Promise<ListedEvent | undefined> {
  for await (const move of eventsOf(repository, { name, alias })) if (Date.parse(move.at) <= at) return move
  return undefined
}

/** @throws NotFoundError */
export async function neededVersion(repository: BlockRepository, name: string, number: number): Promise<ListedVersion> {
  const version = await getVersion(repository, name, number)
  if (version !== undefined) return version
  const { value: newest } = await listVersions(repository, name).next()
  if (newest === undefined) throw await noModel(repository, name, Infinity)
  throw new NotFoundError(`The model ${name} has no version ${number}`, { data: { model: name, number }, hint: `Its newest is ${newest.number}.` })
}

async function noModel(repository: BlockRepository, name: string, at: number): Promise<NotFoundError> {
  const names = await modelNames(repository)
  if (names.includes(name)) return new NotFoundError(`The model ${name} had no version yet at ${timeText(at)}`, { data: { model: name }, hint: `\`varve model list ${name}\` tells when each was registered.` })
  return new NotFoundError(`There is no model "${name}"`, { data: { model: name }, hint: names.length === 0 ? 'None is registered yet: varve model register <name> --run <run>' : `${namesHint(name, names)} \`varve model list\` lists all.` })
}

/** The names that models have, sorted. Reads the tree of versions alone. */
export async function modelNames(repository: BlockRepository): Promise<readonly string[]> {
  const names = new Set<string>()
  for await (const version of listVersionEntries(repository)) names.add(version.name)
  return [...names]
}

function timeText(at: number): string {
  return new Date(at).toISOString()
}
