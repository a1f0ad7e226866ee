import type { SourceList, SourceMap, SourceText, SourceValue } from './interface.ts'
import { jsonOf, kindOf } from './json-of.ts'
import { suggestion } from '../../dataset/near-names.ts'
import type { Problems } from './problems.ts'

/** Names of steps and outputs: without dots, as these join them, and fit to be part of a ref's name. */
export const NAME: RegExp = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_-]*$/u

/** Reads the fields of a map, and says of each what is wrong with it. What is wrong is read as if it were not there. */
export class FieldReader {
  readonly map: SourceMap
  readonly #problems: Problems
  readonly #what: string

  /** @param what the map is, for messages: `A step` */
  constructor(map: SourceMap, known: readonly string[], what: string, problems: Problems) {
    this.map = map
    this.#problems = problems
    this.#what = what
    for (const { key, place, value } of map.entries.values()) {
      if (!known.includes(key)) problems.add({ place, path: value.path }, `${what} has no key "${key}"${suggestion(key, known)}`)
    }
  }

  get(key: string): SourceValue | undefined {
    return this.map.entries.get(key)?.value
  }

  has(key: string): boolean {
    return this.map.entries.has(key)
  }

  problem(key: string, message: string): undefined {
    const entry = this.map.entries.get(key)
    this.#problems.add(entry === undefined ? this.map : { place: entry.place, path: entry.value.path }, message)
    return undefined
  }

  /** A text that is not empty. */
  text(key: string): string | undefined {
    const value = this.get(key)
    return value === undefined ? undefined : isText(value) ? value.value : this.#wrong(value, key, 'text')
  }

  one<const T extends string>(key: string, known: readonly T[]): T | undefined {
    const value = this.get(key)
    if (value === undefined) return undefined
    const found = value.kind === 'scalar' ? known.find((candidate) => candidate === value.value) : undefined
    return found ?? this.#wrong(value, key, known.join(', '))
  }

  mapOf(key: string): SourceMap | undefined {
    const value = this.get(key)
    return value === undefined || value.kind === 'map' ? value : this.#wrong(value, key, 'a map')
  }

  list(key: string): SourceList | undefined {
    const value = this.get(key)
    return value === undefined || value.kind === 'list' ? value : this.#wrong(value, key, 'a list')
  }

  /** A list of texts that are not empty. */
  texts(key: string): readonly SourceText['value'][] | undefined {
    const list = this.list(key)
    for (const item of list?.items ?? []) if (!isText(item)) this.#wrong(item, `An item of "${key}"`, 'text')
    return list?.items.filter(isText)
  }

  /** A map from names to texts. */
  textEntries(key: string): readonly SourceText[] {
    const entries = [...(this.mapOf(key)?.entries.values() ?? [])]
    return entries.flatMap(({ key: name, place, value }) => {
      if (!NAME.test(name)) this.#problems.add({ place, path: value.path }, nameRule(name))
      if (!isText(value)) this.#wrong(value, `"${name}" of "${key}"`, 'text')
      return isText(value) && NAME.test(name) ? [{ key: name, place, value }] : []
    })
  }

  #wrong(value: SourceValue, key: string, expected: string): undefined {
    const shown = value.kind === 'scalar' && value.value !== null ? JSON.stringify(value.value) : kindOf(jsonOf(value))
    const name = key.includes('"') ? key : `"${key}"`
    this.#problems.add(value, `${name} of ${this.#what.charAt(0).toLowerCase()}${this.#what.slice(1)} must be ${expected}, not ${shown === '""' ? 'empty' : shown}`)
    return undefined
  }
}

function isText(value: SourceValue): value is SourceText['value'] {
  return value.kind === 'scalar' && typeof value.value === 'string' && value.value !== ''
}

export function nameRule(name: string): string {
  return `"${name}" cannot be a name: letters, digits, "_" and "-" can, beginning with one of the first three`
}
