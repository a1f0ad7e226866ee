import type { Verdict } from './interface.ts'

export function proven(evidence: string): Verdict {
  return { status: 'proven', evidence }
}

export function declared(evidence: string): Verdict {
  return { status: 'declared', evidence }
}

export function missing(evidence: string, todo: string): Verdict {
  return { status: 'missing', evidence, todo }
}

const MOST_SHOWN = 5

/** The first few of many, and how many more there are. */
export function someOf(names: readonly string[], most: number = MOST_SHOWN): string {
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`
}

/** `1 file`, `3 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
