import { equalBytes } from '../bytes.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import { VarveError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { runLabel } from './run-key.ts'
import { summaryFields } from './run-summary.ts'
import { readSummary, SUMMARIES_REF } from './run-summaries.ts'
import { plainEntry } from './run-entry.ts'
import { summarisedRuns } from './stored-runs.ts'

/** What is wrong with the summaries of runs: each that counts is made again from the start and the record that it repeats. Reads those, two blocks a run; what of them cannot be read is for others to tell. */
export async function* summaryProblems(repository: BlockRepository, signal?: AbortSignal): AsyncGenerator<{ readonly key: string; readonly problem: string }> {
  try {
    for await (const { run, summary } of summarisedRuns(repository)) {
      signal?.throwIfAborted()
      if (summary === undefined) continue
      const told = await readSummary(repository, plainEntry(run)).catch((error: unknown) => {
        if (error instanceof VarveError) return undefined
        throw error
      })
      if (told !== undefined && !equalBytes(encodeCbor(summaryFields(told)), encodeCbor(summaryFields(summary)))) yield { key: SUMMARIES_REF, problem: `the summary of ${runLabel(run)} is not what its start and its record say` }
    }
  } catch (error) {
    if (!(error instanceof VarveError)) throw error
    yield { key: SUMMARIES_REF, problem: error.message }
  }
}
