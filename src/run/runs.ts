import type { Repository } from '../dataset/repository.ts'
import type { RunComparison } from './compare-interface.ts'
import { compareRuns, type CompareRunsOptions } from './compare-runs.ts'
import { findRun, runInfos } from './find-run.ts'
import type { RunInfo } from './interface.ts'
import { type RunDocument, runDocument } from './run-document.ts'

/** Runs, by their names and then newest first; of one name alone if it is given. Reads a node for some ten of them, and two blocks for each that is not over, or of which there is much to say. */
export function runsOf({ blocks }: Repository, name?: string): AsyncGenerator<RunInfo> {
  return runInfos(blocks, name)
}

/** All that is recorded of a run: `train#3`, `train` for the newest, or the beginning of its identity. @throws NotFoundError */
export async function runDocumentOf({ blocks }: Repository, run: string): Promise<RunDocument> {
  return runDocument(await findRun(blocks, run))
}

/** In what runs differ: parameters, seeds, data and code path by path, packages, machine, metrics. @throws NotFoundError; InvalidArgumentError for less than two */
export async function compareRunsByName({ blocks }: Repository, names: readonly string[], options?: CompareRunsOptions): Promise<RunComparison> {
  const runs = []
  for (const name of names) {
    const { label, started, ended } = await findRun(blocks, name)
    runs.push({ label, start: started, record: ended })
  }
  return compareRuns(blocks, runs, options)
}
