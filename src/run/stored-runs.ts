import { compareBytes, equalBytes, startsWithBytes } from '../bytes.ts'
import { scanTree } from '../manifest/read-tree.ts'
import { TreeCursor } from '../manifest/tree-cursor.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isPromise } from '../types.ts'
import { type StoredEntry, storedEntryCodec } from './run-entry.ts'
import { parseRunKey, runKey, runKeyPrefix, type RunNumber } from './run-key.ts'
import { SummaryCursor } from './run-summaries.ts'
import type { RunSummary } from './run-summary.ts'
import { RUNS_REF } from './run-tree.ts'

/** A run as the tree of runs has it, without a CID being made. */
export interface StoredRun extends RunNumber, StoredEntry {}

/** A run that somebody looks for, and what is known of it without reading it: undefined if it is to be read. */
export interface KnownRun {
  readonly entry: StoredEntry
  readonly summary: RunSummary | undefined
}

/** What `listRuns` lists, for who looks through thousands. Some 2 µs each. */
export async function* scanRuns(repository: BlockRepository, name?: string): AsyncGenerator<StoredRun> {
  const tree = await repository.getRef(RUNS_REF)
  if (tree === undefined) return
  for await (const { key, value } of scanTree(repository, tree, storedEntryCodec, name === undefined ? {} : { prefix: runKeyPrefix(name) })) yield { ...parseRunKey(key), ...value }
}

/** The run of a name with that start, given as `idOf` does; undefined if there is none. Looks through all of the name, some 1 µs each: to wait for each would take several times as long. */
export async function runOfName(repository: BlockRepository, name: string, start: string): Promise<RunNumber | undefined> {
  const cursor = await TreeCursor.open(repository, storedEntryCodec, (await repository.getRef(RUNS_REF)) ?? null)
  const prefix = runKeyPrefix(name)
  await cursor.seek(prefix)
  while (!cursor.done) {
    const { item } = cursor
    if (item === undefined) await cursor.enter()
    else {
      if (!startsWithBytes(item.key, prefix)) return undefined
      if (item.value.start.id === start) return parseRunKey(item.key)
      cursor.next()
    }
  }
  return undefined
}

/** What `scanRuns` gives, with their summaries; undefined for runs that are to be read. @throws MalformedDataError for a summary that is none */
export async function* summarisedRuns(repository: BlockRepository, name?: string): AsyncGenerator<{ readonly run: StoredRun; readonly summary: RunSummary | undefined }> {
  const summaries = await SummaryCursor.open(repository)
  for await (const run of scanRuns(repository, name)) yield { run, summary: await summaries.of(runKey(run), run) }
}

/** Some runs with their summaries, by what was asked for; those that are not there are missing. Reads each node once, whatever the number of runs. @throws MalformedDataError for a summary that is none */
export async function knownRuns<Run extends RunNumber>(repository: BlockRepository, runs: readonly Run[]): Promise<ReadonlyMap<Run, KnownRun>> {
  const found = new Map<Run, KnownRun>()
  const cursor = await TreeCursor.open(repository, storedEntryCodec, (await repository.getRef(RUNS_REF)) ?? null)
  const summaries = await SummaryCursor.open(repository)
  for (const { run, key } of runs.map((one) => ({ run: one, key: runKey(one) })).sort((a, b) => compareBytes(a.key, b.key))) {
    // Most are at hand: to wait for each takes longer than to find it.
    const moving = cursor.seek(key)
    if (moving !== undefined) await moving
    const { item } = cursor
    if (item === undefined || !equalBytes(item.key, key)) continue
    const summary = summaries.of(key, item.value)
    found.set(run, { entry: item.value, summary: isPromise(summary) ? await summary : summary })
  }
  return found
}
