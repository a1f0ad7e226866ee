import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, stringify } from 'yaml'
import { InvalidArgumentError } from '../../errors.ts'
import type { JsonValue } from '../../types.ts'
import { parsePipeline } from './parse-pipeline.ts'
import { Problems } from './problems.ts'
import { readYaml } from './read-yaml.ts'

/** A change of one value. */
export interface PipelineEdit {
  /** Keys, and numbers for places in lists: `['steps', 'parse', 'seed']`. */
  readonly path: readonly (string | number)[]
  /** Undefined takes the key out. */
  readonly value: JsonValue | undefined
}

/**
 * Changes values of a pipeline file. Comments stay. Where a text, number or boolean takes the place of another nothing else in the file changes; other changes may set indentation
 * and spaces anew.
 * @returns the text with all edits made
 * @throws PipelineError if the file is wrong before the edits or after them
 * @throws InvalidArgumentError if there is nothing that could have the key: `['steps', 'nowhere', 'seed']`
 * @example
 * const text = editPipeline(await readFile('varve.yaml', 'utf8'), [{ path: ['steps', 'parse', 'seed'], value: 8 }], { file: 'varve.yaml' })
 */
export function editPipeline(text: string, edits: readonly PipelineEdit[], { file }: { readonly file: string }): string {
  parsePipeline(text, { file })
  const edited = editYaml(text, edits)
  parsePipeline(edited, { file })
  return edited
}

/** The same for a file of parameters. */
export function editYaml(text: string, edits: readonly PipelineEdit[]): string {
  const problems = new Problems()
  readYaml(text, 'text', problems)
  problems.throwIfAny()
  return edits.reduce(editOnce, text)
}

function editOnce(text: string, { path, value }: PipelineEdit): string {
  const document = parseDocument(text, { schema: 'core', stringKeys: true })
  const shown = path.join('.')
  if (path.length === 0) throw new InvalidArgumentError('An edit needs a path')
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const key = path.at(-1)
  const last = isSeq(parent) ? typeof key === 'number' && key >= 0 && key <= parent.items.length && (value !== undefined || key < parent.items.length) : isMap(parent) && typeof key === 'string'
  const top = document.contents === null && path.length === 1 && typeof key === 'string'
  if (!last && !top) throw new InvalidArgumentError(`There is nothing that could have "${shown}"`, { data: { path: shown }, hint: 'The map or list above it must be there.' })
  const node = document.getIn(path, true)
  const replaced = value === undefined || !isScalar(node) ? undefined : replaceScalar(text, node, value)
  if (replaced !== undefined && isSame(replaced, expected(document, path, value))) return replaced
  if (value === undefined) document.deleteIn(path)
  else document.setIn(path, document.createNode(value))
  // Words of a command would be folded otherwise.
  return document.toString({ lineWidth: 0, flowCollectionPadding: !/\{\S/.test(text) })
}

/** The text with one scalar changed, everything else as it was. Undefined where that cannot be done. */
function replaceScalar(text: string, node: Node, value: JsonValue): string | undefined {
  const [start, end] = node.range ?? []
  if (start === undefined || end === undefined || start === end || (typeof value === 'object' && value !== null)) return undefined
  return text.slice(0, start) + scalarText(value, text[start]) + text.slice(end)
}

/** In the quotes that were there, if there were any. */
function scalarText(value: Exclude<JsonValue, object>, quote: string | undefined): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  if (quote === "'" && !/[\n\r']/.test(value)) return `'${value}'`
  // Within a list, so that signs that only count there are seen.
  const plain = stringify([value], { lineWidth: 0, collectionStyle: 'flow', flowCollectionPadding: false }).trim().slice(1, -1)
  return quote === '"' || plain.includes('\n') ? JSON.stringify(value) : plain
}

function expected(document: Document, path: readonly (string | number)[], value: JsonValue | undefined): unknown {
  const copy = document.clone()
  copy.setIn(path, copy.createNode(value))
  return copy.toJS()
}

function isSame(text: string, value: unknown): boolean {
  const document = parseDocument(text, { schema: 'core', stringKeys: true, logLevel: 'silent' })
  return document.errors.length === 0 && JSON.stringify(document.toJS()) === JSON.stringify(value)
}
