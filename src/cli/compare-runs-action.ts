import { writeFile } from 'node:fs/promises'
import { InvalidArgumentError } from '../errors.ts'
import { compareRuns } from '../run/compare-runs.ts'
import { comparisonTable } from '../run/comparison-table.ts'
import { findRun } from '../run/find-run.ts'
import { readMetrics } from '../run/metrics/store-metrics.ts'
import { plotFinal } from '../run/plot/dot-plot.ts'
import { linePlot, type PlotLine } from '../run/plot/line-plot.ts'
import type { Context } from './context.ts'
import { shownText } from './format.ts'

export interface CompareFlags {
  readonly by?: 'data'
  readonly plot?: string
  readonly metric?: string
}

/** `varve runs compare`: what differs, and a plot if one is wanted: over the steps, or by data of the last values. */
export async function compareAction(context: Context, names: readonly string[], { by, plot, metric }: CompareFlags): Promise<void> {
  if (names.length < 2) throw new InvalidArgumentError('A comparison needs two runs or more', { hint: 'Write varve runs compare train#3 train#5.' })
  if ((plot === undefined) !== (metric === undefined)) throw new InvalidArgumentError('A plot is of one metric', { hint: 'Pass --plot loss.svg and --metric loss together.' })
  await using repository = await context.open()
  const { blocks } = repository
  const runs = []
  for (const name of names) {
    const { label, started, ended } = await findRun(blocks, name)
    runs.push({ label, start: started, record: ended })
  }
  const comparison = await compareRuns(blocks, runs, by === undefined ? {} : { by })
  if (plot !== undefined && metric !== undefined) {
    const lines: PlotLine[] = []
    for (const { label, record } of by === undefined ? runs : []) {
      if (record?.metrics == null) continue
      const [series] = await readMetrics(blocks, record.metrics, { names: [metric] })
      if (series !== undefined) lines.push({ label, steps: series.steps, values: series.values })
    }
    await writeFile(plot, by === undefined ? linePlot(lines, { title: metric, metric }) : plotFinal(comparison, metric))
    context.output.note(`${shownText(metric)} is plotted in ${shownText(plot)}`)
  }
  await context.output.result(comparison, () => comparisonTable(comparison))
}
