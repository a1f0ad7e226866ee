import { InvalidArgumentError } from '../errors.ts'

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 365 * 86_400_000 }

/** A span of time as people write it: `90d`, `12h`, `2w`; in milliseconds. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text) ?? []
  const factor = UNITS_MS[unit]
  if (factor === undefined) {
    throw new InvalidArgumentError(`"${text}" is not a span of time`, { hint: `Write a number and one of ${Object.keys(UNITS_MS).join(', ')}, such as 90d.` })
  }
  return Number(number) * factor
}
