import type { AffectedPath } from '../../dataset/affected-paths.ts'
import type { RepairResult } from '../../dataset/repair.ts'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import { recoverDerivations, type RecoveredDerivations } from '../../recipe/recover-derivations.ts'
import { EXIT } from '../exit-codes.ts'
import { formatBytes, plural, shownPath, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly from?: string
  readonly dryRun?: boolean
  readonly giveUp?: boolean
}

/** Lines of one kind that a terminal gets; `--json` gives all. */
const MAX_LINES = 50

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve repair --dry-run', 'what would be mended, and what could not be'],
    ['varve repair', 'rebuild the index, and put damaged blocks aside so that they can be stored anew'],
    ['varve repair --from /mnt/backup/.varve', 'also take damaged and missing blocks from another repository'],
  ],
  configure(command) {
    command.option('--from <repo>', 'another repository, a folder or an address, from which damaged and missing blocks are taken').option('-n, --dry-run', 'change nothing').option('--give-up', 'go on although refs or entries of the log are lost for good')
  },
  async run(context, _arguments, { from, dryRun = false, giveUp = false }) {
    const author = authorName()
    await using repository = await context.open({ damaged: true })
    await using other = from === undefined ? undefined : await openSource(from, repository.location, context.interruption.signal)
    const outcome = 'What was mended so far stays: run the same command again.'
    const result = await context.long(outcome, ({ signal, onProgress }) =>
      repository.repair({ dryRun, giveUp, signal, onProgress, ...(other === undefined ? {} : { from: other.blocks }), ...(author === undefined ? {} : { author }) }),
    )
    if (!result.ok) process.exitCode = EXIT.no
    // What derivations are remembered by is a ref too.
    const derivations = result.refsGivenUp && !dryRun ? await context.long(outcome, ({ signal }) => recoverDerivations(repository.blocks, { actor: author ?? null, signal })) : null
    await context.output.result({ ...result, derivations }, () => [...repairLines(context.output, result, from !== undefined), ...derivationLines(context.output, derivations)])
  },
})

/** Opens a folder or an address. @throws NotFoundError that names the option by which it was asked for; @throws InvalidArgumentError if it is the repository itself */
async function openSource(from: string, itself: string, signal: AbortSignal): Promise<Repository> {
  const { checkedUrl, openPlace } = await import('../../remote/place.ts')
  const url = checkedUrl(from)
  const refusal = new InvalidArgumentError('A repository cannot be repaired from itself', { hint: 'Name another one with --from.' })
  // A damaged one could not be opened to be compared.
  if (url === itself) throw refusal
  try {
    const other = await openPlace({ url }, { signal })
    if (other.location !== itself) return other
    await other.close()
    throw refusal
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new NotFoundError(error.message, { cause: error, data: error.data, hint: 'Name the folder of another repository, the one with config.json in it, or its address, with --from.' })
  }
}

function* repairLines(output: Output, result: RepairResult, hasOther: boolean): Generator<string> {
  const { dryRun, ok, number, log, packs, damaged, rescued, fetched, lost, affected, recovered, quarantined, lostOperations, evictedGivenUp, refsGivenUp } = result
  const would = (done: string, planned: string): string => (dryRun ? `would ${planned}` : done)
  for (const record of log.givenUp) yield `${output.style('red', 'given up')} root record ${record}: it cannot be read, and what it alone said is lost`
  if (refsGivenUp) yield `${output.style('red', 'given up')} the newest refs; ${log.takenUp === 0 ? 'no root record is left' : `those of root record ${log.takenUp} or before took their place`}`
  for (const { ref, snapshot, time, message, former } of recovered) {
    yield `${output.style('yellow', would('recovered', 'recover'))} ${ref} → ${snapshot}  ${time}  ${shownText(message.split('\n')[0] ?? '')}${former === null ? '' : `  (was ${shownText(former)})`}`
  }
  for (const record of log.unreadable) yield `${output.style('yellow', 'noted')} old root record ${record} cannot be read; nothing depends on it`
  for (const key of packs.missing) yield `${output.style('red', 'missing')} ${key}`
  for (const key of packs.torn) yield `${output.style('red', 'torn')} ${key}`
  yield* some(damaged, (block) => `${output.style('red', 'damaged')} ${block.cid}: ${shownText(block.reason)}`, 'damaged blocks')
  if (result.indexRebuilt) yield `${would('rebuilt', 'rebuild')} the index from ${plural(packs.scanned, 'pack')}`
  if (rescued.blocks > 0) yield `${would('copied', 'copy')} ${plural(rescued.blocks, 'sound block')} out of packs that cannot be kept`
  if (fetched.blocks > 0) yield `${would('fetched', 'fetch')} ${plural(fetched.blocks, 'block')}, ${formatBytes(fetched.bytes)}`
  for (const key of quarantined) yield `${would('kept', 'keep')} the damaged bytes as ${key}; delete it when it is of no use any more`
  yield* some(lostOperations, (entry) => `${output.style('red', 'lost')} entry ${entry} of the log of operations`, 'entries of that log')
  if (evictedGivenUp) yield `${output.style('red', 'given up')} which snapshots \`varve gc\` had evicted: what is lost may have been removed on purpose`
  yield* some(affected, (path) => `${output.style('red', 'affected')} ${affectedLine(path)}`, 'affected paths')
  if (number === null && ok) yield `${output.style('green', 'sound')}: there was nothing to repair`
  else if (ok) yield `${output.style('green', 'whole')}: nothing is missing ${dryRun ? 'then' : 'any more'}`
  else if (lost.length > 0) {
    yield `${output.style('red', 'not whole')}: ${plural(lost.length, 'block')} lost, ${plural(affected.length, 'path')} affected`
    yield `  ${hasOther ? 'Yet another copy may have them (--from)' : 'Take them from another copy with --from <repo>'}; a snapshot of the same files stores what they hold anew.`
  } else yield `${output.style('yellow', 'whole')}, but something was lost that is not data: see above`
}

function* derivationLines(output: Output, recovered: RecoveredDerivations | null): Generator<string> {
  if (recovered === null) return
  const { derivations, runs, notWhole } = recovered
  if (runs > 0) yield `${output.style('yellow', 'recovered')} ${plural(derivations, 'derivation')} with ${plural(runs, 'run')} from records in the packs`
  if (notWhole > 0) yield `${output.style('red', 'given up')} ${plural(notWhole, 'run')} of derivations whose data is not all there, perhaps since \`gc --evict derived\` dropped it: derive it again, and it has the same root`
}

function affectedLine({ ref, snapshot, path, range, block }: AffectedPath): string {
  const where = path === null ? ` ${rangeText(range)}` : shownPath(path)
  return `${shownText(ref)}:${where}  (snapshot ${snapshot} lacks ${block})`
}

function rangeText(range: AffectedPath['range']): string {
  const { after = null, to = null, entries = null } = range ?? {}
  const count = entries === null ? 'all paths' : plural(entries, 'path')
  return `${count}${after === null ? '' : ` after ${shownPath(after)}`}${to === null ? '' : ` up to ${shownPath(to)}`}`
}

function* some<T>(items: readonly T[], line: (item: T) => string, what: string): Generator<string> {
  for (const item of items.slice(0, MAX_LINES)) yield line(item)
  if (items.length > MAX_LINES) yield `  and ${items.length - MAX_LINES} more ${what}; --json lists them all`
}
