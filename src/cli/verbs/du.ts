import type { DiskUsage } from '../../dataset/disk-usage.ts'
import type { PathUsage } from '../../dataset/path-usage.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { Option } from 'commander'
import { OUTCOMES } from '../context.ts'
import { formatBytes, formatCount, plural, shownPath } from '../format.ts'
import type { Output } from '../output.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly by?: 'ref' | 'path' | 'codec'
  readonly depth?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve du', 'the whole repository'],
    ['varve du --by ref', 'what each ref or tag would free'],
    ['varve du --by path mnist/raw', 'the folders of one dataset'],
    ['varve du --by codec', 'how much compression and deltas save'],
  ],
  configure(command) {
    command
      .argument('[rev]', 'with --by path: the revision, perhaps with :path')
      .addOption(new Option('--by <what>', 'how to split it').choices(['ref', 'path', 'codec']))
      .option('--depth <number>', 'with --by path: folders that are told apart; default 1')
  },
  async run(context, [revision], { by, depth }) {
    if (by === 'path' && revision === undefined) throw new InvalidArgumentError('du --by path needs a revision', { hint: 'Write varve du --by path <ref>.' })
    if (by !== 'path' && (revision !== undefined || depth !== undefined)) throw new InvalidArgumentError('A revision or a depth makes sense with --by path only', { hint: 'Write varve du --by path <ref>.' })
    if (depth !== undefined && !/^[1-9]\d*$/.test(depth)) throw new InvalidArgumentError(`"${depth}" is not a depth`, { hint: 'Write --depth 2.' })
    await using repository = await context.open()
    const { output } = context
    if (revision !== undefined) {
      const paths = await context.long(OUTCOMES.unchanged, ({ signal }) => repository.pathUsage(revision, { signal, ...(depth === undefined ? {} : { depth: Number(depth) }) }))
      await output.result(paths, () => pathLines(paths))
      return
    }
    const usage = await context.long(OUTCOMES.unchanged, ({ signal }) => repository.diskUsage({ signal }))
    await output.result(usage, () => usageLines(output, usage, by))
  },
})

function* usageLines(output: Output, usage: DiskUsage, by: Flags['by']): Generator<string> {
  const { totalBytes, objects, codecs, refs, sharedBytes, unreachable } = usage
  if (by === undefined) {
    yield `${formatBytes(totalBytes)} in all`
    yield* table(objects.map(({ folder, objects: count, bytes }) => [formatBytes(bytes), folder, plural(count, 'object')]))
    yield ''
  }
  if (by !== 'ref') {
    yield* table(codecs.map(({ codec, blocks, plainBytes, storedBytes }) => [formatBytes(storedBytes), codec, `${plural(blocks, 'block')}, ${formatBytes(plainBytes)} plain`]))
    if (by === undefined) yield ''
  }
  if (by === 'codec') return
  yield* table(refs.map(({ name, kind, exclusiveBytes, exclusiveBlocks, leftAt }) => [formatBytes(exclusiveBytes), output.style('cyan', name), `${kind}, would free ${plural(exclusiveBlocks, 'block')}${leftAt === null ? '' : `; data at ${leftAt}`}`]))
  yield* table([[formatBytes(sharedBytes), 'shared', 'needed by more than one ref'], [formatBytes(unreachable.bytes), 'unreachable', `${formatCount(unreachable.blocks)} blocks that \`varve gc\` may remove`]])
}

function pathLines(paths: readonly PathUsage[]): Iterable<string> {
  return table(paths.map(({ path, files, bytes, storedBytes }) => [formatBytes(storedBytes), shownPath(path), `${plural(files, 'file')}, ${formatBytes(bytes)} plain`]))
}

/** Rows of an amount, a name and a remark, in columns. */
function* table(rows: readonly (readonly [string, string, string])[]): Generator<string> {
  const width = Math.max(0, ...rows.map(([, name]) => name.length))
  for (const [amount, name, remark] of rows) yield `${amount.padStart(10)}  ${name.padEnd(width)}  ${remark}`.trimEnd()
}
