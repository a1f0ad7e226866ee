import type { CheckedItem, CheckReport } from '../registry/check/interface.ts'
import { plural, shownText } from './format.ts'
import type { Output, Style } from './output.ts'

const COLORS: Readonly<Record<CheckedItem['status'], Style>> = { proven: 'green', declared: 'cyan', missing: 'red' }
const STATUS_WIDTH = 'declared'.length

/** Each item with what is known of it, what to do about those that are missing, and what it comes to. */
export function* checkLines(output: Output, { subject, run, level, reached, policy, items }: CheckReport): Generator<string> {
  yield `${output.style('bold', shownText(subject))}${run === null || run === subject ? '' : ` (${shownText(run)})`}: ${level}${policy === null ? '' : `, with ${shownText(policy)}`}`
  for (const { id, title, level: own, status, evidence, todo, waiver, mustBeProven, passes } of items) {
    yield `${output.style(COLORS[status], status.padEnd(STATUS_WIDTH))}  ${output.style('bold', id)}  ${title} (${own})`
    yield `          ${shownText(evidence)}`
    if (waiver !== null) yield `          ${output.style('yellow', 'waived')} until ${shownText(waiver.expires)}: ${shownText(waiver.why)}`
    else if (todo !== null) yield `          → ${shownText(todo)}`
    else if (mustBeProven && !passes) yield '          → the policy wants it proven'
  }
  const failed = items.filter(({ passes }) => !passes)
  yield reached ? output.style('green', `${level} is reached`) : output.style('red', `${level} is not reached: ${plural(failed.length, 'item')} of ${items.length} (${failed.map(({ id }) => id).join(', ')})`)
}
