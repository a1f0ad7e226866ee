import { utf8 } from '../bytes.ts'
import { InvalidArgumentError } from '../errors.ts'

/** A seed as it is recorded. @throws InvalidArgumentError for one that has no text, or none of its own */
export function seedText(seed: number | string): string {
  const text = String(seed)
  if ((typeof seed === 'number' && !Number.isFinite(seed)) || new TextDecoder().decode(utf8(text)) !== text) throw new InvalidArgumentError(`${JSON.stringify(seed)} is no seed`, { hint: 'Give a number or well-formed text.' })
  return text
}
