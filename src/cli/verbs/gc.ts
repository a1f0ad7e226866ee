import { Option } from 'commander'
import { type CID, cidText, parseCid } from '../../cid/cid.ts'
import type { CollectResult, EvictedSnapshot, ForgetRequest } from '../../dataset/collect-garbage.ts'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { type DerivedOutput, derivedOutputs } from '../../recipe/evict-derived.ts'
import { forgetUnusedDerivations } from '../../lineage/forget-unused.ts'
import { type Keeper, keepersOf, keeperText } from '../../lineage/keepers.ts'
import { heldRoots, type UnreachedDerivation } from '../../recipe/forget-derivations.ts'
import type { BlockRepository } from '../../repository/index.ts'
import { shownTracked } from '../../repository/tracked-ref.ts'
import { parseDuration } from '../duration.ts'
import { formatBytes, plural, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly dryRun?: boolean
  readonly keepLast?: string
  readonly keepWithin?: string
  readonly evict?: string
  readonly trustOnce?: boolean
  readonly forget?: string
  readonly grace: string
  readonly expireSessions: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve gc --dry-run', 'what would go, and what keeps the rest'],
    ['varve gc', 'remove what no ref or tag leads to'],
    ['varve gc --keep-last 5 --keep-within 90d', 'also the data of older snapshots; their records stay in the log'],
    ['varve gc --keep-last 1 --forget derivations', 'also what was derived and no ref leads to any more'],
    ['varve gc --evict derived --dry-run', 'which derived data could go, since it can be made again, and why the rest cannot'],
  ],
  configure(command) {
    command
      .option('-n, --dry-run', 'change nothing')
      .option('--keep-last <number>', 'keep the data of the newest so many snapshots of each ref')
      .option('--keep-within <time>', 'keep the data of snapshots that are not older, such as 90d')
      .addOption(new Option('--evict <what>', 'drop data that its recipe can make again, if it gave the same at least twice').choices(['derived']))
      .option('--trust-once', 'with --evict derived: once is enough')
      .addOption(new Option('--forget <what>', 'forget derivations to whose results no ref or tag leads, by its history or by what was derived from them').choices(['derivations']))
      .option('--grace <time>', 'leave readers this long to finish before files are deleted', '3s')
      .option('--expire-sessions <time>', 'give up writers that began longer ago and were not seen to end', '7d')
  },
  async run(context, _arguments, { dryRun = false, keepLast, keepWithin, evict, trustOnce = false, forget, grace, expireSessions }) {
    if (trustOnce && evict === undefined) throw new InvalidArgumentError('--trust-once says how --evict derived decides', { hint: 'Pass --evict derived with it.' })
    if (keepLast !== undefined && !/^[1-9]\d*$/.test(keepLast)) throw new InvalidArgumentError(`"${keepLast}" is not a number of snapshots to keep`, { hint: 'Write --keep-last 5.' })
    const author = authorName()
    const rules = {
      graceMs: parseDuration(grace), sessionMaxAgeMs: parseDuration(expireSessions),
      ...(keepLast === undefined ? {} : { keepLast: Number(keepLast) }), ...(keepWithin === undefined ? {} : { keepWithinMs: parseDuration(keepWithin) }),
    }
    await using repository = await context.open()
    const outcome = 'What is needed is where it was: run the same command again to go on.'
    let derived: readonly DerivedOutput[] = []
    const forgotten: UnreachedDerivation[] = []
    const alsoForget = async (blocks: BlockRepository, request: ForgetRequest): Promise<void> => {
      forgotten.push(...(await forgetUnusedDerivations(blocks, { ...request, actor: author ?? null })))
    }
    const alsoEvict = async (blocks: BlockRepository): Promise<readonly CID[]> => {
      const outputs = await derivedOutputs(blocks, { trustOnce })
      const keepers = await keepersOf(blocks, outputs.map(({ cid }) => cid))
      // Data that was merely read can be made again for whoever reads it.
      derived = outputs.map((output) => {
        const keeper = keepers.get(cidText(output.cid))
        return output.evictable && keeper !== undefined && !ONLY_READ.has(keeper.as) ? { ...output, evictable: false, reason: keeperText(keeper) } : output
      })
      return derived.filter(({ evictable }) => evictable).map(({ cid }) => cid)
    }
    const options = { ...rules, dryRun, ...(evict === undefined ? {} : { alsoEvict }), ...(forget === undefined ? {} : { alsoForget }), ...(author === undefined ? {} : { author }) }
    const result = await context.long(outcome, ({ signal, onProgress }) => repository.collectGarbage({ ...options, signal, onProgress }))
    const documents = derived.map(({ cid: _cid, ...output }) => output)
    const evicted = await withKeepers(repository.blocks, result, forgotten)
    const all = { ...document(result), evicted, ...(evict === undefined ? {} : { derived: documents }), ...(forget === undefined ? {} : { forgotten }) }
    const refs = derived.length === 0 ? new Map<string, string>() : await refsByRoot(repository)
    await context.output.result(all, () => [...derivedLines(context.output, derived, { dryRun, refs }), ...forgottenLines(context.output, forgotten, dryRun), ...gcLines(context.output, { ...result, evicted }, forget !== undefined)])
  },
})

const ONLY_READ: ReadonlySet<Keeper['as']> = new Set(['input', 'evaluation'])

/** A snapshot that a rule dropped, and the model, the run or the derivation for whose sake its data stays all the same. */
interface DroppedSnapshot extends EvictedSnapshot {
  readonly keptBy: Keeper | { readonly derivation: string; readonly recipe: string } | null
}

async function withKeepers(blocks: BlockRepository, { evicted, evictedRoots }: CollectResult, forgotten: readonly UnreachedDerivation[]): Promise<readonly DroppedSnapshot[]> {
  if (evicted.length === 0) return []
  const keepers = await keepersOf(blocks, evicted.map(({ root }) => parseCid(root)))
  const held = await heldRoots(blocks, forgotten.map(({ derivation }) => derivation))
  // After a dry run they are there still.
  const dropped = new Set(evictedRoots)
  return evicted.map((snapshot) => ({ ...snapshot, keptBy: dropped.has(snapshot.root) ? null : (keepers.get(snapshot.root) ?? held.get(snapshot.root) ?? null) }))
}

function* forgottenLines(output: Output, forgotten: readonly UnreachedDerivation[], dryRun: boolean): Generator<string> {
  for (const { derivation, recipe, outputs } of forgotten) {
    const gave = outputs.length === 0 ? 'it never succeeded' : outputs.map(({ name, root }) => `${name} ${root}`).join(', ')
    yield `${output.style('yellow', dryRun ? 'would forget' : 'forgot')} ${shownText(recipe)}, derivation ${derivation}: ${gave}`
  }
}

/** A ref for each root that the newest snapshot of one has. */
async function refsByRoot(repository: Repository): Promise<ReadonlyMap<string, string>> {
  const refs = new Map<string, string>()
  for await (const { name, root } of repository.refs()) if (!refs.has(root)) refs.set(root, shownTracked(name) ?? name)
  return refs
}

function* derivedLines(output: Output, derived: readonly DerivedOutput[], { dryRun, refs }: { readonly dryRun: boolean; readonly refs: ReadonlyMap<string, string> }): Generator<string> {
  for (const { root, recipe, output: name, evictable, reason } of derived) {
    const verdict = evictable ? output.style('yellow', dryRun ? 'would drop' : 'dropped') : output.style('green', 'kept')
    const ref = refs.get(root)
    yield `${verdict} ${shownText(recipe)} → ${name} ${root}${ref === undefined ? '' : ` (${ref})`}: ${reason}`
  }
}

function document({ evicted: _evicted, evictedRoots, refs, sessions, revoked, ...amounts }: CollectResult): object {
  return { ...amounts, evictedRoots, refs, sessions, revoked }
}

function* gcLines(output: Output, result: Omit<CollectResult, 'evicted'> & { readonly evicted: readonly DroppedSnapshot[] }, forgets: boolean): Generator<string> {
  const { dryRun, evicted, removed, live, unused, packs, sessions, revoked, deferredPacks, refusedFiles, keepsVersions, damagedPacks, refs } = result
  const would = dryRun ? 'would remove' : 'removed'
  for (const { snapshot, time, message, keptBy } of evicted) {
    const what = `${snapshot}  ${time}  ${shownText(message.split('\n')[0] ?? '')}`.trimEnd()
    if (keptBy === null) yield `${output.style('yellow', dryRun ? 'would drop' : 'dropped')} the data of ${what}`
    else yield `${output.style('yellow', dryRun ? 'would let go of' : 'let go of')} ${what}: its data stays, ${'derivation' in keptBy ? `since a derivation of ${shownText(keptBy.recipe)} needs it, ${keptBy.derivation}` : shownText(keeperText(keptBy))}`
  }
  if (!forgets && evicted.some(({ keptBy }) => keptBy !== null && 'derivation' in keptBy)) yield '  `--forget derivations` lets go of those to whose results no ref leads'
  yield `${would} ${plural(removed.blocks, 'block')}, ${formatBytes(removed.bytes)}; ${dryRun ? 'would free' : 'freed'} ${formatBytes(Math.max(0, result.freedBytes))}`
  yield `  ${plural(packs.removed, 'pack')} of which nothing is needed, ${plural(packs.rewritten, 'pack')} rewritten, ${plural(packs.kept, 'pack')} kept`
  yield `${dryRun ? 'would stay' : 'kept'} ${plural(live.blocks, 'block')}, ${formatBytes(live.bytes)}${unused.blocks === 0 ? '' : `, and ${formatBytes(unused.bytes)} of no use in packs that are not worth rewriting yet`}`
  for (const { name, kind, exclusiveBytes } of refs) yield `  ${output.style('cyan', name)} keeps ${formatBytes(exclusiveBytes)} that nothing else needs${kind === 'tag' ? ' (tag)' : ''}`
  for (const key of damagedPacks) yield `${output.style('red', 'damaged')} ${key} stays as it is; run \`varve repair\``
  for (const { host, process, started } of revoked) yield `${output.style('yellow', dryRun ? 'would give up' : 'gave up')} a writer that is gone: process ${process} on ${shownText(host)}, since ${shownText(started)}`
  for (const { host, process, started } of sessions) yield `${output.style('yellow', 'at work')} process ${process} on ${shownText(host)}, since ${shownText(started)}`
  if (refusedFiles > 0) yield `${output.style('yellow', 'refused')} the storage does not let ${plural(refusedFiles, 'file')} be deleted (object lock, or no right to delete); ${refusedFiles === 1 ? 'it takes' : 'they take'} room and nothing else`
  if (keepsVersions === true) yield `${output.style('yellow', 'versions')} of what was deleted are kept by the bucket, and take their room until a lifecycle rule of it removes noncurrent versions`
  if (deferredPacks > 0) yield `  ${plural(deferredPacks, 'file')} stay for those at work; the next gc after they end deletes them`
}
