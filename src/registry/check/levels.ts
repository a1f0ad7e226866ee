import type { CheckLevel } from './interface.ts'

/** From the least to the most. */
export const CHECK_LEVELS: readonly CheckLevel[] = ['basic', 'reproducible', 'audit']

/** True if a level asks for what another asks for. */
export function includesLevel(level: CheckLevel, other: CheckLevel): boolean {
  return CHECK_LEVELS.indexOf(level) >= CHECK_LEVELS.indexOf(other)
}

export function isCheckLevel(value: unknown): value is CheckLevel {
  return CHECK_LEVELS.some((level) => level === value)
}
