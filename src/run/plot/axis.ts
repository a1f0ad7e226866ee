/** Where numbers stand on a plot, in pixels. */
export interface Axis {
  /** Round numbers, rising. */
  readonly ticks: readonly { readonly at: number; readonly text: string }[]
  /** Undefined for what has no place: NaN, infinities, and on a logarithmic axis what is not above 0. */
  place(value: number): number | undefined
}

export interface AxisOptions {
  /** Pixels of the lowest and of the highest value. */
  readonly from: number
  readonly to: number
  /** About as many ticks. */
  readonly count: number
  readonly scale?: 'linear' | 'log'
  /** Only whole numbers get ticks. */
  readonly isWhole?: boolean
}

/** Beyond this, differences of two values would overflow. */
const MAX_PLACED = 1e300
const MIN_SPAN = 1e-300
/** Less than this part of the values themselves is no span that ticks can divide. */
const MIN_RELATIVE_SPAN = 1e-10
/** From so many powers of ten on, only they get ticks. */
const MANY_DECADES = 3

/** An axis that holds all values that have a place on it; 0 to 1 (or 1 to 10) if there are none. */
export function axisOf(values: Iterable<number>, { from, to, count, scale = 'linear', isWhole = false }: AxisOptions): Axis {
  const isLog = scale === 'log'
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) if (hasPlace(value, isLog)) [low, high] = [Math.min(low, value), Math.max(high, value)]
  if (low > high) [low, high] = isLog ? [1, 10] : [0, 1]
  const [start, end] = isLog ? widened(Math.log10(low), Math.log10(high)) : widened(low, high)
  const place = (value: number): number => from + ((value - start) / (end - start)) * (to - from)
  const ticks = isLog ? logTicks(start, end, count) : linearTicks(start, end, count, isWhole)
  return {
    ticks: ticks.map(({ value, text }) => ({ at: place(isLog ? Math.log10(value) : value), text })),
    place: (value) => (hasPlace(value, isLog) ? place(isLog ? Math.log10(value) : value) : undefined),
  }
}

function hasPlace(value: number, isLog: boolean): boolean {
  return Math.abs(value) <= MAX_PLACED && (!isLog || value > 0)
}

/** A span that can be divided, also around a single value. */
function widened(low: number, high: number): readonly [number, number] {
  const size = Math.max(Math.abs(low), Math.abs(high))
  if (high - low > Math.max(MIN_SPAN, size * MIN_RELATIVE_SPAN)) return [low, high]
  const margin = size > MIN_SPAN ? size / 10 : 1
  return [low - margin, high + margin]
}

interface Tick {
  readonly value: number
  readonly text: string
}

/** Multiples of 1, 2 or 5 times a power of ten, whichever comes nearest to the count. */
function linearTicks(start: number, end: number, count: number, isWhole: boolean): readonly Tick[] {
  const rough = (end - start) / count
  const power = Math.floor(Math.log10(rough))
  // The borders are half-way between the factors on a logarithmic scale.
  const part = rough / 10 ** power
  const factor = part >= Math.sqrt(50) ? 10 : part >= Math.sqrt(10) ? 5 : part >= Math.sqrt(2) ? 2 : 1
  const [unit, exponent] = isWhole && power < 0 ? [1, 0] : [factor, power]
  // To divide by a power of ten is exact where to multiply with a fraction is not.
  const multiple = (index: number): number => (exponent < 0 ? (index * unit) / 10 ** -exponent : index * unit * 10 ** exponent)
  const step = multiple(1)
  const ticks: Tick[] = []
  const tolerance = (end - start) * 1e-9
  for (let index = Math.ceil((start - tolerance) / step); multiple(index) <= end + tolerance; index++) ticks.push({ value: multiple(index), text: tickText(multiple(index), step, Math.max(Math.abs(start), Math.abs(end))) })
  return ticks
}

/** `start` and `end` are logarithms. */
function logTicks(start: number, end: number, count: number): readonly Tick[] {
  const every = Math.max(1, Math.ceil((end - start) / count))
  const factors = end - start <= MANY_DECADES ? [1, 2, 5] : [1]
  const ticks: Tick[] = []
  for (let power = Math.floor(start); power <= Math.ceil(end); power++) {
    if (power % every !== 0) continue
    for (const factor of factors) {
      const value = power < 0 ? factor / 10 ** -power : factor * 10 ** power
      if (Math.log10(value) >= start - 1e-9 && Math.log10(value) <= end + 1e-9) ticks.push({ value, text: tickText(value, value, value) })
    }
  }
  // Too narrow for round numbers: its ends are better than no number at all.
  return ticks.length > 0 ? ticks : [start, end].map((power) => ({ value: 10 ** power, text: valueText(10 ** power) })).filter(({ text }, index, ends) => index === 0 || text !== ends[0]?.text)
}

function tickText(value: number, step: number, largest: number): string {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  if (value === 0) return '0'
  if (largest < 1e6 && digits <= 5) return value.toFixed(digits)
  const significant = Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9))
  return value.toExponential(Math.min(12, significant)).replace('e+', 'e')
}

/** A value for people: six digits at most. */
export function valueText(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))).replace('e+', 'e') : String(value)
}
