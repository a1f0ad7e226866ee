import { relative } from 'node:path'
import type { DeriveResult } from '../node/derive/interface.ts'
import type { DerivationChange } from '../recipe/compare-derivations.ts'
import { formatCount, plural, shownPath, shownText } from './format.ts'
import type { Output } from './output.ts'

const MOST_SHOWN = 20

/** Why something is derived anew, one thing a line. */
export function* changeLines(output: Output, { changes, lockFile }: Pick<DeriveResult, 'changes' | 'lockFile'>): Generator<string> {
  for (const change of changes.slice(0, MOST_SHOWN)) yield `  ${output.style('yellow', 'changed')} ${change.what === 'environment' && change.name === 'lock-file' ? lockFileText(lockFile) : describeChange(change)}`
  if (changes.length > MOST_SHOWN) yield `  and ${changes.length - MOST_SHOWN} more`
}

function lockFileText(path: string | null): string {
  return `environment: the lock file ${path === null ? 'is gone' : shownText(relative(process.cwd(), path))}, of which every change counts where the environment is locked`
}

/** `parameter size: 16 → 32`, `code lib/parse.mjs`, `input raw`. */
export function describeChange({ what, name, before, after }: DerivationChange): string {
  const subject = what === name ? what : `${what} ${shownText(name)}`
  if (before === null) return `${subject}: new`
  if (after === null) return `${subject}: gone`
  return what === 'code' ? subject : `${subject}: ${shownText(before)} → ${shownText(after)}`
}

/** ` 10 of 10,000 units`; nothing for recipes without units. */
export function unitsText(units: { readonly total: number; readonly ran: number } | null): string {
  return units === null ? '' : ` ${formatCount(units.ran)} of ${plural(units.total, 'unit')}`
}

/** What makes a result doubtful: nothing in it, runs that disagreed, and what cannot be seen of a recipe's code. */
export function* doubtLines(output: Output, { outputs, secrets, diverged, differed, open }: Pick<DeriveResult, 'outputs' | 'secrets' | 'diverged' | 'differed' | 'open'>): Generator<string> {
  for (const { name, empty } of outputs) if (empty) yield `  ${output.style('yellow', 'empty')} its output ${shownText(name)} has nothing in it`
  for (const { output: name, path } of secrets) yield `  ${output.style('yellow', 'secret?')} it stores ${shownPath(path)} in its output ${shownText(name)}, which is left out of snapshots by default`
  if (differed) yield `  ${output.style('yellow', 'differs')} it gave another result, which is recorded beside the first; the first counts, and refs stay at it`
  else if (diverged) yield `  ${output.style('yellow', 'diverged')} runs of it gave different results, of which the first counts; \`varve explain\` lists them`
  for (const reason of open) yield `  ${output.style('yellow', 'open')} ${shownText(reason)}`
  if (open.length > 0) yield '  What such code loads is not part of its identity: a change there is not noticed.'
}
