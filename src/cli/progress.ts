import type { SingleBar } from 'cli-progress'
import type { ProgressEvent } from '../types.ts'
import { formatBytes, formatCount, formatDuration, shownPath, shownText } from './format.ts'
import type { Output } from './output.ts'

type WorkEvent = Exclude<ProgressEvent, { type: 'warning' }>

/** Work that is done sooner needs no bar. */
const PATIENCE_MS = 400
const REDRAW_RATE_HZ = 10
const BAR_WIDTH = 24
const LABELS: Readonly<Record<WorkEvent['type'], string>> = {
  scan: 'looking', store: 'storing', hash: 'hashing', checkout: 'writing', verify: 'verifying', compare: 'comparing', rewrite: 'rewriting', transfer: 'copying', derive: 'running',
}

/** Shows on the terminal how far long work is, and passes its warnings on. Draws nothing if stderr is no terminal. */
export class Progress {
  readonly shown: boolean
  readonly #output: Output
  readonly #startedAt: number = performance.now()
  #bar: SingleBar | undefined
  #latest: WorkEvent | undefined
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(output: Output) {
    this.#output = output
    this.shown = process.stderr.isTTY && !output.quiet && !output.json
  }

  start(): void {
    if (!this.shown) return
    this.#timer = setTimeout(() => void this.#draw(), PATIENCE_MS)
    this.#timer.unref()
  }

  onEvent(event: ProgressEvent): void {
    if (event.type === 'warning') {
      const where = event.path === undefined ? '' : `${shownPath(event.path)}: `
      this.#output.warn(`${where}${shownText(event.message)}`)
      return
    }
    this.#latest = event
    if (this.#bar === undefined) return
    this.#bar.setTotal(totalOf(event) ?? 0)
    this.#bar.update(event.type === 'derive' ? event.done : event.bytes)
  }

  /** Takes the bar away. */
  stop(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#bar?.stop()
    this.#bar = undefined
  }

  async #draw(): Promise<void> {
    const { default: cliProgress } = await import('cli-progress')
    if (this.#ended) return
    const format = (_options: unknown, _params: unknown): string => (this.#latest === undefined ? 'starting' : describe(this.#latest, performance.now() - this.#startedAt))
    const { SingleBar: Bar } = cliProgress
    // The process's own handling of signals takes the bar away.
    this.#bar = new Bar({ format, stream: process.stderr, fps: REDRAW_RATE_HZ, clearOnComplete: true, hideCursor: true, gracefulExit: false, forceRedraw: true, linewrap: false })
    this.#bar.start(this.#latest === undefined ? 0 : (totalOf(this.#latest) ?? 0), 0)
    process.once('exit', () => this.stop())
  }
}

/** One line: `storing ▕████    ▏ 45 % · 900 / 2,000 files · 512 MiB / 1.1 GiB · 310 MiB/s · 2 s left`. */
export function describe(event: WorkEvent, elapsedMs: number): string {
  if (event.type === 'derive') return describeSteps(event, elapsedMs)
  const total = totalOf(event)
  const seconds = Math.max(elapsedMs, 1) / 1000
  const rate = event.bytes / seconds
  const parts = [unitsOf(event), total === undefined ? formatBytes(event.bytes) : `${formatBytes(event.bytes)} / ${formatBytes(total)}`]
  if (event.bytes > 0) parts.push(`${formatBytes(rate)}/s`)
  if (total !== undefined && rate > 0) parts.push(`${formatDuration((Math.max(0, total - event.bytes) / rate) * 1000)} left`)
  return `${LABELS[event.type]} ${total === undefined ? '' : bar(event.bytes, total)}${parts.join(' · ')}`
}

/** What a recipe reports of itself has no bytes: `running features ▕████    ▏ 45 % · 450 / 1,000 · 2 s left`. */
function describeSteps({ recipe, done, total }: Extract<WorkEvent, { type: 'derive' }>, elapsedMs: number): string {
  const label = `${LABELS.derive} ${shownText(recipe)}`
  if (total === undefined) return `${label} · ${formatCount(done)} · ${formatDuration(elapsedMs)}`
  const left = done > 0 ? ` · ${formatDuration((Math.max(0, total - done) / done) * elapsedMs)} left` : ''
  return `${label} ${bar(done, total)}${formatCount(done)} / ${formatCount(total)}${left}`
}

function bar(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const filled = Math.round(share * BAR_WIDTH)
  return `▕${'█'.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}▏ ${String(Math.floor(share * 100)).padStart(3)} % · `
}

function unitsOf(event: Exclude<WorkEvent, { type: 'derive' }>): string {
  if ('blocks' in event) return `${formatCount(event.blocks)} blocks`
  const total = 'totalFiles' in event ? event.totalFiles : undefined
  return total === undefined ? `${formatCount(event.files)} files` : `${formatCount(event.files)} / ${formatCount(total)} files`
}

function totalOf(event: WorkEvent): number | undefined {
  if (event.type === 'derive') return event.total
  return 'totalBytes' in event ? event.totalBytes : undefined
}
