import { Option } from 'commander'
import { cidText } from '../../cid/cid.ts'
import { shownTracked } from '../../repository/tracked-ref.ts'
import { formatBytes, plural, shownText } from '../format.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly run?: string
  readonly kind?: Kind
}

const KINDS = ['snapshot', 'artifact', 'metrics', 'log'] as const
type Kind = (typeof KINDS)[number]

interface CatalogEntry {
  readonly root: string
  readonly kind: Kind
  /** Null for data that a ref or a tag has. */
  readonly run: string | null
  readonly name: string
  readonly files: number | null
  readonly bytes: number | null
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve artifacts', 'all that has a root: snapshots of refs and tags; weights, metrics and logs of runs'],
    ['varve artifacts --run train#3 --kind artifact', 'what one run made'],
  ],
  configure(command) {
    command.option('--run <run>', 'what this run made').addOption(new Option('--kind <kind>', 'of one kind alone').choices(KINDS))
  },
  async run(context, _arguments, { run, kind }) {
    const { findRun, loadRun } = await import('../../run/find-run.ts')
    const { listRuns } = await import('../../run/run-tree.ts')
    await using repository = await context.open()
    const { blocks } = repository
    async function* catalog(): AsyncGenerator<CatalogEntry> {
      if (run !== undefined) return yield* entriesOf(await findRun(blocks, run))
      if (kind === undefined || kind === 'snapshot') for await (const { name, root } of repository.refs()) yield { root, kind: 'snapshot', run: null, name: shownTracked(name) ?? name, files: null, bytes: null }
      if (kind !== 'snapshot') for await (const listed of listRuns(blocks)) yield* entriesOf(await loadRun(blocks, listed))
    }
    function* entriesOf({ label, ended }: Awaited<ReturnType<typeof findRun>>): Generator<CatalogEntry> {
      if (ended === null) return
      const entries: CatalogEntry[] = ended.artifacts.map(({ name, root, files, bytes }) => ({ root: cidText(root), kind: 'artifact', run: label, name, files, bytes }))
      for (const part of ['metrics', 'log'] as const) {
        const root = ended[part]
        if (root !== null) entries.push({ root: cidText(root), kind: part, run: label, name: part, files: null, bytes: null })
      }
      yield* entries.filter((entry) => kind === undefined || entry.kind === kind)
    }
    await context.output.records(catalog(), ({ root, kind: what, run: label, name, files, bytes }) => `${root}  ${what.padEnd(8)}  ${label === null ? '' : `${shownText(label)}  `}${shownText(name)}${files === null || bytes === null ? '' : `  ${plural(files, 'file')}, ${formatBytes(bytes)}`}`)
  },
})
