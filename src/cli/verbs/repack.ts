import { InvalidArgumentError } from '../../errors.ts'
import type { RepackReport } from '../../repository/repack/interface.ts'
import { parseDuration } from '../duration.ts'
import { formatBytes, plural, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly dryRun?: boolean
  readonly compression: 'auto' | 'max'
  readonly readCost: string
  readonly grace: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve repack --dry-run', 'how much room it would save'],
    ['varve repack', 'store versions against those they resemble most, and gather small packs'],
    ['varve repack --compression max --read-cost 5', 'as small as can be, and slower to read'],
  ],
  configure(command) {
    command
      .option('-n, --dry-run', 'change nothing')
      .option('--compression <mode>', 'auto, or max to compress all that stands by itself anew', 'auto')
      .option('--read-cost <times>', 'what reading a version may cost, as a multiple of reading it without deltas', '3')
      .option('--grace <time>', 'leave readers this long to finish before files are deleted', '3s')
  },
  async run(context, _arguments, { dryRun = false, compression, readCost, grace }) {
    if (!/^\d+(\.\d+)?$/.test(readCost)) throw new InvalidArgumentError(`"${readCost}" is not a multiple of what reading costs`, { hint: 'Write --read-cost 3.' })
    const author = authorName()
    const rules = { dryRun, compression, maxReadCost: Number(readCost), graceMs: parseDuration(grace), ...(author === undefined ? {} : { author }) }
    await using repository = await context.open()
    const outcome = 'Everything is where it was: run the same command again to go on.'
    const report = await context.long(outcome, ({ signal, onProgress }) => repository.repack({ ...rules, signal, onProgress }))
    await context.output.result(report, () => repackLines(context.output, report))
  },
})

function* repackLines(output: Output, { dryRun, examined, recoded, removed, bytes, packs, deferredPacks, refusedFiles, sessions, revoked }: RepackReport): Generator<string> {
  yield `looked at ${plural(examined.blocks, 'block')}, ${formatBytes(examined.bytes)}`
  yield `${dryRun ? 'would store' : 'stored'} ${plural(recoded.blocks, 'block')} in another form, ${formatBytes(recoded.bytes)}`
  yield `packs ${dryRun ? 'would take' : 'take'} ${formatBytes(bytes.after)} instead of ${formatBytes(bytes.before)}, in ${plural(packs.after, 'file')} instead of ${packs.before}`
  if (removed.blocks > 0) yield `${dryRun ? 'would remove' : 'removed'} ${plural(removed.blocks, 'block')} that nothing needs, ${formatBytes(removed.bytes)}`
  const gaveUp = output.style('yellow', dryRun ? 'would give up' : 'gave up')
  for (const { host, process, started } of revoked) yield `${gaveUp} a writer that is gone: process ${process} on ${shownText(host)}, since ${shownText(started)}`
  for (const { host, process, started } of sessions) yield `${output.style('yellow', 'at work')} process ${process} on ${shownText(host)}, since ${shownText(started)}`
  if (refusedFiles > 0) yield `${output.style('yellow', 'refused')} the storage does not let ${plural(refusedFiles, 'file')} be deleted (object lock, or no right to delete)`
  if (deferredPacks > 0) yield `  ${plural(deferredPacks, 'file')} stay for those at work; the next gc after they end deletes them`
}
