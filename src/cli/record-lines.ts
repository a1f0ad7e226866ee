import type { ModelFact, RefusedModel, SentRecords } from '../remote/records/interface.ts'
import { EXIT } from './exit-codes.ts'
import { formatCount, plural, shownText } from './format.ts'
import type { Output } from './output.ts'

/** The two sides, as whoever reads the lines calls them: `push` sends from here to there. */
export interface SideNames {
  readonly sent: string
  readonly kept: string
}

export const PUSHED_SIDES: SideNames = { sent: 'here', kept: 'there' }
export const PULLED_SIDES: SideNames = { sent: 'there', kept: 'here' }

/** What became of runs, derivations and models; no lines if nothing did. */
export function* recordLines(output: Output, { runs, derivations, models }: SentRecords, { sent, kept }: SideNames): Generator<string> {
  for (const { from, to } of runs.renumbered) yield `${output.style('cyan', shownText(from))} → ${output.style('cyan', shownText(to))}  ${output.style('dim', `${shownText(from)} is another run ${kept}; the identity stays`)}`
  for (const { label, id } of runs.kept) yield `${output.style('yellow', shownText(label))}  ended differently ${sent} and ${kept}, and each side keeps its own record: run ${id}`
  for (const refused of models.refused) yield* refusedLines(output, refused, { sent, kept })
  if (output.quiet) return
  const amounts = [
    [runs.added + runs.updated, 'run'], [derivations, 'derivation'], [models.versions, 'model version'], [models.events, 'alias move or approval'],
  ] as const
  const said = amounts.filter(([count]) => count > 0).map(([count, noun]) => (count === 1 ? `1 ${noun}` : `${formatCount(count)} ${noun.replace(' or', 's or')}s`))
  if (said.length > 0) yield `records: ${said.join(', ')}`
  if (runs.open > 0) yield output.style('dim', `${plural(runs.open, 'run')} ${runs.open === 1 ? 'is not over and stays' : 'are not over and stay'} ${sent}`)
}

/** A model that both sides went on with is a refusal, though all else went. */
export function setRefusedExit(records: SentRecords | null): void {
  if (records !== null && records.models.refused.length > 0) process.exitCode = EXIT.refused
}

function* refusedLines(output: Output, refused: RefusedModel, { sent, kept }: SideNames): Generator<string> {
  yield `${output.style('red', 'refused')}: model ${output.style('cyan', shownText(refused.model))}: ${shownText(refused.subject)} ${factText(refused, refused.sent)} ${sent}, and ${factText(refused, refused.kept)} ${kept}`
  yield `  ${refused.hint}.`
}

function factText({ kind }: RefusedModel, { id, number, by, at }: ModelFact): string {
  const what = kind === 'version' ? `is ${id}` : kind === 'approval' ? 'was approved' : number === null ? 'was taken away' : `is version ${number}`
  return `${what} (by ${shownText(by ?? 'somebody')}, ${at})`
}
