import { Option } from 'commander'
import type { LineageDirection } from '../../lineage/interface.ts'
import type { LineageFormat } from '../../lineage/lineage-text.ts'
import { OUTCOMES } from '../context.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly up?: boolean
  readonly down?: boolean
  readonly depth?: string
  readonly nodes?: string
  readonly format: LineageFormat | 'svg'
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve lineage digits@production --up', 'all that a model was made of: its run, features, raw data, code'],
    ['varve lineage covid/raw --down', 'all that was made of a dataset'],
    ['varve lineage train#3 --format svg > train.svg', 'what a run read and made, drawn'],
  ],
  configure(command) {
    command
      .argument('<what>', 'a dataset (ref, snapshot or root), a run (train#3) or a model (digits@3, digits@production)')
      .option('--up', 'only what it was made of')
      .option('--down', 'only what was made of it')
      .option('--depth <n>', 'at most n edges away; from data to the run that read it is one')
      .option('--nodes <n>', 'at most n nodes; default: 2000')
      .addOption(new Option('--format <format>', 'how to write it').choices(['text', 'mermaid', 'dot', 'json', 'svg']).default('text'))
  },
  async run(context, [wanted = ''], flags) {
    const { format, depth, nodes } = flags
    const { lineageOf } = await import('../../lineage/lineage-of.ts')
    const { lineageSvg, lineageText } = await import('../../lineage/lineage-text.ts')
    const { output } = context
    await using repository = await context.open()
    const lineage = await context.long(OUTCOMES.unchanged, ({ signal }) => lineageOf(repository, wanted, {
      signal, direction: directionOf(flags), ...(depth === undefined ? {} : { depth: Number(depth) }), ...(nodes === undefined ? {} : { mostNodes: Number(nodes) }),
    }))
    const text = output.json ? '' : format === 'svg' ? await lineageSvg(lineage) : lineageText(lineage, format)
    await output.result(lineage, () => [text.trimEnd()])
  },
})

function directionOf({ up = false, down = false }: Flags): LineageDirection {
  return up === down ? 'both' : up ? 'up' : 'down'
}
