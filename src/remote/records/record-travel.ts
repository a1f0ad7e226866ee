import type { CID } from '../../cid/cid.ts'
import type { RefChange, Session } from '../../repository/index.ts'
import type { CommonHistory } from '../transfer/common-history.ts'
import type { CommonBlocks } from '../transfer/new-blocks.ts'
import { commitRecords, type RecordChanges, recordChanges } from './commit-records.ts'
import type { RecordTrees, SentRecords, Sides } from './interface.ts'
import { basesOfRuns, wholeAtTarget } from './known-roots.ts'
import { isEmptyPlan, planRecords, type RecordPlan, wantsOf } from './plan-records.ts'
import { recordTrees } from './record-trees.ts'

/**
 * Runs, derivations and models on their way from one repository to another: planned, sent by the transfer that sends refs, and committed with these.
 *
 * @example
 * const travel = await RecordTravel.plan(sides, await recordTrees(sides.source))
 * await transfer(route, refs, await travel.toTransfer(common, dropped), { further: travel.wants })
 * const sent = await travel.commit(session, (changes) => session.commit({ action: 'pull', refs: changes }))
 */
export class RecordTravel {
  readonly #sides: Sides
  readonly #source: RecordTrees
  /** Trees of the near side, as they were when this was planned. */
  readonly #near: RecordTrees
  readonly #plan: RecordPlan
  #ready: RecordChanges | undefined

  private constructor(sides: Sides, source: RecordTrees, near: RecordTrees, plan: RecordPlan) {
    this.#sides = sides
    this.#source = source
    this.#near = near
    this.#plan = plan
  }

  /**
   * @param source trees of the source: they are what is sent, whatever is committed there meanwhile
   * @param target trees of the target, as they are now if they are not given
   */
  static async plan(sides: Sides, source: RecordTrees, target?: RecordTrees): Promise<RecordTravel> {
    const there = target ?? (await recordTrees(sides.target))
    return new RecordTravel(sides, source, sides.near === sides.target ? there : source, await planRecords(sides, source, there))
  }

  /** Whether nothing goes over. */
  get isEmpty(): boolean {
    return isEmptyPlan(this.#plan)
  }

  /** The blocks that go over, with all that they lead to. */
  get wants(): readonly CID[] {
    return wantsOf(this.#plan)
  }

  /**
   * What the target has already, as refs and records tell.
   * @param dropped digests, in hex, of what the target has dropped
   */
  async toTransfer({ snapshots, bases, roots }: CommonHistory, dropped: ReadonlySet<string>): Promise<CommonBlocks> {
    const { runs } = this.#plan
    const likely = await basesOfRuns(this.#sides, this.#near, runs, dropped)
    const isBase = new Set([...bases, ...likely].map(String))
    return {
      whole: [...snapshots.values(), ...roots.filter((root) => !isBase.has(String(root)))], bases: [...bases, ...likely], near: this.#sides.near, wholeOf: wholeAtTarget(this.#sides, this.#near, runs, dropped),
    }
  }

  /** Stores the trees as they will be, so that they are among what is looked at before anything leads to it. @param session which has got what was wanted */
  async prepare(session: Session): Promise<void> {
    this.#ready = await recordChanges(this.#sides, session, this.#plan)
  }

  /** Commits with whatever goes along, as often as somebody else's records come first. */
  async commit(session: Session, commit: (changes: readonly RefChange[]) => Promise<unknown>): Promise<SentRecords> {
    return commitRecords(this.#sides, this.#source, session, this.#plan, this.#ready ?? (await recordChanges(this.#sides, session, this.#plan)), commit)
  }

  /** What is to be said where nothing goes over. */
  get nothingSent(): SentRecords {
    const { runs, models } = this.#plan
    return { runs: { added: 0, updated: 0, renumbered: [], kept: runs.kept, open: runs.open }, derivations: 0, models: { versions: 0, events: 0, refused: models.refused } }
  }
}
