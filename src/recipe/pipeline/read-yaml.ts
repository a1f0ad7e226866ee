import { Composer, CST, type Document, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, Parser } from 'yaml'
import type { Place, SourceEntry, SourceValue } from './interface.ts'
import { childPath } from './json-of.ts'
import type { Problems } from './problems.ts'

/** A pipeline of 10,000 steps is some 2 MB. */
const MAX_LENGTH = 4 * 1024 * 1024
/** The parser calls itself for each level, and ends the process where they are very many. */
const MAX_DEPTH = 64
const MAX_INDENTATION = 256
const TOO_DEEP = `This is nested deeper than ${MAX_DEPTH} levels`

/**
 * Reads YAML 1.2 (core schema), of which JSON is a part, into values that know their places. Anchors, aliases and tags are refused: nothing that is read is larger than the text.
 * @returns undefined if the text is empty, or if there is a problem, which is then in `problems`
 */
export function readYaml(text: string, file: string, problems: Problems): SourceValue | undefined {
  const lines = new LineCounter()
  const start = { place: { file, line: 1, column: 1 }, path: '' }
  if (text.length > MAX_LENGTH) {
    problems.add(start, `The file is longer than ${MAX_LENGTH} characters`)
    return undefined
  }
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const tokens = [...new Lexer().lex(text)]
  const tooDeep = deepOffset(tokens)
  if (tooDeep !== undefined) {
    problems.add({ place: placeIn(text, file, tooDeep), path: '' }, TOO_DEEP)
    return undefined
  }
  const [document, second] = documentsOf(tokens, text.length, lines)
  const before = problems.count
  if (second !== undefined) problems.add({ place: place(second.range[0]), path: '' }, 'A second document begins here; a file has one')
  for (const { message, pos } of [...document.errors, ...document.warnings]) problems.add({ place: place(pos[0]), path: '' }, withQuotesHint(message, text, pos[0]))
  if (document.errors.length > 0 || second !== undefined || document.contents === null) return undefined
  const value = convert(document.contents, { place, problems }, '', 1)
  return problems.count > before ? undefined : value
}

/** The first document of the text, and the second if there is one. What `parseDocument` does, but with tokens that are there already: finding them is a quarter of the work. */
function documentsOf(tokens: readonly string[], length: number, lines: LineCounter): readonly [Document.Parsed, Document.Parsed?] {
  const parser = new Parser(lines.addNewLine)
  // Unique keys are checked below: the composer compares each with each.
  const composer = new Composer({ schema: 'core', merge: false, stringKeys: true, uniqueKeys: false })
  function* parsed(): Generator<CST.Token> {
    lines.addNewLine(0)
    for (const token of tokens) yield* parser.next(token)
    yield* parser.end()
  }
  const documents: Document.Parsed[] = []
  for (const document of composer.compose(parsed(), true, length)) {
    documents.push(document)
    if (documents.length === 2) break
  }
  return documents as [Document.Parsed, Document.Parsed?]
}

interface Reader {
  readonly place: (offset: number) => Place
  readonly problems: Problems
}

function convert(node: Node, reader: Reader, path: string, depth: number): SourceValue {
  const source = { place: reader.place(node.range?.[0] ?? 0), path }
  const nothing = { kind: 'scalar', value: null, written: '', ...source } as const
  const refuse = (message: string): SourceValue => {
    reader.problems.add(source, message)
    return nothing
  }
  if (depth > MAX_DEPTH) return refuse(TOO_DEEP)
  if (isAlias(node)) return refuse(`Aliases are not understood here: *${node.source}`)
  if ('anchor' in node && node.anchor !== undefined) return refuse(`Anchors are not understood here: &${node.anchor}`)
  if (node.tag !== undefined) return refuse(`Tags are not understood here: ${node.tag}`)
  if (isSeq(node)) return { kind: 'list', items: node.items.map((item, at) => convert(item as Node, reader, childPath(path, String(at)), depth + 1)), ...source }
  if (isMap(node)) {
    const entries = new Map<string, SourceEntry>()
    for (const pair of node.items) {
      const key = pair.key as Node
      const place = reader.place(key.range?.[0] ?? node.range?.[0] ?? 0)
      if (!isScalar(key) || typeof key.value !== 'string') {
        reader.problems.add({ place, path }, 'A key must be text')
        continue
      }
      const name = key.value
      const inner = childPath(path, name)
      if (key.anchor !== undefined || key.tag !== undefined) reader.problems.add({ place, path: inner }, 'A key can have neither anchor nor tag')
      // Not dangerous here, but what becomes of such a name in other people's code is.
      if (name === '__proto__') reader.problems.add({ place, path: inner }, 'The key "__proto__" is not allowed')
      const earlier = entries.get(name)
      if (earlier !== undefined) reader.problems.add({ place, path: inner }, `"${name}" is there twice, first in line ${earlier.place.line}`)
      const value = pair.value === null ? ({ ...nothing, place, path: inner } as const) : convert(pair.value as Node, reader, inner, depth + 1)
      entries.set(name, { key: name, place, value })
    }
    return { kind: 'map', entries, ...source }
  }
  if (!isScalar(node)) return refuse('This kind of value is not understood here')
  const { value } = node
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return refuse(`${node.source ?? value} is a number that JSON cannot hold`)
    if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^[-+]?\d+$/.test(node.source ?? '')) return refuse(`${node.source} is too large to be kept exactly; write it in quotes, as text`)
  } else if (value !== null && typeof value !== 'string' && typeof value !== 'boolean') return refuse('This kind of value is not understood here')
  return { kind: 'scalar', value, written: node.source ?? String(value), ...source }
}

/** Where nesting becomes too deep, found by looking at tokens one after another. */
function deepOffset(tokens: readonly string[]): number | undefined {
  let [offset, flow, onLine] = [0, 0, 0]
  let isLineStart = true
  for (const token of tokens) {
    const type = CST.tokenType(token)
    if (type === 'newline') onLine = 0
    else if (type === 'flow-map-start' || type === 'flow-seq-start') flow++
    else if (type === 'flow-map-end' || type === 'flow-seq-end') flow = Math.max(0, flow - 1)
    else if (type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind') onLine += flow === 0 ? 1 : 0
    if (flow + onLine > MAX_DEPTH || (type === 'space' && isLineStart && token.length > MAX_INDENTATION)) return offset
    isLineStart = type === 'newline'
    // The lexer's own marks stand for nothing in the text.
    if (type !== 'scalar' && type !== 'doc-mode' && type !== 'flow-error-end') offset += token.length
  }
  return undefined
}

function placeIn(text: string, file: string, offset: number): Place {
  const before = text.slice(0, offset)
  return { file, line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/** `{ country: ${params.country} }` is what people write first. */
function withQuotesHint(message: string, text: string, offset: number): string {
  return /\$\{/.test(text.slice(Math.max(0, offset - 2), offset + 2)) ? `${message}; in a flow map or list "\${…}" must stand in quotes` : message
}
