import type { JsonValue } from '../../types.ts'
import type { SourceScalar, SourceValue } from './interface.ts'
import { isJsonMap, kindOf } from './json-of.ts'
import { suggestion } from '../../dataset/near-names.ts'
import type { Problems } from './problems.ts'

/** What references can name. */
export interface Scope {
  readonly params: { readonly [key: string]: JsonValue }
  /** The items that a step stands for, by the names of their lists. */
  readonly items: ReadonlyMap<string, JsonValue>
  /** The parameters that were referred to are added here. */
  readonly uses: Set<string>
}

/** A `$${`, a reference, or a `${` that is none. */
const REFERENCE = /\$\$\{|\$\{([^{}]*)\}|\$\{/g
const WHOLE = /^\$\{([^{}]*)\}$/

/** True if there is something in the text to be filled in. */
export function hasReference(text: string): boolean {
  return text.includes('${')
}

/** True if the value is one reference and nothing else. */
export function isReference(value: SourceValue): boolean {
  return value.kind === 'scalar' && typeof value.value === 'string' && WHOLE.test(value.value)
}

/** The text with each reference replaced by `mark`. */
export function markReferences(text: string, mark: string): string {
  return text.replaceAll(REFERENCE, (match, name) => (match === '$${' ? '${' : name === undefined ? match : mark))
}

/** The value with all references filled in, by the rule that stands at `Pipeline`. Where that is not possible the problem is added, and the value is null. */
export function fillIn(value: SourceValue, scope: Scope, problems: Problems): JsonValue {
  if (value.kind === 'list') return value.items.map((item) => fillIn(item, scope, problems))
  if (value.kind === 'map') return Object.fromEntries([...value.entries].map(([key, entry]) => [key, fillIn(entry.value, scope, problems)]))
  if (typeof value.value !== 'string') return value.value
  const whole = WHOLE.exec(value.value)?.[1]
  return whole === undefined ? fillInText(value, scope, problems) : lookUp(whole, value, scope, problems) ?? null
}

/** The same for what can only be text, and not an empty one. Empty where there is a problem. */
export function fillInName(value: SourceScalar, scope: Scope, problems: Problems): string {
  const before = problems.count
  const text = fillInText(value, scope, problems)
  if (text === '' && problems.count === before) problems.add(value, `${String(value.value)} is empty`)
  return problems.count > before ? '' : text
}

function fillInText(value: SourceScalar, scope: Scope, problems: Problems): string {
  return String(value.value).replaceAll(REFERENCE, (match, name: string | undefined) => {
    if (match === '$${') return '${'
    if (name === undefined) {
      problems.add(value, '"${" without "}"; write "$${" if no reference is meant')
      return ''
    }
    const found = lookUp(name, value, scope, problems)
    if (found === undefined) return ''
    if (typeof found !== 'object') return String(found)
    problems.add(value, `\${${name}} is ${kindOf(found)}, which cannot be put into a text`)
    return ''
  })
}

function lookUp(reference: string, value: SourceValue, scope: Scope, problems: Problems): JsonValue | undefined {
  const refuse = (message: string): undefined => {
    problems.add(value, message)
    return undefined
  }
  const [root = '', ...keys] = reference.split('.')
  if (root === 'params') {
    if (keys.length > 0) scope.uses.add(keys.join('.'))
    return step(scope.params, keys, 'params', refuse)
  }
  if (root !== 'foreach' && root !== 'item') return refuse(`"\${${reference}}" refers to nothing: references begin with params, foreach or item; write "$\${" if none is meant`)
  if (scope.items.size === 0) return refuse(`"\${${reference}}" refers to nothing: the step has no foreach`)
  if (root === 'foreach') return step(Object.fromEntries(scope.items), keys, 'foreach', refuse)
  const [only] = scope.items.values()
  if (scope.items.size > 1 || only === undefined) return refuse(`There are several lists; write \${foreach.${[...scope.items.keys()].join('} or ${foreach.')}}`)
  return step(only, keys, 'item', refuse)
}

function step(from: JsonValue, keys: readonly string[], name: string, refuse: (message: string) => undefined): JsonValue | undefined {
  let [value, way] = [from, name]
  for (const key of keys) {
    const next = childOf(value, key)
    if (next === undefined) {
      const known = isJsonMap(value) ? Object.keys(value) : []
      return refuse(isJsonMap(value) ? `There is no "${key}" in ${way}${suggestion(key, known)}` : `There is no "${key}" in ${way}, which is ${kindOf(value)}`)
    }
    ;[value, way] = [next, `${way}.${key}`]
  }
  return value
}

/** What is under a key of a map, or at a place of a list, from 0. */
function childOf(value: JsonValue, key: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(key) ? (value as readonly JsonValue[])[Number(key)] : undefined
  return isJsonMap(value) && Object.hasOwn(value, key) ? value[key] : undefined
}
