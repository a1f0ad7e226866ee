import type { CID } from '../../cid/cid.ts'
import { ChunkedContentStore } from '../../dataset/content-store.ts'
import { NotFoundError } from '../../errors.ts'
import type { Session } from '../../repository/index.ts'
import { finalValues } from '../../run/metrics/encode-metrics.ts'
import { storeMetrics } from '../../run/metrics/store-metrics.ts'
import { readJournal } from './read-journal.ts'

/** Stores what a journal of metrics holds; nothing if there is none. @returns the manifest root of the columns, and the last value of each metric */
export async function keepMetrics(session: Session, journal: string, chunker: string): Promise<{ readonly metrics: CID | null; readonly final: { readonly [metric: string]: number } }> {
  try {
    const { entries } = await readJournal(journal)
    const { root, metrics } = await storeMetrics(new ChunkedContentStore(session, session, { encoded: session }), session, chunker, entries)
    return { metrics: root, final: finalValues(metrics) }
  } catch (error) {
    if (error instanceof NotFoundError) return { metrics: null, final: {} }
    throw error
  }
}
