import { equalBytes } from '../../src/bytes.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { contentOf, filesOf } from './contents.ts'

/** What those who wrote were told: plain maps. */
export interface Model {
  /** By ref, every snapshot that was reported as committed under it. */
  readonly committed: Map<string, Set<string>>
  /** Where each ref is that one actor alone moves, null if it is deleted; undefined while nobody can know, since a step is under way or its actor died in one. */
  readonly targets: Map<string, string | null | undefined>
}

export interface Expectations {
  readonly model: Model
  /** Of each log so many snapshots must have their data; undefined if nothing was ever told to drop any. */
  readonly keepLast: number | undefined
}

/** Opens the storage as a process would that knows nothing, and reads every byte of every snapshot. */
export async function assertSound(storage: Storage, { model, keepLast }: Expectations): Promise<void> {
  const repository = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
  const { ok, problems, damaged } = await repository.verify()
  if (!ok) throw new Error(`verify found ${JSON.stringify({ problems, damaged })}`)
  const removals = await removedBefore(repository, model)
  const checked = new Set<string>()
  const targets = new Map<string, string>()
  for await (const { name, kind, snapshot: target } of repository.refs()) {
    targets.set(name, target)
    const logged = new Set<string>()
    for await (const { snapshot, evicted, message } of repository.log(name)) {
      const mayBeEvicted = keepLast !== undefined && (kind === 'tag' ? logged.size > 0 : logged.size >= keepLast)
      logged.add(snapshot)
      if (evicted && !mayBeEvicted) throw new Error(`the data of ${snapshot}, number ${logged.size} of ${name}, was dropped`)
      if (!evicted && !checked.has(snapshot)) await assertContent(repository, snapshot, message)
      checked.add(snapshot)
    }
    for (const snapshot of model.committed.get(name) ?? []) {
      if (!logged.has(snapshot) && removals.get(name)?.has(snapshot) !== true) throw new Error(`${name} has lost ${snapshot}, which was committed`)
    }
  }
  for (const [name, target] of model.targets) {
    const found = targets.get(name) ?? null
    if (target !== undefined && target !== found) throw new Error(`${name} is at ${String(found)} instead of ${String(target)}`)
  }
}

/** By ref, the snapshots that were committed before the ref was last removed, as the log of operations tells. Each that was reported must be in it. */
async function removedBefore(repository: Repository, { committed }: Model): Promise<Map<string, Set<string>>> {
  const since = new Map<string, Set<string>>()
  const removed = new Map<string, Set<string>>()
  for await (const { changes } of repository.blocks.operations()) {
    for (const { name, after } of changes) {
      const snapshots = since.get(name) ?? new Set()
      since.set(name, after === null ? new Set() : snapshots.add(after.toString()))
      if (after === null) removed.set(name, new Set([...(removed.get(name) ?? []), ...snapshots]))
    }
  }
  for (const [name, snapshots] of committed) {
    for (const snapshot of snapshots) {
      if (since.get(name)?.has(snapshot) !== true && removed.get(name)?.has(snapshot) !== true) throw new Error(`${snapshot} of ${name} was committed, and no operation says so`)
    }
  }
  return removed
}

/** Reads a revision, all files at once, and compares it with what its message says. */
export async function assertContent(repository: Repository, revision: string, message: string): Promise<void> {
  await Promise.all(filesOf(message).map(async (file) => {
    const bytes = await repository.read(revision, String(file.path))
    if (!equalBytes(bytes, contentOf(file))) throw new Error(`${revision}:${file.path} is not what was stored`)
  }))
}

/** When nobody is left, collections leave what is needed and nothing else; and when no ref is left, nothing but the records. */
export async function assertTidied(storage: Storage, expectations: Expectations): Promise<void> {
  const repository = await BlockRepository.open(storage, { platform: nodePlatform })
  const collect = async (): Promise<void> => {
    for (let round = 0; round < 3; round++) await repository.collectGarbage({ graceMs: 0, isGone: () => true })
  }
  await collect()
  await assertSound(storage, expectations)
  await assertNothingLeft(storage, repository)
  await repository.withSession(async (session) => {
    const refs: { name: string; target: null }[] = []
    for await (const { name } of repository.refs()) refs.push({ name, target: null })
    await session.commit({ action: 'test', refs })
  })
  await collect()
  await assertNothingLeft(storage, repository)
  const data = [...repository.indexes.packs].filter(({ kind }) => kind === 'data')
  if (data.length > 0) throw new Error(`${data.length} packs of content are left though no ref is`)
}

async function assertNothingLeft(storage: Storage, repository: BlockRepository): Promise<void> {
  const keys: string[] = []
  for await (const { key } of storage.list('')) keys.push(key)
  const count = (prefix: string): number => keys.filter((key) => key.startsWith(prefix)).length
  const found = [count('packs/'), count('index/'), count('sessions/')]
  const named = [[...repository.indexes.packs].length, repository.root.indexes.length, 0]
  if (found.join() !== named.join()) throw new Error(`there are ${found.join(', ')} packs, index files and leases instead of ${named.join(', ')}`)
}
