import type { LineageGraph, Place } from './lineage-graph.ts'

/** What a run keeps of itself, beside what it made. */
export const RECORDS: ReadonlySet<string> = new Set(['metrics', 'log'])

/** From the model over its run. */
const DISTANCE = 2

/**
 * Adds metrics and log of the runs that models were made by, which a walk up from these models has found: a model is looked at by how its training went. They are below the run, and beside all that is above it. Nothing is read.
 * @param depth edges away from the start at most
 */
export function addRunRecords(graph: LineageGraph, starts: readonly Place[], depth: number): void {
  for (const { act: model } of starts) {
    if (model?.kind !== 'model') continue
    for (const { to, id } of model.ins) {
      const run = to.kind === 'run' ? graph.places.get(id)?.act : undefined
      for (const record of run?.outs ?? []) {
        if (!RECORDS.has(record.role) || record.to.kind !== 'root' || graph.places.has(record.id)) continue
        if (depth < DISTANCE || graph.room <= 0) graph.leaveOut(record.id)
        else graph.add({ id: record.id, root: record.to.link.cid })
      }
    }
  }
}
