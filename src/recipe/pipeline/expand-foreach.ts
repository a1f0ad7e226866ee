import type { JsonValue } from '../../types.ts'
import type { PipelineStep, SourceValue } from './interface.ts'
import { isJsonMap, kindOf } from './json-of.ts'
import type { Problems } from './problems.ts'
import { fillIn, type Scope } from './references.ts'

/** One of the steps that a step with `foreach` stands for. */
export interface ForeachItem {
  /** `DE`, `DE,2020`; null for a step without `foreach`. */
  readonly name: string | null
  readonly items: ReadonlyMap<string, JsonValue>
}

const ITEM_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}._-]*$/u
/** Of one step; lists of lists multiply. */
const MOST_ITEMS = 10_000

/** Every combination of the lists, the last list changing fastest. A step without `foreach` has one, without a name. */
export function expandForeach({ foreach }: Pick<PipelineStep, 'foreach'>, params: Scope['params'], uses: Set<string>, problems: Problems): readonly ForeachItem[] {
  if (foreach === null) return [{ name: null, items: new Map() }]
  const before = problems.count
  const filled = fillIn(foreach, { params, items: new Map(), uses }, problems)
  if (problems.count > before) return []
  let combinations: readonly ForeachItem[] = [{ name: null, items: new Map() }]
  for (const [key, list] of Object.entries(isJsonMap(filled) ? filled : { item: filled })) {
    const place = foreach.kind === 'map' ? foreach.entries.get(key)?.value ?? foreach : foreach
    const named = namedItems(list, place, problems)
    if (combinations.length * named.length > MOST_ITEMS) {
      problems.add(foreach, `"foreach" makes more than ${MOST_ITEMS} steps`)
      return []
    }
    combinations = combinations.flatMap(({ name, items }) => named.map(([itemName, item]) => ({ name: name === null ? itemName : `${name},${itemName}`, items: new Map([...items, [key, item]]) })))
  }
  return combinations
}

function namedItems(list: JsonValue, place: SourceValue, problems: Problems): readonly (readonly [name: string, item: JsonValue])[] {
  if (!Array.isArray(list) || list.length === 0) {
    problems.add(place, `"foreach" needs lists that are not empty, not ${Array.isArray(list) ? 'an empty one' : kindOf(list)}`)
    return []
  }
  const names = new Set<string>()
  return (list as readonly JsonValue[]).map((item, at) => {
    const source = place.kind === 'list' ? place.items[at] ?? place : place
    const value = isJsonMap(item) && Object.hasOwn(item, 'name') ? item['name'] : item
    const name = value === null || value === undefined || typeof value === 'object' ? undefined : String(value)
    if (name === undefined || !ITEM_NAME.test(name)) {
      problems.add(source, `${name === undefined ? `An item of "foreach" that is ${kindOf(item)}` : JSON.stringify(name)} cannot name a step and its refs; give it a name: { name: a-name, value: … }`)
    } else if (names.has(name)) problems.add(source, `"foreach" has the item "${name}" twice`)
    names.add(name ?? '')
    return [name ?? '', item] as const
  })
}
