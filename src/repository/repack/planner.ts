import { type CID, cidFromDigest, RAW_CODE } from '../../cid/cid.ts'
import { CorruptObjectError, type VarveError } from '../../errors.ts'
import type { DigestTable } from '../digest-table.ts'
import { indexedBlocks } from '../gc/pack-usage.ts'
import { Pause } from '../pause.ts'
import type { BlockRepository } from '../repository.ts'
import type { SessionHost } from '../session-host.ts'
import type { RepackOptions } from './interface.ts'
import { placement } from './placement.ts'
import { RecodingPlan } from './plan-recoding.ts'

/** To write everything anew has to save so much, unless chains of deltas have grown too long to be read well. */
const WORTHWHILE_SAVING_SHARE = 1 / 64

const DEFAULT_MAX_READ_COST = 3

/** Reads all live blocks and says how each is to be stored. */
export class Planner {
  /** Live blocks that were read and hashed for the last plan, and their bytes. */
  examined: { blocks: number; bytes: number } = { blocks: 0, bytes: 0 }
  readonly #repository: BlockRepository
  readonly #host: SessionHost
  readonly #options: RepackOptions
  #made: { readonly epoch: number; readonly plan: RecodingPlan } | undefined

  constructor(repository: BlockRepository, host: SessionHost, options: RepackOptions) {
    this.#repository = repository
    this.#host = host
    this.#options = options
  }

  get latest(): RecodingPlan | undefined {
    return this.#made?.plan
  }

  /** The same plan again as long as nothing has been removed, which would be another `epoch`: what other writers add does no harm to it. */
  async plan(live: DigestTable, epoch: number): Promise<RecodingPlan> {
    if (this.#made?.epoch !== epoch) this.#made = { epoch, plan: await this.#make(live) }
    return this.#made.plan
  }

  async #make(live: DigestTable): Promise<RecodingPlan> {
    const { signal, onProgress, order, compression = 'auto', maxReadCost = DEFAULT_MAX_READ_COST } = this.#options
    const placed = await placement(this.#repository, live, (await order?.()) ?? [], signal)
    const totalBytes = await this.#liveBytes(live)
    const plan = new RecodingPlan(this.#repository, this.#host, live, placed, { mode: compression, contentBytes: totalBytes, maxReadCost })
    this.examined = { blocks: 0, bytes: 0 }
    const pause = new Pause(signal)
    let row = 0
    for await (const result of this.#repository.readMany(this.#requests(placed))) {
      await pause.take()
      if ('error' in result) throw notWhole(result.error)
      await plan.settle(row++, result.bytes)
      this.examined.blocks++
      this.examined.bytes += result.bytes.length
      onProgress?.({ type: 'compare', ...this.examined, totalBytes })
    }
    const saved = plan.bytes.before - plan.bytes.after
    if (saved < plan.bytes.before * WORTHWHILE_SAVING_SHARE && !plan.hasLongChains) plan.drop()
    return plan
  }

  *#requests(placed: DigestTable): Generator<{ cid: CID }> {
    for (let row = 0; row < placed.count; row++) yield { cid: cidFromDigest(this.#repository.hasher, RAW_CODE, placed.digest(row).slice()) }
  }

  /** Plain bytes of all live blocks; a second copy counts too. */
  async #liveBytes(live: DigestTable): Promise<number> {
    let bytes = 0
    for await (const { digest, location } of indexedBlocks(this.#repository.indexes, this.#options.signal)) if (live.rowOf(digest) >= 0) bytes += location.size
    return bytes
  }
}

export function notWhole(cause: VarveError): CorruptObjectError {
  return new CorruptObjectError(`Nothing was changed, because the repository is not whole: ${cause.message}`, {
    cause, data: cause.data, hint: '`varve verify` shows what is affected, `varve repair` mends what can be mended, and what is lost comes back with a new snapshot of the same files, or with `varve repair --from <repo>`. Then repack.',
  })
}
