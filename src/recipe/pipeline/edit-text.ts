import { type Document, isCollection, isMap, isPair, isScalar, type Node, stringify, type YAMLMap } from 'yaml'
import type { JsonValue } from '../../types.ts'
import { isJsonMap } from './json-of.ts'

/**
 * The text with a value put in, and everything else as it was. Whoever calls must read it again and see that it says what it should.
 * @returns undefined where that cannot be done
 */
export function spliceEdit(text: string, document: Document.Parsed, path: readonly (string | number)[], value: JsonValue): string | undefined {
  const node = document.getIn(path, true) as Node | undefined
  if (node !== undefined) return replaceNode(text, node, value)
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const key = path.at(-1)
  return isMap(parent) && typeof key === 'string' ? addToMap(text, parent, key, value) : undefined
}

/** Only what stands on its own: a block has no end that could be told from its comments. */
function replaceNode(text: string, node: Node, value: JsonValue): string | undefined {
  const [start, end] = node.range ?? []
  const isWhole = isScalar(node) || (isCollection(node) && node.flow === true)
  return start === undefined || end === undefined || start === end || !isWhole ? undefined : text.slice(0, start) + flowText(value, text[start]) + text.slice(end)
}

function addToMap(text: string, map: YAMLMap, key: string, value: JsonValue): string | undefined {
  const [first, last] = [map.items[0], map.items.at(-1)]
  if (!isPair(first) || !isPair(last)) return undefined
  const start = (first.key as Node | null)?.range?.[0]
  const end = ((last.value ?? last.key) as Node | null)?.range?.[1]
  if (start === undefined || end === undefined) return undefined
  const pair = `${flowText(key, undefined)}: ${flowText(value, undefined)}`
  if (map.flow === true) return `${text.slice(0, end)}, ${pair}${text.slice(end)}`
  // Behind the marks of a list: `- a: 1`.
  const indentation = text.slice(text.lastIndexOf('\n', start - 1) + 1, start).replaceAll(/\S/g, ' ')
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  // A block's value may end with its last line break or before it.
  const lineEnd = text[end - 1] === '\n' ? end : text.indexOf('\n', end) + 1
  const before = lineEnd === 0 ? `${text}${newline}` : text.slice(0, lineEnd)
  return `${before}${indentation}${pair}${newline}${lineEnd === 0 ? '' : text.slice(lineEnd)}`
}

/** On one line, in the quotes that were there, if there were any. */
function flowText(value: JsonValue, quote: string | undefined): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map((item) => flowText(item, undefined)).join(', ')}]`
  if (isJsonMap(value)) {
    const pairs = Object.entries(value).map(([key, item]) => `${flowText(key, undefined)}: ${flowText(item, undefined)}`)
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
  }
  if (typeof value !== 'string') return JSON.stringify(value)
  if (quote === "'" && /^[^\p{Cc}']*$/u.test(value)) return `'${value}'`
  // Within a list, so that signs that only count there are seen.
  const plain = stringify([value], { lineWidth: 0, collectionStyle: 'flow', flowCollectionPadding: false }).trim().slice(1, -1)
  return quote === '"' || plain.includes('\n') ? JSON.stringify(value) : plain
}
