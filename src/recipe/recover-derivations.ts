import { compareBytes, toHex } from '../bytes.ts'
import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import { RefConflictError, VarveError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeEdit } from '../manifest/interface.ts'
import { DigestTable } from '../repository/digest-table.ts'
import { indexedBlocks } from '../repository/gc/pack-usage.ts'
import { linkCodec } from '../repository/link-codec.ts'
import { addReachable } from '../repository/reachable.ts'
import type { BlockRepository } from '../repository/index.ts'
import { MEMORY_REF, recall, type RememberedRun } from './memory.ts'
import { encodeRunList, readRun } from './run-object.ts'

export interface RecoveredDerivations {
  /** Derivations that are remembered again, or better than before. */
  readonly derivations: number
  /** Their runs that were not remembered. */
  readonly runs: number
  /** Runs whose record is there while something that it leads to is not: derive anew what is wanted of them. */
  readonly notWhole: number
}

/**
 * Remembers again every run whose record is still in a pack, with all that it leads to: for a repository whose refs were lost, and with them what derivations are remembered by. What had
 * been forgotten and not yet removed comes back too. Reads every metadata block, and every tree that a run leads to.
 */
export async function recoverDerivations(repository: BlockRepository, { actor = null }: { readonly actor?: string | null } = {}): Promise<RecoveredDerivations> {
  for (;;) {
    const tree = (await repository.getRef(MEMORY_REF)) ?? null
    const found = await gatherRuns(repository)
    try {
      return await repository.withSession(async (session) => {
        const edits: TreeEdit<CID>[] = []
        let runs = 0
        for (const { derivation, fresh } of found.byDerivation.values()) {
          const known = (await recall(repository, derivation)).runs
          const added = fresh.filter(({ cid }) => !known.some((run) => run.cid.equals(cid)))
          if (added.length === 0) continue
          runs += added.length
          // The first that succeeded is the one that counts.
          const all = [...known, ...added].sort((a, b) => (a.started < b.started ? -1 : a.started > b.started ? 1 : 0))
          edits.push({ key: derivation.multihash.digest, value: await session.put(DAG_CBOR_CODE, encodeRunList({ derivation, runs: all.map(({ cid }) => cid) })) })
        }
        if (edits.length > 0) {
          const target = await editTree(session, session, tree, linkCodec, edits.sort((a, b) => compareBytes(a.key, b.key)))
          await session.commit({ action: 'repair', message: `remembered ${runs} runs of derivations again`, actor, refs: [{ name: MEMORY_REF, expected: tree, target, own: true }] })
        }
        return { derivations: edits.length, runs, notWhole: found.notWhole }
      })
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      await repository.refresh()
    }
  }
}

interface FoundRuns {
  readonly byDerivation: ReadonlyMap<string, { readonly derivation: CID; readonly fresh: readonly RememberedRun[] }>
  readonly notWhole: number
}

async function gatherRuns(repository: BlockRepository): Promise<FoundRuns> {
  const byDerivation = new Map<string, { derivation: CID; fresh: RememberedRun[] }>()
  const check = new WholeCheck(repository, await repository.evicted())
  let notWhole = 0
  for await (const { digest, location } of indexedBlocks(repository.indexes)) {
    if (location.pack.kind !== 'metadata') continue
    const cid = cidFromDigest(repository.hasher, DAG_CBOR_CODE, digest.slice())
    const run = await tolerant(async () => ((decodeCbor(await repository.get(cid)) as { type?: unknown } | null)?.type === 'derivation-run' ? readRun(repository, cid) : undefined))
    if (run === undefined) continue
    if (!(await check.isWhole([run.derivation, run.log, ...run.outputs.map(({ root }) => root)]))) {
      notWhole++
      continue
    }
    const name = cidText(run.derivation)
    byDerivation.set(name, { derivation: run.derivation, fresh: [...(byDerivation.get(name)?.fresh ?? []), { ...run, cid }] })
  }
  return { byDerivation, notWhole }
}

/** Whether all is there that blocks lead to, but for what was dropped on purpose; each is followed once. */
class WholeCheck {
  readonly #repository: BlockRepository
  readonly #evicted: ReadonlySet<string>
  readonly #known = new Map<string, boolean>()

  constructor(repository: BlockRepository, evicted: ReadonlySet<string>) {
    this.#repository = repository
    this.#evicted = evicted
  }

  async isWhole(cids: readonly CID[]): Promise<boolean> {
    for (const cid of cids) {
      const known = this.#known.get(cidText(cid)) ?? (await this.#follow(cid))
      this.#known.set(cidText(cid), known)
      if (!known) return false
    }
    return true
  }

  async #follow(root: CID): Promise<boolean> {
    let isWhole = true
    const follows = (cid: CID): boolean => !this.#evicted.has(toHex(cid.multihash.digest))
    await addReachable(this.#repository, [root], new DigestTable(), { follows, onMissing: () => void (isWhole = false) })
    return isWhole
  }
}

/** What `work` gives, or undefined if the block is damaged or something else than it seemed. */
async function tolerant<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof VarveError) || error.code === 'STORAGE_FAILED') throw error
    return undefined
  }
}
