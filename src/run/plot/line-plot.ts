import type { MetricSeries } from '../metrics/interface.ts'
import { type Axis, axisOf } from './axis.ts'
import { colourOf, dot, escaped, gridLine, MAX_LABEL_LENGTH, pixel, shortLabel, stroke, svgDocument, svgText } from './svg.ts'
import { thinnedIndexes } from './thin-line.ts'

/** One line: a metric of one run. */
export interface PlotLine extends Pick<MetricSeries, 'steps' | 'values'> {
  readonly label: string
}

export interface LinePlotOptions {
  readonly title: string
  /** Stands beside the values. */
  readonly metric: string
  /** Of the values; what is not above 0 has no place on a logarithmic one. */
  readonly scale?: 'linear' | 'log'
}

const WIDTH = 760
const HEIGHT = 400
const PLOT = { left: 76, right: 560, top: 52, bottom: 340 } as const
const LEGEND = { left: 580, row: 20, mark: 22, most: 14 } as const
/** Lines with up to so many points show each of them. */
const FEW_POINTS = 24

/**
 * A metric over steps, one line a run, as an SVG document. NaN and infinities are gaps in a line; the legend says how many there are. However long the series, a line has at most four points for each pixel across.
 *
 * @example
 * const svg = linePlot([{ label: 'train#1', ...series }], { title: 'Loss', metric: 'loss', scale: 'log' })
 */
export function linePlot(lines: readonly PlotLine[], { title, metric, scale = 'linear' }: LinePlotOptions): string {
  const across = axisOf(joined(lines.map(({ steps }) => steps)), { from: PLOT.left, to: PLOT.right, count: 6, isWhole: true })
  const up = axisOf(joined(lines.map(({ values }) => values)), { from: PLOT.bottom, to: PLOT.top, count: 6, scale })
  return svgDocument(WIDTH, HEIGHT, title, [
    svgText(PLOT.left, 26, title, 'title'),
    svgText(PLOT.left, PLOT.top - 10, scale === 'log' ? `${metric} (logarithmic)` : metric),
    ...across.ticks.flatMap(({ at, text }) => [gridLine(at, PLOT.top, at, PLOT.bottom), svgText(at, PLOT.bottom + 18, text, 'middle')]),
    ...up.ticks.flatMap(({ at, text }) => [gridLine(PLOT.left, at, PLOT.right, at), svgText(PLOT.left - 8, at + 4, text, 'end')]),
    svgText((PLOT.left + PLOT.right) / 2, PLOT.bottom + 42, 'step', 'middle'),
    ...lines.map((line, place) => lineMarks(line, place, across, up)),
    ...legend(lines, up),
  ])
}

function lineMarks({ label, steps, values }: PlotLine, place: number, across: Axis, up: Axis): string {
  const path: string[] = []
  const dots: string[] = []
  /** Points since the last gap. */
  let run: string[] = []
  const endRun = (): void => {
    if (run.length > 1) path.push(`M${run.join('L')}`)
    else if (run.length === 1 && values.length > FEW_POINTS) dots.push(...run)
    run = []
  }
  for (const index of thinnedIndexes(values, PLOT.right - PLOT.left)) {
    const [x, y] = [across.place(steps[index] ?? Number.NaN), up.place(values[index] ?? Number.NaN)]
    if (x === undefined || y === undefined) endRun()
    else run.push(`${pixel(x)},${pixel(y)}`)
    if (x !== undefined && y !== undefined && values.length <= FEW_POINTS) dots.push(`${pixel(x)},${pixel(y)}`)
  }
  endRun()
  const drawn = path.length === 0 ? '' : `<path class="line" ${stroke(place)} d="${path.join('')}"/>`
  return `<g><title>${escaped(label)}</title>${drawn}${dots.map((point) => { const [x, y] = point.split(',').map(Number); return dot(x ?? 0, y ?? 0, colourOf(place)) }).join('')}</g>`
}

function legend(lines: readonly PlotLine[], up: Axis): readonly string[] {
  const shown = lines.length <= LEGEND.most ? lines : lines.slice(0, LEGEND.most - 1)
  const rows = shown.map(({ label, values }, place) => {
    const y = PLOT.top + 8 + place * LEGEND.row
    const missing = values.reduce((count, value) => (up.place(value) === undefined ? count + 1 : count), 0)
    const off = missing === 0 ? '' : ` (${missing} off)`
    const mark = `<line ${stroke(place)} stroke-width="2.5" x1="${LEGEND.left}" y1="${y - 4}" x2="${LEGEND.left + LEGEND.mark - 6}" y2="${y - 4}"/>`
    return `<g><title>${escaped(label)}</title>${mark}${svgText(LEGEND.left + LEGEND.mark, y, `${shortLabel(label, MAX_LABEL_LENGTH - off.length)}${off}`)}</g>`
  })
  return shown.length === lines.length ? rows : [...rows, svgText(LEGEND.left, PLOT.top + 8 + shown.length * LEGEND.row, `and ${lines.length - shown.length} more`)]
}

function* joined(arrays: readonly Float64Array[]): Generator<number, void, undefined> {
  for (const array of arrays) yield* array
}
