import type { RunInfo } from '../run/interface.ts'
import { shownText } from './format.ts'
import type { Output, Style } from './output.ts'

const COLORS: Readonly<Record<RunInfo['status'], Style>> = { running: 'cyan', succeeded: 'green', failed: 'red', aborted: 'yellow', lost: 'yellow' }
const MOST_METRICS = 4

/** A run in one line: label, status, when, the last value of its metrics, tags. */
export function runLine(output: Output, { label, status, started, final, tags }: RunInfo): string {
  const metrics = Object.entries(final).slice(0, MOST_METRICS).map(([name, value]) => `${shownText(name)} ${typeof value === 'number' ? shortNumber(value) : String(value)}`)
  const words = [output.style('bold', shownText(label)), output.style(COLORS[status], status), started.slice(0, 19).replace('T', ' '), ...metrics, ...tags.map((tag) => `[${shownText(tag)}]`)]
  return words.join('  ')
}

/** Six digits say what a person wants to know of a metric. */
export function shortNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
}
