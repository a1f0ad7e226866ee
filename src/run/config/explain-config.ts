import { shownLine } from '../../codec/shown-text.ts'
import { NotFoundError } from '../../errors.ts'
import type { JsonValue } from '../../types.ts'
import { isWithin, joinKey, splitKey } from './config-key.ts'
import type { ConfigEntry, ConfigOrigin, ResolvedConfig } from './interface.ts'
import { declaredKeys, keySuggestion, nearKeys } from './near-keys.ts'

export interface ConfigExplanation {
  /** The values that were asked for, each with its chain; sorted by key. */
  readonly entries: readonly ConfigEntry[]
  /** The same for people, without colours, safe to show. */
  readonly lines: readonly string[]
}

/**
 * Says where values come from and what they stand in place of:
 *
 * ```
 * train.rate = 0.1   from --set
 *   instead of 0.01 from conf/train.yaml:3
 *   instead of 0.001 from defaults
 * ```
 *
 * @param key of a value; of a map, for all that is in it; or the last names of either, `rate` for `train.rate`, wherever they are; null for everything
 * @throws NotFoundError naming the nearest keys
 */
export function explainConfig(resolved: Pick<ResolvedConfig, 'entries'>, key: string | null): ConfigExplanation {
  if (key === null) return { entries: resolved.entries, lines: resolved.entries.flatMap(chainLines) }
  const found = foundKeys(key, declaredKeys(resolved)).map((name) => ({ name, entries: resolved.entries.filter((entry) => isWithin(entry.key, name)) }))
  return {
    entries: found.flatMap(({ entries }) => entries),
    lines: found.flatMap(({ name, entries }) => [...(entries[0]?.key === name ? [] : [`${shownLine(name)}   (values of a prefix)`]), ...entries.flatMap(chainLines)]),
  }
}

/** `defaults`, `conf/train.yaml:3`, `--set`. */
export function originText(origin: ConfigOrigin): string {
  if (origin.layer === 'file') return origin.line === null ? origin.path : `${origin.path}:${origin.line}`
  return origin.layer === 'environment' ? origin.variable : { default: 'defaults', program: 'the program', set: '--set' }[origin.layer]
}

/** `train.rate = 0.1   from --set`, with what a terminal would act on made visible. */
export function entryLine({ key, value, origin }: Pick<ConfigEntry, 'key' | 'value' | 'origin'>, valueText: (value: JsonValue) => string = (shown) => JSON.stringify(shown)): string {
  return shownLine(`${key} = ${valueText(value)}   from ${originText(origin)}`)
}

function chainLines(entry: ConfigEntry): readonly string[] {
  return [entryLine(entry), ...entry.overrides.map(({ value, origin }) => shownLine(`  instead of ${JSON.stringify(value)} from ${originText(origin)}`))]
}

function foundKeys(key: string, known: readonly string[]): readonly string[] {
  const names = splitKey(key)
  const exact = joinKey(names)
  if (known.includes(exact)) return [exact]
  const found = known.filter((other) => other.endsWith(`.${exact}`) && joinKey(splitKey(other).slice(-names.length)) === exact)
  if (found.length > 0) return found.filter((other) => !found.some((outer) => outer !== other && isWithin(other, outer)))
  const near = nearKeys(exact, known)
  throw new NotFoundError(`The configuration has no key "${key}"${keySuggestion(near, known)}`, { data: { key, near }, hint: 'Leave the key out to see all of them.' })
}
