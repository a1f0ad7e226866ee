import { InvalidArgumentError } from '../errors.ts'

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 }

/** A size as people write it: `500MB`, `2 GiB`, `0`; in bytes. @throws InvalidArgumentError */
export function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? []
  const factor = Object.entries(UNITS).find(([name]) => name.toLowerCase() === (unit === '' ? 'b' : unit.toLowerCase()))?.[1]
  const bytes = Math.round(Number(number) * (factor ?? Number.NaN))
  if (number === '' || !Number.isSafeInteger(bytes)) throw new InvalidArgumentError(`"${text}" is not a size`, { hint: `Write a number and one of ${Object.keys(UNITS).join(', ')}, such as 10GiB.` })
  return bytes
}
