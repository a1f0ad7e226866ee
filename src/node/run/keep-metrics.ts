import { createReadStream, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CID } from '../../cid/cid.ts'
import { ChunkedContentStore } from '../../dataset/content-store.ts'
import { NotFoundError } from '../../errors.ts'
import type { Session } from '../../repository/index.ts'
import { finalValues } from '../../run/metrics/encode-metrics.ts'
import type { LogEntry, LogSource } from '../../run/metrics/interface.ts'
import { storeMetrics } from '../../run/metrics/store-metrics.ts'
import { MetricJournal } from './metric-journal.ts'
import { MetricLines } from './metric-lines.ts'
import { readJournal } from './read-journal.ts'
import type { RunFiles } from './run-folder.ts'

export interface KeptMetrics {
  /** Manifest root of the columns; null if nothing was logged. */
  readonly metrics: CID | null
  /** The last value of each metric. */
  readonly final: { readonly [metric: string]: number }
}

/** Stores what a run has logged; nothing if there is no journal. @throws MalformedDataError if it is not a journal */
export async function keepMetrics(session: Session, { journal }: Pick<RunFiles, 'journal'>, chunker: string): Promise<KeptMetrics> {
  const logged = await entriesOf(journal)
  return logged === undefined ? { metrics: null, final: {} } : store(session, logged, chunker)
}

/** The same of a command whose supervisor died: with the lines that it wrote and nobody had taken. */
export async function keepMetricsOfCommand(session: Session, files: RunFiles, chunker: string): Promise<KeptMetrics> {
  const logged = (await entriesOf(files.journal)) ?? (() => [])
  if (!existsSync(files.metrics)) return store(session, logged, chunker)
  const rest = join(files.folder, 'rest.journal')
  rmSync(rest, { force: true })
  await takeRest(files.metrics, logged, rest)
  const { entries } = await readJournal(rest)
  return store(session, () => chained(logged, entries), chunker)
}

async function store(session: Session, source: LogSource, chunker: string): Promise<KeptMetrics> {
  const { root, metrics } = await storeMetrics(new ChunkedContentStore(session, session, { encoded: session }), session, chunker, source)
  return { metrics: root, final: finalValues(metrics) }
}

async function entriesOf(journal: string): Promise<LogSource | undefined> {
  try {
    return (await readJournal(journal)).entries
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

/** Logs the lines after those that are in the journal already: each of them made one entry. */
async function takeRest(lines: string, logged: LogSource, path: string): Promise<void> {
  let known = 0
  let lastStep = -1
  for await (const entries of logged()) {
    known += entries.length
    lastStep = entries.at(-1)?.step ?? lastStep
  }
  const journal = MetricJournal.create(path)
  try {
    const parser = new MetricLines((values, { step = lastStep + 1 }) => {
      if (known-- > 0) return
      journal.log(values, { step })
      lastStep = step
    })
    for await (const bytes of createReadStream(lines) as AsyncIterable<Uint8Array>) parser.push(bytes)
    parser.end()
  } finally {
    journal.close()
  }
}

async function* chained(...sources: readonly LogSource[]): AsyncGenerator<readonly LogEntry[]> {
  for (const source of sources) yield* source()
}
