import type { RunComparison } from '../compare-interface.ts'
import { metricFromJson } from '../metrics/metric-json.ts'
import { axisOf, valueText } from './axis.ts'
import { colourOf, dot, gridLine, shortLabel, svgDocument, svgText } from './svg.ts'

/** Values that belong together, such as those of runs that read the same data. */
export interface DotGroup {
  /** Null if there is nothing to say of it. */
  readonly label: string | null
  readonly dots: readonly { readonly label: string; readonly value: number }[]
}

const WIDTH = 760
const PLOT = { left: 200, right: 660, top: 56 } as const
const ROW = 22
/** Between a group and the next. */
const GAP = 10
const FOOT = 52
/** Room around the least and the greatest value. */
const INSET = 14
/** Rows of more values than anybody reads are left out, and their number told. */
const MAX_ROWS = 400
/** What has room across the plot. */
const MAX_GROUP_LABEL_LENGTH = 100
const SHOWN_ROOT_LENGTH = 16

/**
 * Values of one metric, a row each, as an SVG document: how runs scored in the end. A value that is not finite is written, without a dot.
 */
export function dotPlot(groups: readonly DotGroup[], { title, metric }: { readonly title: string; readonly metric: string }): string {
  const all = groups.flatMap(({ dots }) => dots)
  const axis = axisOf(all.map(({ value }) => value), { from: PLOT.left + INSET, to: PLOT.right - INSET, count: 5 })
  const rows: string[] = []
  let y = PLOT.top
  let count = 0
  for (const [place, { label, dots }] of groups.entries()) {
    if (count >= MAX_ROWS) break
    if (place > 0) y += GAP
    if (label !== null) rows.push(svgText(16, (y += ROW) - 6, shortLabel(label, MAX_GROUP_LABEL_LENGTH), 'group'))
    for (const { label: name, value } of dots) {
      if (count++ >= MAX_ROWS) break
      y += ROW
      const x = axis.place(value)
      rows.push(gridLine(PLOT.left, y - 10, PLOT.right, y - 10), svgText(PLOT.left - 10, y - 6, shortLabel(name), 'end'))
      if (x !== undefined) rows.push(dot(x, y - 10, colourOf(place), `${name}: ${valueText(value)}`))
      rows.push(svgText(PLOT.right + 10, y - 6, valueText(value)))
    }
  }
  if (all.length > MAX_ROWS) rows.push(svgText(16, (y += ROW), `and ${all.length - MAX_ROWS} more`))
  const grid = axis.ticks.flatMap(({ at, text }) => [gridLine(at, PLOT.top, at, y + 4), svgText(at, y + 20, text, 'middle')])
  return svgDocument(WIDTH, y + FOOT, title, [svgText(16, 26, title, 'title'), ...grid, svgText((PLOT.left + PLOT.right) / 2, y + 40, metric, 'middle'), ...rows])
}

/**
 * The final values of one metric of compared runs, those that read the same data together if they were compared by data.
 */
export function plotFinal({ runs, metrics, groups }: RunComparison, metric: string): string {
  const row = metrics.find(({ name }) => name === metric)
  const dots = runs.flatMap(({ label }, index) => {
    const value = metricFromJson(row?.values[index])
    return value === undefined ? [] : [{ label, value }]
  })
  const grouped = groups?.map(({ inputs, runs: labels }) => ({
    label: inputs.map(({ name, revision, root }) => `${name} = ${revision} (${root.slice(0, SHOWN_ROOT_LENGTH)}…)`).join(', ') || 'no inputs', dots: dots.filter(({ label }) => labels.includes(label)),
  }))
  return dotPlot(grouped ?? [{ label: null, dots }], { title: grouped === undefined ? `${metric} by run` : `${metric} by data revision`, metric })
}
