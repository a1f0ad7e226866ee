import { nearest } from '../../recipe/pipeline/near-names.ts'
import { splitKey } from './config-key.ts'
import type { ResolvedConfig } from './interface.ts'

const MOST_SUGGESTED = 3
const MOST_LISTED = 12

/** The keys that were probably meant, the nearest first: a key with few letters changed, then those whose last name is the same, wherever they are. */
export function nearKeys(key: string, known: readonly string[]): readonly string[] {
  const last = splitKey(key).at(-1)
  const near = nearest(key, known)
  return [...new Set([...(near === undefined ? [] : [near]), ...known.filter((other) => splitKey(other).at(-1) === last)])].slice(0, MOST_SUGGESTED)
}

/** `; did you mean "train.rate"?`, to add to an error; if nothing is near, the keys there are, if they are few. */
export function keySuggestion(near: readonly string[], known: readonly string[]): string {
  const quoted = near.map((key) => `"${key}"`)
  const last = quoted.pop()
  if (last !== undefined) return `; did you mean ${quoted.length === 0 ? '' : `${quoted.join(', ')} or `}${last}?`
  if (known.length === 0) return '; it is empty'
  return known.length > MOST_LISTED ? '' : `; there ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ')}`
}

/** Keys of all values, and of the maps that hold them; sorted. */
export function declaredKeys({ entries }: Pick<ResolvedConfig, 'entries'>): readonly string[] {
  const keys = new Set<string>()
  for (const { key } of entries) {
    for (let at = outerEnd(key, key.length); at >= 0; at = outerEnd(key, at)) keys.add(key.slice(0, at))
    keys.add(key)
  }
  return [...keys].sort((a, b) => (a < b ? -1 : 1))
}

/** Where the key ends of the map that holds what ends at `end`; -1 if that is the configuration itself. */
function outerEnd(key: string, end: number): number {
  let at = end
  do at = at === 0 ? -1 : key.lastIndexOf('.', at - 1)
  while (at >= 0 && isEscaped(key, at))
  return at
}

function isEscaped(key: string, at: number): boolean {
  let backslashes = 0
  while (key[at - 1 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}
