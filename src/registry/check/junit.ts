import type { CheckedItem, CheckReport } from './interface.ts'

/** Characters that XML 1.0 cannot hold, not even escaped (section 2.2); halves of pairs among them. */
// oxlint-disable-next-line no-control-regex -- these are what must not reach the file
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Surrogate}]/gu
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;', '\n': '&#10;', '\r': '&#13;', '\t': '&#9;' }

/** A check as a file of JUnit, which build servers read: a test case for each item. One that does not pass has failed, one that is waived is skipped, even if it would pass. */
export function junitText({ subject, level, checked, items }: CheckReport): string {
  const [failures, skipped] = [items.filter(({ passes }) => !passes).length, items.filter(({ waiver }) => waiver !== null).length]
  const counts = `tests="${items.length}" failures="${failures}" errors="0" skipped="${skipped}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="varve check" ${counts} time="0">`,
    `  <testsuite name="${escaped(`${subject} ${level}`)}" ${counts} time="0" timestamp="${escaped(checked.slice(0, 19))}">`,
    ...items.map((item) => testCase(subject, item)),
    '  </testsuite>', '</testsuites>', '',
  ].join('\n')
}

function testCase(subject: string, { id, title, level, status, evidence, todo, waiver, passes }: CheckedItem): string {
  const said = `${status}: ${evidence}`
  const inner = waiver !== null ? `<skipped message="${escaped(`waived until ${waiver.expires}: ${waiver.why}`)}"/>` : passes ? '' : `<failure type="${status}" message="${escaped(said)}">${escaped(todo ?? 'It must be proven.')}</failure>`
  return `    <testcase classname="${escaped(`varve.${level}.${subject}`)}" name="${escaped(`${id}: ${title}`)}" time="0">${inner}<system-out>${escaped(said)}</system-out></testcase>`
}

function escaped(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"'\n\r\t]/g, (character) => ESCAPES[character] ?? character)
}
