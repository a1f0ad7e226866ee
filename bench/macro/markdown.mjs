import { readFileSync, writeFileSync } from 'node:fs'

const BEGIN = '<!-- bench:begin -->'
const END = '<!-- bench:end -->'

/**
 * Replaces what stands between the two markers of a file.
 * @param {string} file
 * @param {string} section
 * @throws Error if the file lacks the markers
 */
export function replaceSection(file, section) {
  const { before, after } = splitAtMarkers(file)
  writeFileSync(file, `${before}${BEGIN}\n${section}\n${END}${after}`)
}

/** Throws now what `replaceSection` would throw after an hour of measuring. @param {string} file */
export function assertMarkers(file) {
  splitAtMarkers(file)
}

/** @param {string} file */
function splitAtMarkers(file) {
  const text = readFileSync(file, 'utf8')
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`${file} needs the lines ${BEGIN} and ${END} around the place for the table`)
  return { before: text.slice(0, begin), after: text.slice(end + END.length) }
}

/**
 * A table whose columns stand under each other in a terminal too.
 * @param {string[]} headings
 * @param {string[][]} rows
 */
export function markdownTable(headings, rows) {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (/** @type {string[]} */ row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
