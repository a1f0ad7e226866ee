import { type CID, cidText } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { MalformedDataError } from '../../errors.ts'
import { scanTree } from '../../manifest/read-tree.ts'
import { type RunEntry, runEntryCodec } from '../../run/run-entry.ts'
import { parseRunKey, parseRunName, runKeyPrefix, runLabel, type RunNumber } from '../../run/run-key.ts'
import type { KeptRun, RenumberedRun } from './interface.ts'
import { treeDifferences } from './tree-differences.ts'

/** A run beyond that many of its name gets the next free number: nobody counts so far, and numbers end at 2^32 − 1. */
const MOST_KEPT_NUMBER = 0x7fffffff

/** A run that goes over, and the name and number that it gets there. */
export interface PlacedRun {
  readonly to: RunNumber
  readonly entry: RunEntry & { readonly record: CID }
  /** It is there, and was not over. */
  readonly isUpdate: boolean
}

export interface RunPlan {
  readonly placed: readonly PlacedRun[]
  readonly renumbered: readonly RenumberedRun[]
  readonly kept: readonly KeptRun[]
  readonly open: number
  /** Starts of the source's runs that the target does not have, or not as they are: what they lead to may be missing there. */
  readonly absent: ReadonlySet<string>
}

interface Listed {
  readonly run: RunNumber
  readonly entry: RunEntry
}

/**
 * Which runs of one tree another lacks, and where they go. A run is the same on both sides if its start is, whatever its number. It keeps its number if that is free; the others get the next ones after the newest of
 * their name, the oldest first. Reads the nodes in which the trees differ, and no run.
 * @throws MalformedDataError if an entry is none
 */
export async function placeRuns(nodes: BlockSource, source: CID | undefined, target: CID | undefined): Promise<RunPlan> {
  const { ended, open, there, taken } = await compareTrees(nodes, source, target)
  const placed: PlacedRun[] = []
  const kept: KeptRun[] = []
  const absent = new Set(open)
  const crowded: (Listed & { readonly record: CID })[] = []
  for (const { run, entry } of ended) {
    const { start, record } = entry
    const known = there.get(cidText(start))
    if (record === null || known?.entry.record?.equals(record) === true && known.entry.isOver) continue
    absent.add(cidText(start))
    if (known?.entry.isOver === true && known.entry.record !== null) kept.push({ id: cidText(start), label: runLabel(known.run), sent: cidText(record), kept: cidText(known.entry.record) })
    else if (known !== undefined) placed.push({ to: known.run, entry: { ...entry, record }, isUpdate: true })
    else if (taken.has(runLabel(run)) || run.number > MOST_KEPT_NUMBER) crowded.push({ run, entry, record })
    else placed.push({ to: run, entry: { ...entry, record }, isUpdate: false })
  }
  const renumbered: RenumberedRun[] = []
  const numbers = new FreeNumbers(nodes, target, placed.map(({ to }) => to))
  for (const { run, entry, record } of crowded.sort((a, b) => a.run.number - b.run.number)) {
    const to = await numbers.next(run.name)
    placed.push({ to, entry: { ...entry, record }, isUpdate: false })
    renumbered.push({ id: cidText(entry.start), from: runLabel(run), to: runLabel(to) })
  }
  return { placed, renumbered, kept, open: open.length, absent }
}

interface Compared {
  /** Runs of the source that are over and not in the same place of the target. */
  readonly ended: readonly Listed[]
  /** Starts of those that are not over. */
  readonly open: readonly string[]
  /** What the target has in other places, by its start. */
  readonly there: ReadonlyMap<string, Listed>
  readonly taken: ReadonlySet<string>
}

async function compareTrees(nodes: BlockSource, source: CID | undefined, target: CID | undefined): Promise<Compared> {
  const ended = new Map<string, Listed>()
  const open: string[] = []
  const there = new Map<string, Listed>()
  const taken = new Set<string>()
  for await (const { key, before, after } of treeDifferences(nodes, source, target, runEntryCodec)) {
    const run = checkedRun(key)
    if (before?.isOver === true) ended.set(cidText(before.start), { run, entry: before })
    else if (before !== undefined) open.push(cidText(before.start))
    if (after === undefined) continue
    taken.add(runLabel(run))
    there.set(cidText(after.start), { run, entry: after })
  }
  return { ended: [...ended.values()], open, there, taken }
}

function checkedRun(key: Uint8Array): RunNumber {
  const run = parseRunKey(key)
  if (run.number < 1) throw new MalformedDataError('A key of the tree of runs has the number 0')
  try {
    return { ...run, name: parseRunName(run.name) }
  } catch (cause) {
    throw new MalformedDataError('A key of the tree of runs has a name that no run can have', { cause })
  }
}

/** Numbers that no run of a name has, nor is about to get. */
class FreeNumbers {
  readonly #nodes: BlockSource
  readonly #tree: CID | undefined
  readonly #highest = new Map<string, number>()
  readonly #begun = new Set<string>()

  constructor(nodes: BlockSource, tree: CID | undefined, placed: readonly RunNumber[]) {
    this.#nodes = nodes
    this.#tree = tree
    for (const { name, number } of placed) this.#highest.set(name, Math.max(number, this.#highest.get(name) ?? 0))
  }

  async next(name: string): Promise<RunNumber> {
    if (!this.#begun.has(name)) {
      this.#begun.add(name)
      this.#highest.set(name, Math.max(await this.#newest(name), this.#highest.get(name) ?? 0))
    }
    const number = (this.#highest.get(name) ?? 0) + 1
    this.#highest.set(name, number)
    return { name, number }
  }

  /** The newest of a name stands first in the tree. */
  async #newest(name: string): Promise<number> {
    if (this.#tree === undefined) return 0
    for await (const { key } of scanTree(this.#nodes, this.#tree, runEntryCodec, { prefix: runKeyPrefix(name) })) return parseRunKey(key).number
    return 0
  }
}
