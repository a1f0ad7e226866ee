import { InvalidArgumentError } from '../errors.ts'
import { splitPair } from './setting.ts'

/** `accuracy=0.005`, for `--tolerance`. @throws InvalidArgumentError */
export function parseTolerances(texts: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(texts.map((text) => {
    const [metric, value] = splitPair(text, '--tolerance', 'accuracy=0.005')
    const number = Number(value)
    if (value.trim() === '' || !(number >= 0)) throw new InvalidArgumentError(`"${value}" is no tolerance`, { hint: 'Write --tolerance accuracy=0.005.' })
    return [metric, number]
  }))
}
