import type { Repository } from '../dataset/repository.ts'
import { InvalidArgumentError, NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { aliasMove, allMoves } from './alias-history.ts'
import type { CheckPolicy, CheckPort } from './check/interface.ts'
import { assertAllowed } from './check/gate.ts'
import { findVersion, moveAt, neededVersion } from './find-model.ts'
import type { AliasMove, ModelInfo } from './interface.ts'
import { modelInfo } from './model-info.ts'
import { parseAlias, parseModelName } from './model-key.ts'
import { commitEvent, type ListedVersion, listVersions, newestMoves } from './model-tree.ts'

export interface ModelActOptions {
  readonly why?: string
  readonly by?: string
  /** What must be shown before the act (`readPolicy` reads one from a file). Default: nothing. */
  readonly policy?: CheckPolicy
  /** What the policy's checks may do outside of the repository. */
  readonly port?: CheckPort
}

/** Versions with all that is known of them, the newest of each name first. */
export async function* listModels({ blocks }: Repository, name?: string): AsyncGenerator<ModelInfo> {
  for await (const version of listVersions(blocks, name === undefined ? undefined : parseModelName(name))) yield modelInfo(blocks, version)
}

/**
 * The version that a text names: `digits@3`, `digits@production`, or `digits` for the newest.
 * @param at a time (Unix, ms): what an alias named then, and which version was the newest; aliases and approvals as they were then
 * @throws NotFoundError
 */
export async function resolveModel({ blocks }: Repository, text: string, { at }: { readonly at?: number } = {}): Promise<ModelInfo> {
  return modelInfo(blocks, await findVersion(blocks, text, at), at)
}

/**
 * Points an alias to a version, as of now; null takes it away. What it pointed to before stays in its history. A policy is asked about the version that it is to point to, or that it is taken from: what guards an alias
 * guards its end too.
 * @throws NotFoundError; CheckFailedError if a policy asks for more than can be shown
 */
export async function moveAlias(repository: Repository, model: string, alias: string, number: number | null, { why, by, policy, port }: ModelActOptions = {}): Promise<AliasMove> {
  const { blocks } = repository
  const name = parseModelName(model)
  const word = parseAlias(alias)
  const version = number === null ? null : await neededVersion(blocks, name, number)
  const about = version ?? (await versionToLose(blocks, name, word))
  if (policy !== undefined) await assertAllowed(repository, about, { kind: version === null ? 'removal' : 'alias', alias: word }, policy, port)
  return aliasMove(blocks, await commitEvent(blocks, { kind: 'alias', model: name, alias: word, version: version?.cid ?? null, number, by: by ?? null, at: blocks.platform.now().toISOString(), why: why ?? null }))
}

/** The version that an alias points to, which is to be taken away. @throws NotFoundError if there is none */
async function versionToLose(blocks: BlockRepository, name: string, alias: string): Promise<ListedVersion> {
  const held = (await moveAt(blocks, name, alias, Infinity))?.number
  if (held != null) return neededVersion(blocks, name, held)
  await findVersion(blocks, name)
  throw new NotFoundError(`The model ${name} has no alias "${alias}" to be taken away`, { data: { model: name, alias }, hint: `\`varve model history ${name}\` tells what it had.` })
}

/**
 * Says that somebody stands for a version. Nothing proves yet that it was they: that comes with signatures.
 * @throws NotFoundError; InvalidArgumentError without a name; CheckFailedError if a policy asks for more than can be shown
 */
export async function approveModel(repository: Repository, text: string, { why, by, policy, port }: ModelActOptions): Promise<ModelInfo> {
  const { blocks } = repository
  if (by === undefined || by.trim() === '') throw new InvalidArgumentError('An approval needs the name of who approves', { hint: 'Pass --as <identity>.' })
  const version = await findVersion(blocks, text)
  if (policy !== undefined) await assertAllowed(repository, version, { kind: 'approve', by }, policy, port)
  await commitEvent(blocks, { kind: 'approval', model: version.name, alias: null, version: version.cid, number: version.number, by, at: blocks.platform.now().toISOString(), why: why ?? null })
  return modelInfo(blocks, version)
}

/** Every move of a model's aliases, or of one of them: the newest first, and those of each alias in the order in which they were made, whatever the clocks said. @throws NotFoundError if there is no such model */
export async function modelHistory({ blocks }: Repository, model: string, alias?: string): Promise<readonly AliasMove[]> {
  const name = parseModelName(model)
  await findVersion(blocks, name)
  const moves = await allMoves(blocks, name)
  return alias === undefined ? moves : moves.filter((move) => move.alias === parseAlias(alias))
}

/** What each alias of a model pointed to at a time (Unix, ms), with the move that had brought it there: what was in production then. @throws NotFoundError if there is no such model */
export async function modelAliasesAt({ blocks }: Repository, model: string, at: number): Promise<readonly AliasMove[]> {
  const name = parseModelName(model)
  await findVersion(blocks, name)
  const held: AliasMove[] = []
  for await (const { alias } of newestMoves(blocks, name)) {
    const move = alias === null ? undefined : await moveAt(blocks, name, alias, at)
    if (move !== undefined && move.number !== null) held.push(await aliasMove(blocks, move))
  }
  return held
}
