import type { CID } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import type { Repository } from '../dataset/repository.ts'
import { InvalidArgumentError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeEdit, ValueCodec } from '../manifest/interface.ts'
import { scanTree } from '../manifest/read-tree.ts'
import type { BlockRepository, RefChange } from '../repository/index.ts'
import { linkCodec } from '../repository/link-codec.ts'
import { allMoves } from './alias-history.ts'
import { assertAllowed } from './check/gate.ts'
import { findVersion, neededVersion } from './find-model.ts'
import type { RemovedModel } from './interface.ts'
import { modelInfo } from './model-info.ts'
import { modelPrefix, parseModelName } from './model-key.ts'
import { commitOnTrees, EVENTS_REF, listVersions, MODELS_REF, newestMoves } from './model-tree.ts'
import type { ModelActOptions } from './models.ts'
import { versionEntryCodec } from './version-entry.ts'

export interface RemoveModelOptions extends ModelActOptions {
  /** Stands in the log of operations. */
  readonly why: string
}

/**
 * Takes a model out of this repository: all its versions, aliases and approvals. The way out where two colleagues each registered the same version: one of them registers theirs under another name, removes this one, and pulls.
 * Runs and artifacts stay, and so does the model at every remote that has it: a push only adds. The next version of the name, if none is pulled before, is number 1.
 *
 * @param model a name, without number or alias
 * @returns what was removed
 * @throws NotFoundError if there is no such model; InvalidArgumentError without a why; CheckFailedError if a policy guards one of the aliases and asks for more than can be shown, as `moveAlias` does
 *
 * @example
 * await registerModel(repository, 'digits-ada', { run: 'train#2' })
 * await removeModel(repository, 'digits', { why: 'Bob had pushed another digits@2' })
 * await pull(repository)
 */
export async function removeModel(repository: Repository, model: string, { why, by, policy, port }: RemoveModelOptions): Promise<RemovedModel> {
  const { blocks } = repository
  const name = parseModelName(model)
  if (why.trim() === '') throw new InvalidArgumentError(`It must be said why ${name} is removed`, { hint: 'Pass --why <why>: it stands in the log of operations.' })
  return commitOnTrees(blocks, async (session, { models, events }) => {
    await findVersion(blocks, name)
    if (policy !== undefined) {
      for await (const { alias, number } of newestMoves(blocks, name)) if (alias !== null && number !== null) await assertAllowed(repository, await neededVersion(blocks, name, number), { kind: 'removal', alias }, policy, port)
    }
    const removed = await whatThereIs(blocks, name)
    const refs: readonly RefChange[] = [
      { name: MODELS_REF, expected: models, target: models === null ? null : await editTree(session, session, models, versionEntryCodec, await withoutModel(session, models, versionEntryCodec, name)), own: true },
      { name: EVENTS_REF, expected: events, target: events === null ? null : await editTree(session, session, events, linkCodec, await withoutModel(session, events, linkCodec, name)), own: true },
    ]
    const { length } = removed.versions
    return { result: { ...removed, why, by: by ?? null }, request: { action: 'model-remove', message: `${name}, ${length} ${length === 1 ? 'version' : 'versions'}: ${why}`, actor: by ?? null, refs } }
  })
}

/** All of a model, for whoever wants to have it again. Reads every version and every move. */
async function whatThereIs(blocks: BlockRepository, name: string): Promise<Pick<RemovedModel, 'name' | 'versions' | 'moves'>> {
  const versions: RemovedModel['versions'][number][] = []
  for await (const version of listVersions(blocks, name)) versions.push(await modelInfo(blocks, version))
  return { name, versions, moves: await allMoves(blocks, name) }
}

/** Edits that take all of a name out of a tree. */
async function withoutModel<V>(source: BlockSource, tree: CID, codec: ValueCodec<V>, name: string): Promise<readonly TreeEdit<V>[]> {
  const edits: TreeEdit<V>[] = []
  for await (const { key } of scanTree(source, tree, codec, { prefix: modelPrefix(name) })) edits.push({ key, value: undefined })
  return edits
}
