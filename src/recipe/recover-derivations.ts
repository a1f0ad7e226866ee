import { compareBytes, toHex } from '../bytes.ts'
import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import { tolerant } from '../dataset/tolerant.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import { NotFoundError, type VarveError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeEdit } from '../manifest/interface.ts'
import { indexedBlocks } from '../repository/gc/pack-usage.ts'
import { linkCodec } from '../repository/link-codec.ts'
import { addReachable, linksOf } from '../repository/reachable.ts'
import { ReachedBlocks } from '../repository/reached-blocks.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { OperationOptions } from '../types.ts'
import { MEMORY_REF, recall, type RememberedRun, withFoundRuns } from './memory.ts'
import { encodeRunList, readRun } from './run-object.ts'
import { undisturbed } from './undisturbed.ts'

export interface RecoveredDerivations {
  /** Derivations that are remembered again, or better than before. */
  readonly derivations: number
  /** Their runs that were not remembered. */
  readonly runs: number
  /** Runs whose record is there while something that it leads to is not: derive anew what is wanted of them. */
  readonly notWhole: number
}

export interface RecoverOptions extends Pick<OperationOptions, 'signal'> {
  readonly actor?: string | null
}

export interface RecoverOptions extends Pick<OperationOptions, 'signal'> {
  readonly actor?: string | null
}

/**
 * Remembers again every run whose record is still in a pack, with all that it leads to: for a repository whose refs were lost, and with them what derivations are remembered by. What had
 * been forgotten and not yet removed comes back too. Reads every metadata block, and every tree that a run leads to.
 * @throws RefConflictError if others commit so often that it gets no turn
 */
export async function recoverDerivations(repository: BlockRepository, { actor = null, signal }: RecoverOptions = {}): Promise<RecoveredDerivations> {
  let gathered: { readonly epoch: number; readonly found: FoundRuns } | undefined
  return undisturbed(repository, { failure: 'derivations cannot be remembered again', signal }, async () => {
    const { number, gcEpoch } = repository.root
    // No ref leads to these records: a collection of garbage takes away what was whole before it, and any may come until the commit.
    if (gathered?.epoch !== gcEpoch) gathered = { epoch: gcEpoch, found: await gatherRuns(repository, signal) }
    const { byDerivation, notWhole } = gathered.found
    if (repository.root.gcEpoch !== gcEpoch) gathered = undefined
    if (repository.root.number !== number) return undefined
    return repository.withSession(async (session) => {
      const tree = (await repository.getRef(MEMORY_REF)) ?? null
      const edits: TreeEdit<CID>[] = []
      let count = 0
      for (const { derivation, runs } of byDerivation.values()) {
        const known = (await recall(repository, derivation)).runs
        const all = withFoundRuns(known, runs.toSorted((a, b) => (a.ended < b.ended ? -1 : a.ended > b.ended ? 1 : 0)))
        if (all.length === known.length) continue
        count += all.length - known.length
        edits.push({ key: derivation.multihash.digest, value: await session.put(DAG_CBOR_CODE, encodeRunList({ derivation, runs: all.map(({ cid }) => cid) })) })
      }
      if (edits.length > 0) {
        const target = await editTree(session, session, tree, linkCodec, edits.sort((a, b) => compareBytes(a.key, b.key)))
        await session.commit({ action: 'repair', message: `remembered ${count} runs of derivations again`, actor, refs: [{ name: MEMORY_REF, expected: tree, target, own: true }], after: number })
      }
      return { derivations: edits.length, runs: count, notWhole }
    })
  })
}

interface FoundRuns {
  readonly byDerivation: ReadonlyMap<string, { readonly derivation: CID; readonly runs: readonly RememberedRun[] }>
  readonly notWhole: number
}

async function gatherRuns(repository: BlockRepository, signal: AbortSignal | undefined): Promise<FoundRuns> {
  const byDerivation = new Map<string, { readonly derivation: CID; readonly runs: RememberedRun[] }>()
  const check = new WholeCheck(repository, await repository.evicted(), signal)
  const seen = new Set<string>()
  let notWhole = 0
  for await (const { digest, location } of indexedBlocks(repository.indexes, signal)) {
    if (location.pack.kind !== 'metadata') continue
    const cid = cidFromDigest(repository.hasher, DAG_CBOR_CODE, digest.slice())
    const found = await tolerant(async () => {
      const value = decodeCbor(await repository.get(cid))
      return (value as { type?: unknown } | null)?.type === 'derivation-run' ? { run: await readRun(repository, cid), links: [...linksOf(value)] } : undefined
    })
    // A block may be in several packs.
    if (found === undefined || seen.has(cidText(cid))) continue
    seen.add(cidText(cid))
    if (!(await check.isWhole(found.links))) {
      notWhole++
      continue
    }
    const { run } = found
    const name = cidText(run.derivation)
    const known = byDerivation.get(name)
    if (known === undefined) byDerivation.set(name, { derivation: run.derivation, runs: [{ ...run, cid }] })
    else known.runs.push({ ...run, cid })
  }
  return { byDerivation, notWhole }
}

/** Whether all is there that blocks lead to, but for what was dropped on purpose. What is known to be whole is not gone through again, and of what is not, that much is known. */
class WholeCheck {
  readonly #repository: BlockRepository
  readonly #evicted: ReadonlySet<string>
  readonly #signal: AbortSignal | undefined
  readonly #whole = new ReachedBlocks()
  readonly #broken = new Set<string>()

  constructor(repository: BlockRepository, evicted: ReadonlySet<string>, signal: AbortSignal | undefined) {
    this.#repository = repository
    this.#evicted = evicted
    this.#signal = signal
  }

  async isWhole(cids: readonly CID[]): Promise<boolean> {
    for (const cid of cids) {
      const name = cidText(cid)
      if (this.#isKnown(cid)) continue
      if (this.#broken.has(name) || !(await this.#follow(cid))) {
        this.#broken.add(name)
        return false
      }
    }
    return true
  }

  async #follow(root: CID): Promise<boolean> {
    const reached = new ReachedBlocks()
    const follows = (cid: CID): boolean => !this.#isKnown(cid) && !this.#evicted.has(toHex(cid.multihash.digest))
    const onMissing = (cid: CID, error?: VarveError): never => {
      throw error ?? new NotFoundError(`Block ${cidText(cid)} is not there`)
    }
    const isWhole = await tolerant(() => addReachable(this.#repository.here, [root], reached, { follows, onMissing, signal: this.#signal }).then(() => true))
    if (isWhole !== true) return false
    this.#whole.addAll(reached)
    return true
  }

  #isKnown(cid: CID): boolean {
    return this.#whole.has(cid)
  }
}
