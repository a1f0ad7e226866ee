import { relative } from 'node:path'
import type { ReproResult, StepReport } from '../node/derive/repro.ts'
import { changeLines, doubtLines, unitsText } from './derivation-lines.ts'
import { formatCount, formatDuration, plural, shownText } from './format.ts'
import type { Output } from './output.ts'

const COLORS = { ran: 'cyan', remembered: 'green', stale: 'yellow', waiting: 'yellow', failed: 'red', skipped: 'yellow' } as const

/** One step of a pipeline: what became of it, and why. `reconstructs`: dropped data is made again by the very same command, if a later step needs it. */
export function* stepLines(output: Output, report: StepReport, { reconstructs = false }: { readonly reconstructs?: boolean } = {}): Generator<string> {
  const { step, status } = report
  yield `${output.style(COLORS[status], status.padEnd(10))} ${output.style('bold', shownText(step))}${detail(report)}`
  if ('changes' in report) {
    yield* changeLines(output, report)
    if (report.status === 'stale' && report.changes.length === 0) yield '  it has not been run like this'
    if (report.status === 'ran' && !report.differed && report.outputs.length > 0 && report.unchanged.length === report.outputs.length) yield '  it gave the same as before, so that nothing behind it changes'
    if (report.outputs.some(({ evicted }) => evicted)) yield reconstructs ? '  its data was dropped, and is made again if a step needs it' : '  its data was dropped; `varve reconstruct` makes it again'
    yield* doubtLines(output, report)
  }
  if (report.status === 'failed') {
    yield `  ${shownText(report.error.message)}`
    yield `  ${shownText(report.error.hint)}`
  }
}

/** All of it, for stdout: outputs with their roots, and the sum. */
export function* reproLines(output: Output, { steps, edited }: ReproResult): Generator<string> {
  for (const report of steps) {
    if (!('outputs' in report)) continue
    for (const { root, ref } of report.outputs) yield `${output.style('bold', root)}${ref === null ? '' : `  ${output.style('cyan', ref)}`}`
  }
  if (output.quiet) return
  const count = (status: StepReport['status']): number => steps.filter((step) => step.status === status).length
  const said = (['ran', 'remembered', 'stale', 'waiting', 'failed', 'skipped'] as const).filter((status) => count(status) > 0).map((status) => `${count(status)} ${status}`)
  yield `${plural(steps.length, 'step')}: ${said.join(', ')}`
  yield* editedLines(output, edited)
}

/** Folders that are not what steps read. */
export function* editedLines(output: Output, edited: ReproResult['edited']): Generator<string> {
  for (const { ref, folder, added, changed, removed } of edited) {
    const what = Object.entries({ changed, added, removed }).filter(([, count]) => count > 0).map(([kind, count]) => `${formatCount(count)} ${kind}`).join(', ')
    const shown = shownText(relative(process.cwd(), folder) || '.')
    yield `${output.style('yellow', 'note')} ${shown} is not what ${output.style('cyan', ref)} holds (${what}), and steps read ${ref}: \`varve snapshot ${shown}\` takes it up`
  }
}

/** As JSON: errors as the command line reports them. */
export function reproDocument({ ok, steps, edited }: ReproResult): object {
  return { ok, edited, steps: steps.map((report) => (report.status === 'failed' ? { ...report, error: { code: report.error.code, message: report.error.message, hint: report.error.hint, data: report.error.data } } : report)) }
}

function detail(report: StepReport): string {
  if (report.status === 'ran') return ` ${unitsText(report.units)} in ${formatDuration(report.elapsedMs)}`
  if (report.status === 'skipped') return `, because ${shownText(report.because)} failed`
  return report.status === 'waiting' ? `  for ${report.waitsFor.map(shownText).join(', ')}` : ''
}
