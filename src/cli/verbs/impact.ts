import type { AffectedData, Impact } from '../../lineage/interface.ts'
import { OUTCOMES } from '../context.ts'
import { formatCount, plural, shownPath, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly anywhere?: boolean
}

/** Of one kind; programs get all. */
const MOST_LINES = 20

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve impact covid/raw@v2', 'derivations, runs and models that used the dataset, or what was made of it'],
    ['varve impact covid/raw:daily/2020-03-01.csv', 'the same for whatever had this very file in this place'],
    ['varve impact covid/raw:daily/2020-03-01.csv --anywhere', '… or under another name'],
  ],
  configure(command) {
    command.argument('<rev[:path]>', 'a dataset, a file or folder of it, or the CID of a chunk').option('--anywhere', 'the same content under any name counts too')
  },
  async run(context, [wanted = ''], { anywhere = false }) {
    const { impactOf } = await import('../../lineage/impact-of.ts')
    await using repository = await context.open()
    const impact = await context.long(OUTCOMES.unchanged, ({ signal }) => impactOf(repository, wanted, { anywhere, signal }))
    await context.output.result(impact, () => impactLines(context.output, impact))
  },
})

function* impactLines(output: Output, { wanted, searched, dropped, data, derivations, runs, models }: Impact): Generator<string> {
  if (wanted.root !== null) yield `root         ${output.style('bold', wanted.root)}`
  if (wanted.content !== null) yield `content      ${output.style('bold', wanted.content)}`
  if (searched > 0) yield `searched     ${plural(searched, 'dataset')} that something used`
  yield* listed(data, (found) => `data         ${dataText(found)}`)
  yield* listed(derivations, ({ recipe, outputs }) => `derivation   ${output.style('cyan', shownText(recipe))} → ${outputs.map(({ name, root, names }) => `${shownText(name)} ${names[0] ?? root}`).join(', ')}`)
  yield* listed(runs, ({ label }) => `run          ${output.style('bold', shownText(label))}`)
  yield* listed(models, ({ label, aliases, isMadeOf, isEvaluatedOn }) =>
    `model        ${output.style('bold', shownText(label))}${aliases.length === 0 ? '' : ` (${aliases.map(shownText).join(', ')})`}: ${[...(isMadeOf ? ['made of it'] : []), ...(isEvaluatedOn ? ['evaluated on it'] : [])].join(', ')}`)
  if (derivations.length + runs.length + models.length === 0) yield 'Nothing that is recorded here used it.'
  if (dropped.length > 0) yield `${output.style('yellow', 'not searched')} ${plural(dropped.length, 'dataset')} whose files were dropped: ${dropped.slice(0, MOST_LINES).join(', ')}`
}

function dataText({ root, names, paths, count }: AffectedData): string {
  const where = paths.length === 0 ? '' : `  ${paths.map(shownPath).join(', ')}${count > paths.length ? ` and ${formatCount(count - paths.length)} more` : ''}`
  return `${names.length === 0 ? root : names.slice(0, 3).join(', ')}${where}`
}

function* listed<T>(items: readonly T[], line: (item: T) => string): Generator<string> {
  for (const item of items.slice(0, MOST_LINES)) yield line(item)
  if (items.length > MOST_LINES) yield `             and ${formatCount(items.length - MOST_LINES)} more, which --json lists`
}
