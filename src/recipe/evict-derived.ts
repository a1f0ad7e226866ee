import { toHex } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import { snapshotRefs, walkHistory } from '../dataset/history.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { CidText } from '../types.ts'
import { readDerivation } from './derivation-object.ts'
import { isDerivedSource } from './derived-source.ts'
import type { Recipe } from './interface.ts'
import { pinnedRun, type RememberedRun, remembered, sameOutputs } from './memory.ts'
import { readRecipe } from './recipe-object.ts'

/** What is known of one output of a derivation that was realised. */
export interface DerivedOutput {
  readonly cid: CID
  readonly derivation: CidText
  readonly recipe: string
  readonly output: string
  readonly root: CidText
  /** True if its data may be dropped now. */
  readonly evictable: boolean
  /** Why, or why not. */
  readonly reason: string
}

export interface EvictDerivedOptions {
  /** One realisation is enough. By default it takes two that gave the same. */
  readonly trustOnce?: boolean
}

/**
 * Which outputs could be dropped, since they can be made again: those of recipes that claim to give the same bits, realised identically at least twice, whose inputs, code and environment
 * record are kept by the derivation. What is also source data never is: a root that a snapshot which was not derived has, in any ref's history, or that is an input which no derivation gives.
 *
 * Reads every snapshot and every run that is remembered.
 */
export async function derivedOutputs(repository: BlockRepository, options: EvictDerivedOptions = {}): Promise<readonly DerivedOutput[]> {
  const all = await gatherRealised(repository, options)
  const sources = await sourceRoots(repository, all)
  const evicted = await repository.evicted()
  const found = new Map<string, DerivedOutput>()
  for (const { derivation, recipe, pinned, runs, distrust } of all) {
    for (const { name, root } of pinned.outputs) {
      const text = cidText(root)
      // Of several derivations that give the same, one that can be trusted is enough.
      if (found.get(text)?.evictable === true) continue
      const why = evicted.has(toHex(root.multihash.digest)) ? EVICTED : sources.has(text) ? SOURCE : distrust
      const reason = why ?? `realised identically ${runs.length === 1 ? 'once' : `${runs.length} times`}`
      found.set(text, { derivation: cidText(derivation), recipe, output: name, root: text, cid: root, evictable: why === undefined, reason })
    }
  }
  const kept = [...found.values()].filter(({ reason, evictable }) => !evictable && reason !== EVICTED).map(({ root }) => root)
  const makeable = rootsToMake(all, new Set([...sources, ...kept]))
  return [...found.values()].map((output) => (output.evictable && !makeable.has(output.root) ? { ...output, evictable: false, reason: 'it could only be made from itself' } : output))
}

/** All roots that can be made if only `kept` is there: derivations may give each other's inputs in a circle, which nothing would begin. */
function rootsToMake(all: readonly Realised[], kept: ReadonlySet<string>): ReadonlySet<string> {
  const makeable = new Set(kept)
  for (let before = -1; before < makeable.size; ) {
    before = makeable.size
    for (const { inputs, pinned, distrust } of all) if (distrust === undefined && inputs.every((root) => makeable.has(cidText(root)))) for (const { root } of pinned.outputs) makeable.add(cidText(root))
  }
  return makeable
}

const EVICTED = 'it is evicted already'
const SOURCE = 'it is source data too: a snapshot that was not derived, or an input that nothing gives, has the same root'

interface Realised {
  readonly derivation: CID
  readonly recipe: string
  readonly inputs: readonly CID[]
  /** Its code and what its runs wrote: never derived, whatever has the same root. */
  readonly records: readonly CID[]
  readonly pinned: RememberedRun
  /** Those that succeeded. */
  readonly runs: readonly RememberedRun[]
  /** Why its runs are no reason to believe that the next one gives the same, if so. */
  readonly distrust: string | undefined
}

async function gatherRealised(repository: BlockRepository, options: EvictDerivedOptions): Promise<readonly Realised[]> {
  const all: Realised[] = []
  for await (const { derivation, runs } of remembered(repository)) {
    const pinned = pinnedRun({ runs })
    if (pinned === undefined) continue
    const { recipe, inputs } = await readDerivation(repository, derivation)
    const made = await readRecipe(repository, recipe)
    const { name, code } = made
    const succeeded = runs.filter(({ status }) => status === 'succeeded')
    const records = [code.files, ...runs.map(({ log }) => log)]
    all.push({ derivation, recipe: name, inputs: inputs.map(({ root }) => root), records, pinned, runs: succeeded, distrust: whyDistrust(made, pinned, succeeded, options) })
  }
  return all
}

function whyDistrust({ deterministic, code }: Recipe, pinned: RememberedRun, runs: readonly RememberedRun[], { trustOnce = false }: EvictDerivedOptions): string | undefined {
  if (deterministic !== 'bitwise') return 'its recipe does not claim to give the same bits'
  const [open] = code.open
  if (open !== undefined) return `its code may load what is not recorded (${open})`
  if (new Set(code.packages.map(({ name }) => name)).size < code.packages.length) return 'its code needs two versions of one package, which could not be laid out again'
  if (runs.some((run) => !sameOutputs(run.outputs, pinned.outputs))) return 'runs of its derivation gave different results'
  return trustOnce || runs.length >= 2 ? undefined : 'it was realised once only; run it again with --force, or pass --trust-once'
}

/** Roots that no derivation could bring back. */
async function sourceRoots(repository: BlockRepository, all: readonly Realised[]): Promise<ReadonlySet<string>> {
  const given = new Set(all.flatMap(({ pinned }) => pinned.outputs.map(({ root }) => cidText(root))))
  const roots = new Set<string>(all.flatMap(({ inputs }) => inputs.map(cidText)).filter((root) => !given.has(root)))
  for (const { records } of all) for (const root of records) roots.add(cidText(root))
  const seen = new Set<string>()
  for await (const { target } of snapshotRefs(repository)) {
    for await (const { snapshot } of walkHistory(repository, target, seen)) if (!isDerivedSource(snapshot.source)) roots.add(cidText(snapshot.root))
  }
  return roots
}
