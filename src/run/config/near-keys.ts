import { nearest } from '../../dataset/near-names.ts'
import { joinKey, splitKey } from './config-key.ts'
import type { ResolvedConfig } from './interface.ts'

const MOST_SUGGESTED = 3
const MOST_LISTED = 12

/**
 * The keys that were probably meant, the nearest first: that of a near name in the same map; if there is no such map, that with few letters changed anywhere; then those whose last name
 * is the same, wherever they are.
 */
export function nearKeys(key: string, known: readonly string[]): readonly string[] {
  const [outer, last] = apart(key)
  const beside = new Map(known.map((other) => [apart(other), other] as const).filter(([[otherOuter]]) => otherOuter === outer).map(([[, name], other]) => [name, other]))
  const nearBeside = nearest(last, [...beside.keys()])
  const near = outer !== null && !known.includes(outer) ? nearest(key, known) : nearBeside === undefined ? undefined : beside.get(nearBeside)
  return [...new Set([...(near === undefined ? [] : [near]), ...known.filter((other) => apart(other)[1] === last)])].slice(0, MOST_SUGGESTED)
}

/** The key of the map that holds something, null for the configuration itself, and its name there. */
function apart(key: string): readonly [outer: string | null, name: string] {
  const names = splitKey(key)
  return [names.length === 1 ? null : joinKey(names.slice(0, -1)), names.at(-1) ?? '']
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
    for (let inner: string | null = key; inner !== null && !keys.has(inner); [inner] = apart(inner)) keys.add(inner)
  }
  return [...keys].sort((a, b) => (a < b ? -1 : 1))
}
