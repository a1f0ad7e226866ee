import { Argument } from 'commander'
import type { StorageFact } from '../../node/storage-trial.ts'
import type { CheckedPromise } from '../../storage/check-storage.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { plural, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

/** What a check found; printed as it is for programs. */
interface StorageReport {
  readonly location: string
  readonly kind: string
  /** Every promise was tried, and is kept. */
  readonly ok: boolean
  readonly promises: readonly CheckedPromise[]
  readonly facts: readonly StorageFact[]
  /** What the check made and could not remove. */
  readonly left: readonly string[]
}

export const verb: AnyVerb = defineVerb<object>({
  examples: [
    ['varve storage check /mnt/share', 'may a repository be kept in this folder? works in a new sub-folder and removes it'],
    ['varve storage check . --json', 'the same as a document, with what was seen and what it would do to a repository'],
  ],
  configure(command) {
    command.addArgument(new Argument('<action>', 'what to do').choices(['check'])).argument('<location>', 'a folder')
  },
  async run(context, [, location = '']) {
    const report = await check(context, location)
    if (!report.ok) process.exitCode = isOnlyFull(report) ? EXIT.system : EXIT.no
    await context.output.result(report, () => summary(context.output, report))
  },
})

async function check({ output, interruption }: Context, location: string): Promise<StorageReport> {
  const { beginStorageTrial, tryPromises } = await import('../../node/storage-trial.ts')
  const signal = interruption.watch('What the check had made was removed.')
  const trial = beginStorageTrial(location)
  const promises: CheckedPromise[] = []
  let facts: readonly StorageFact[]
  let left: readonly string[] = []
  try {
    for await (const promise of tryPromises(trial, signal)) {
      promises.push(promise)
      // At once, for on a slow storage a check takes minutes.
      if (!output.json) await output.write([...promiseLines(output, promise)].map((line) => `${line}\n`).join(''))
    }
    facts = trial.facts()
  } finally {
    left = await trial.end()
  }
  return { location: trial.location, kind: trial.kind, ok: promises.every(({ outcome }) => outcome === 'kept') && left.length === 0, promises, facts, left }
}

/** Nothing was found but that there is no room to look. */
function isOnlyFull({ promises, left }: StorageReport): boolean {
  return left.length === 0 && promises.every(({ outcome, full }) => outcome === 'kept' || full === true)
}

function* promiseLines(output: Output, { promise, outcome, reason, full, harm }: CheckedPromise): Generator<string> {
  if (outcome === 'kept') {
    if (!output.quiet) yield `${output.style('green', 'kept')}       ${promise}`
    return
  }
  yield outcome === 'broken' ? `${output.style('red', 'not kept')}   ${promise}` : `${output.style('yellow', 'not tried')}  ${promise}`
  yield `    ${outcome === 'broken' ? 'seen' : 'because'}: ${shownText(reason ?? '').replaceAll('\n', '\n    ')}`
  if (full !== true) yield `    ${outcome === 'broken' ? 'so' : 'if it is not kept'}: ${harm}`
}

function* summary(output: Output, report: StorageReport): Generator<string> {
  const { location, ok, promises, facts, left } = report
  if (!output.quiet) for (const { about, text } of facts) yield `${output.style('dim', 'note')}       ${about}: ${text}`
  for (const path of left) yield `${output.style('yellow', 'left')}       ${shownText(path)} could not be removed`
  const count = (outcome: CheckedPromise['outcome']): number => promises.filter((promise) => promise.outcome === outcome).length
  if (ok) yield `${output.style('green', 'sound')}: ${shownText(location)} keeps all ${promises.length} promises that a repository relies on`
  else if (isOnlyFull(report)) {
    yield `${output.style('yellow', 'not tried')}: the disk of ${shownText(location)} is full, so that ${count('untried')} of ${plural(promises.length, 'promise')} could not be tried; the others are kept`
    yield '  Free some space (64 MB are plenty), then run the same command again.'
  } else {
    yield `${output.style('red', 'not sound')}: of ${plural(promises.length, 'promise')} that a repository relies on, ${shownText(location)} keeps ${count('kept')}, breaks ${count('broken')}, and could not be tried for ${count('untried')}`
    yield '  Keep no repository there until the check finds all of them kept.'
  }
}
