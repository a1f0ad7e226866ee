import type { DerivationChange } from '../recipe/compare-derivations.ts'
import { shownText } from './format.ts'
import type { Output } from './output.ts'

const MOST_SHOWN = 20

/** Why something is derived anew, one thing a line. */
export function* changeLines(output: Output, changes: readonly DerivationChange[]): Generator<string> {
  for (const change of changes.slice(0, MOST_SHOWN)) yield `  ${output.style('yellow', 'changed')} ${describeChange(change)}`
  if (changes.length > MOST_SHOWN) yield `  and ${changes.length - MOST_SHOWN} more`
}

/** `parameter size: 16 → 32`, `code lib/parse.mjs`, `input raw`. */
export function describeChange({ what, name, before, after }: DerivationChange): string {
  const subject = what === name ? what : `${what} ${shownText(name)}`
  if (before === null) return `${subject}: new`
  if (after === null) return `${subject}: gone`
  return what === 'code' ? subject : `${subject}: ${shownText(before)} → ${shownText(after)}`
}
