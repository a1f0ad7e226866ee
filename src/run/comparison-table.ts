import { utf8 } from '../bytes.ts'
import { displayPath } from '../manifest/path.ts'
import type { ComparedFiles, ComparedInput, ComparedOutput, ComparedParameter, ComparedRow, DataGroup, RunComparison } from './compare-interface.ts'
import type { ConfigOrigin } from './config/interface.ts'

/** Longest cell, in characters. */
const MAX_CELL_LENGTH = 40
/** Of a root, which is told in full in the JSON. */
const SHOWN_ROOT_LENGTH = 16
/** Of long texts that begin alike: how much of what differs is to be seen, and of what is before it. */
const SHOWN_OF_DIFFERENCE = 12
const SHOWN_BEFORE_DIFFERENCE = 8
const GAP = '  '
/** In place of what a run does not have. */
const NOTHING = '—'

type Line = readonly string[] | string

/** A comparison as lines of text in aligned columns, one a run, for a terminal: nothing in it would move a cursor. Nothing ends in a space. */
export function comparisonTable(comparison: RunComparison): readonly string[] {
  const { runs, seeds, groups } = comparison
  const lines: Line[] = [
    ['', ...runs.map(({ label }) => label)],
    ['status', ...runs.map(({ status }) => status)],
    ['started', ...runs.map(({ started }) => started)],
    ...(groups === null ? [] : groupLines(groups)),
    ...section('metrics', comparison.metrics, String),
    ...section('parameters', comparison.parameters, parameterText),
    ...(seeds === null ? [] : ['', ['seed', ...seeds.values.map((value) => value ?? NOTHING)]]),
    ...section('data', comparison.inputs, inputText),
    ...filesLines(comparison.files.filter(({ name }) => name !== null)),
    ...section('code', comparison.code, String),
    ...filesLines(comparison.files.filter(({ name }) => name === null)),
    ...section('artifacts', comparison.artifacts, outputText),
    ...filesLines(comparison.artifactFiles),
    ...section('packages', comparison.packages, String),
    ...section('runtime', comparison.runtime, String),
  ]
  return aligned(lines)
}

function section<T>(title: string, rows: readonly ComparedRow<T>[], text: (value: T) => string): readonly Line[] {
  if (rows.length === 0) return []
  return ['', title, ...rows.map(({ name, values }) => [`  ${name}`, ...sinceDifference(values.map((value) => (value === null ? null : text(value)))).map((cell) => cell ?? NOTHING)])]
}

/** Long texts, of which a cell shows the beginning alone, without what they all begin with: else they would look alike. */
function sinceDifference(texts: readonly (string | null)[]): readonly (string | null)[] {
  const [first = '', ...others] = texts.flatMap((text) => text ?? [])
  let same = 0
  while (same < first.length && others.every((other) => other[same] === first[same])) same++
  if (same < MAX_CELL_LENGTH - SHOWN_OF_DIFFERENCE || others.every((other) => other === first)) return texts
  return texts.map((text) => (text === null ? null : `…${text.slice(same - SHOWN_BEFORE_DIFFERENCE)}`))
}

/** Says in one row which runs read the same data. */
function groupLines(groups: readonly DataGroup[]): readonly Line[] {
  const marks = groups.flatMap(({ runs }, index) => runs.map(() => `data ${index + 1}`))
  const names = groups.map(({ inputs }, index) => `  ${index + 1}: ${inputs.length === 0 ? 'no inputs' : inputs.map(({ name, revision, root }) => `${shown(name)} = ${shown(revision)} ${root.slice(0, SHOWN_ROOT_LENGTH)}…`).join(', ')}`)
  return [['read', ...marks], '', 'data by revision', ...names]
}

function filesLines(files: readonly ComparedFiles[]): readonly string[] {
  return files.flatMap(({ name, before, after, added, removed, changed, paths, unknown }) => {
    const title = `    ${name === null ? '' : `${shown(name)}: `}${shown(before)} → ${shown(after)}: `
    if (unknown !== null) return [`${title}not known, ${shown(unknown)}`]
    const left = added + removed + changed - paths.length
    return [`${title}${added} added, ${removed} removed, ${changed} changed`, ...paths.map(({ path, change }) => `      ${{ added: '+', removed: '-', changed: '~' }[change]} ${shown(path)}`), ...(left > 0 ? [`      … and ${left} more`] : [])]
  })
}

function parameterText({ value, origin }: ComparedParameter): string {
  return `${cut(JSON.stringify(value), MAX_CELL_LENGTH - 12)} (${originText(origin)})`
}

function originText(origin: ConfigOrigin): string {
  switch (origin.layer) {
    case 'file': return origin.line === null ? origin.path : `${origin.path}:${origin.line}`
    case 'environment': return `$${origin.variable}`
    case 'set': return '--set'
    case 'default': case 'program': return origin.layer
  }
}

function inputText({ revision, root }: ComparedInput): string {
  return `${cut(revision, MAX_CELL_LENGTH - SHOWN_ROOT_LENGTH - 2)} ${root.slice(0, SHOWN_ROOT_LENGTH)}…`
}

function outputText({ root, files, bytes }: ComparedOutput): string {
  return `${root.slice(0, SHOWN_ROOT_LENGTH)}… ${files} ${files === 1 ? 'file' : 'files'}, ${bytes} B`
}

/** Cells of one column begin at one place; lines that are mere text stay as they are. */
function aligned(lines: readonly Line[]): readonly string[] {
  const rows = lines.map((line) => (typeof line === 'string' ? line : line.map((cell) => cut(shown(cell), MAX_CELL_LENGTH))))
  const widths: number[] = []
  for (const row of rows) if (typeof row !== 'string') for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, length(cell))
  return rows.map((row) => (typeof row === 'string' ? row : row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - length(cell)))).join(GAP).trimEnd()))
}

function cut(text: string, max: number): string {
  return length(text) <= max ? text : `${Array.from(text).slice(0, max - 1).join('')}…`
}

/** In code points, which is as near to columns of a terminal as there is need. */
function length(text: string): number {
  return Array.from(text).length
}

function shown(text: string): string {
  return displayPath(utf8(text))
}
