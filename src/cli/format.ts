import { pathFromText, displayPath } from '../manifest/path-text.ts'

export { shownText } from '../codec/shown-text.ts'

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** A size for people: `934 B`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`
  let value = bytes
  let unit = -1
  // A value that would round to 1024 goes up to the next unit.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit] ?? ''}`
}

/** A number with its thousands set apart: `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 file`, `2,000 files`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A span of time: `0.8 s`, `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`
}

/** A path from a result, safe to show: stray bytes and control characters as \xHH. */
export function shownPath(path: string): string {
  return displayPath(pathFromText(path))
}
