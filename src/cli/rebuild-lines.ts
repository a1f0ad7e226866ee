import type { RebuildResult } from '../node/derive/rebuild.ts'
import { shownPath, shownText } from './format.ts'
import type { Output } from './output.ts'

/** Steps that were carried out again, and whether `what` came out. */
export function* rebuildLines(output: Output, { steps, ok }: Pick<RebuildResult, 'steps' | 'ok'>, what: string): Generator<string> {
  for (const { recipe, status, reason, differences, count, untold } of steps) {
    yield `${output.style(status === 'same' ? 'green' : 'red', status.padEnd(9))} ${shownText(recipe)}${reason === null ? '' : `: ${shownText(reason)}`}`
    for (const { output: name, path, change } of differences) yield `    ${change} ${name}: ${shownPath(path)}`
    if (count > differences.length) yield `    and ${count - differences.length} more`
    for (const name of untold) yield `    where ${name} differs cannot be told: what is recorded was dropped and not written down`
  }
  const last = steps.at(-1)
  if (output.quiet || last === undefined) return
  if (ok) yield `${what} came out again, step by step`
  else if (last.status === 'different' && !last.claimed) yield `${what} did not come out again: ${shownText(last.recipe)} gave another result, and its recipe does not claim to give the same each time`
  else yield `${what} cannot be rebuilt: ${shownText(last.recipe)} is the first step that did not come out as recorded`
}
