import { VarveError } from '../../errors.ts'
import type { CheckedItem, CheckLevel, CheckPolicy, CheckReport, CheckRule, Verdict } from './interface.ts'
import { includesLevel } from './levels.ts'
import { missing } from './verdicts.ts'

/** An item that is asked for, and how to find out. */
export interface AskedItem extends Pick<CheckRule, 'id' | 'title' | 'level'> {
  readonly decide: () => Verdict | Promise<Verdict>
}

/** The items that a level and a policy ask for. */
export function askedFor<Item extends Pick<CheckRule, 'id' | 'level'>>(items: readonly Item[], level: CheckLevel, policy: CheckPolicy | undefined): readonly Item[] {
  return items.filter((item) => includesLevel(level, item.level) || policy?.required.some((one) => one.item === item.id) === true)
}

/** Finds out about one item after the other, and says whether all of them pass. */
export async function weigh(about: Pick<CheckReport, 'kind' | 'subject' | 'run' | 'level' | 'checked'>, asked: readonly AskedItem[], policy: CheckPolicy | undefined): Promise<CheckReport> {
  const items: CheckedItem[] = []
  for (const { id, title, level, decide } of asked) {
    const verdict = await decided(decide)
    const waiver = policy?.waived.find(({ item }) => item === id)
    const mustBeProven = policy?.required.some(({ item, proven }) => item === id && proven) === true
    items.push({
      id, title, level, status: verdict.status, evidence: verdict.evidence, todo: verdict.status === 'missing' ? verdict.todo : null, mustBeProven, waiver: waiver === undefined ? null : { why: waiver.why, expires: waiver.expires },
      passes: waiver !== undefined || verdict.status === 'proven' || (verdict.status === 'declared' && !mustBeProven),
    })
  }
  return { ...about, reached: items.every(({ passes }) => passes), policy: policy?.file ?? null, items }
}

/** What is damaged, gone or refused is not there to be shown. Anything else, as that the work was stopped, is no answer. */
async function decided(decide: AskedItem['decide']): Promise<Verdict> {
  try {
    return await decide()
  } catch (error) {
    if (!(error instanceof VarveError)) throw error
    return missing(error.message, error.hint)
  }
}
