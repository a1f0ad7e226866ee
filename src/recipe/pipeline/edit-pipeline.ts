import { type Document, parseDocument, visit } from 'yaml'
import { InvalidArgumentError } from '../../errors.ts'
import type { JsonValue } from '../../types.ts'
import { spliceEdit } from './edit-text.ts'
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
 * Changes values of a pipeline file. Comments stay. Where a value is put in the place of another, or behind the last of its map, nothing else in the file changes by a character;
 * where that cannot be done, white space may be set anew.
 * @returns the text with all edits made
 * @throws PipelineError if the file is wrong before the edits or after them
 * @throws InvalidArgumentError if there is nothing that could have the key: `['steps', 'nowhere', 'seed']`
 * @example
 * const text = editPipeline(await readFile('varve.yaml', 'utf8'), [{ path: ['steps', 'parse', 'seed'], value: 8 }], { file: 'varve.yaml' })
 */
export function editPipeline(text: string, edits: readonly PipelineEdit[], { file }: { readonly file: string }): string {
  parsePipeline(text, { file })
  const edited = editYaml(text, edits, { file })
  parsePipeline(edited, { file })
  return edited
}

/** The same for a file of parameters. */
export function editYaml(text: string, edits: readonly PipelineEdit[], { file }: { readonly file: string }): string {
  const problems = new Problems()
  readYaml(text, file, problems)
  problems.throwIfAny()
  return edits.reduce(editOnce, text)
}

function editOnce(text: string, { path, value }: PipelineEdit): string {
  const document = parse(text)
  const edited = document.clone()
  try {
    if (path.length === 0) throw new Error('no path')
    if (value === undefined ? !edited.deleteIn(path) : (edited.setIn(path, edited.createNode(value)), false)) throw new Error('no such key')
  } catch (cause) {
    throw new InvalidArgumentError(`There is nothing that could have "${path.join('.')}"`, { cause, data: { path }, hint: 'The map or list above it must be there.' })
  }
  const spliced = value === undefined ? undefined : spliceEdit(text, document, path, value)
  if (spliced !== undefined && isSame(parse(spliced), edited)) return spliced
  // Words of a command would be folded otherwise.
  return edited.toString({ lineWidth: 0, flowCollectionPadding: hasPadding(text, document) })
}

function parse(text: string): Document.Parsed {
  return parseDocument(text, { schema: 'core', merge: false, stringKeys: true, uniqueKeys: false, logLevel: 'silent' })
}

function isSame(a: Document.Parsed, b: Document): boolean {
  return a.errors.length === 0 && JSON.stringify(a.toJS()) === JSON.stringify(b.toJS())
}

/** `{ a: 1 }` rather than `{a: 1}`, by the first that there is. */
function hasPadding(text: string, document: Document.Parsed): boolean {
  let found = true
  visit(document, {
    Map(_, { flow, items, range }) {
      if (flow !== true || items.length === 0 || range === undefined || range === null) return undefined
      found = text[range[0] + 1] === ' '
      return visit.BREAK
    },
  })
  return found
}
