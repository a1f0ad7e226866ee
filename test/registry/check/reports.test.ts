import { describe, expect, it } from 'vitest'
import type { CheckedItem, CheckReport } from '../../../src/registry/check/interface.ts'
import { junitText } from '../../../src/registry/check/junit.ts'
import { sarifText } from '../../../src/registry/check/sarif.ts'

const HOSTILE = 'a <b> & "c" \'d\' ]]> \u0000\u001b[31m \ud800 \ufffe line\nbreak\ttab é 😀 <!-- -->'
const item = (fields: Partial<CheckedItem>): CheckedItem => ({ id: 'inputs', title: 'Title', level: 'basic', status: 'proven', evidence: 'seen', todo: null, mustBeProven: false, waiver: null, passes: true, ...fields })
const REPORT: CheckReport = {
  kind: 'model', subject: HOSTILE, run: 'train#1', level: 'reproducible', reached: false, policy: 'varve-policy.yaml', checked: '2026-11-25T10:00:00.000Z',
  items: [
    item({}), item({ id: 'config', status: 'declared' }), item({ id: 'image', status: 'missing', evidence: HOSTILE, todo: HOSTILE, passes: false }), item({ id: 'seed', status: 'declared', mustBeProven: true, passes: false }),
    item({ id: 'committed', status: 'missing', todo: 'commit', waiver: { why: HOSTILE, expires: '2027-01-01' } }), item({ id: 'code', waiver: { why: 'w', expires: '2027-01-01' } }),
  ],
}

interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

/** Reads XML as strictly as what is written needs: elements, attributes and text, nothing else. */
function readXml(text: string): XmlElement {
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  const decode = (raw: string): string => {
    if (/[<]|&(?!(?:amp|lt|gt|quot|apos|#\d+);)/.test(raw)) throw new Error(`not escaped: ${raw}`)
    return raw.replace(/&(?:#(\d+)|(\w+));/g, (_match, code: string | undefined, name: string) => (code === undefined ? (entities[name] ?? '') : String.fromCodePoint(Number(code))))
  }
  // Section 2.2 of XML 1.0: what a document may hold at all.
  if (!/^(?:[\t\n\r\u0020-\ud7ff\ue000-\ufffd]|[\u{10000}-\u{10ffff}])*$/u.test(text)) throw new Error('a character that XML cannot hold')
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
  if (!text.startsWith(declaration)) throw new Error('no declaration')
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  const top = (): XmlElement => open.at(-1) ?? root
  for (const [, tag, between = ''] of text.slice(declaration.length).matchAll(/(<[^>]*>)|([^<]+)/g)) {
    if (tag === undefined) top().text += decode(between)
    else if (tag.startsWith('</')) {
      if (open.pop()?.name !== tag.slice(2, -1) || open.length === 0) throw new Error(`unexpected ${tag}`)
    } else {
      const [, name = '', inner = '', end = ''] = /^<([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>$/.exec(tag) ?? []
      if (name === '') throw new Error(`not an element: ${tag}`)
      const pairs = [...inner.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, decode(value)] as const)
      if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw new Error(`an attribute twice: ${tag}`)
      const element: XmlElement = { name, attributes: Object.fromEntries(pairs), children: [], text: '' }
      top().children.push(element)
      if (end === '') open.push(element)
    }
  }
  const [only, ...others] = root.children
  if (open.length !== 1 || only === undefined || others.length > 0 || root.text.trim() !== '') throw new Error('not one element')
  return only
}

const shown = ['\u0000', '\u001b', '\ud800 ', '\ufffe'].reduce((text, bad) => text.replace(bad, bad.endsWith(' ') ? '\ufffd ' : '\ufffd'), HOSTILE)

describe('a check as JUnit', () => {
  it('is well-formed XML, whatever is in it, with a test case for each item and the right counts', () => {
    const suites = readXml(junitText(REPORT))
    expect(suites.attributes).toMatchObject({ tests: '6', failures: '2', errors: '0', skipped: '2' })
    const [suite] = suites.children
    expect(suite?.attributes).toMatchObject({ name: `${shown} reproducible`, tests: '6', failures: '2', skipped: '2', timestamp: '2026-11-25T10:00:00' })
    const cases = suite?.children ?? []
    expect(cases.map(({ name, attributes }) => [name, attributes['name']?.split(':')[0]])).toEqual(REPORT.items.map(({ id }) => ['testcase', id]))
    expect(cases.map(({ children }) => children.map(({ name }) => name).join())).toEqual(['system-out', 'system-out', 'failure,system-out', 'failure,system-out', 'skipped,system-out', 'skipped,system-out'])
    const counts = (name: string): number => cases.filter(({ children }) => children.some((child) => child.name === name)).length
    expect([counts('failure'), counts('skipped')].map(String)).toEqual([suite?.attributes['failures'], suite?.attributes['skipped']])
    expect(cases[2]?.children[0]).toMatchObject({ attributes: { type: 'missing', message: `missing: ${shown}` }, text: shown })
    expect(cases[3]?.children[0]?.text).toBe('It must be proven.')
    expect(cases[4]?.children[0]?.attributes['message']).toBe(`waived until 2027-01-01: ${shown}`)
    expect(cases[0]?.children[0]?.text).toBe('proven: seen')
  })

  it('of nothing is well-formed too', () => {
    expect(readXml(junitText({ ...REPORT, items: [] })).attributes['tests']).toBe('0')
  })
})

interface Sarif {
  readonly $schema: string
  readonly version: string
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly name: string; readonly semanticVersion: string; readonly rules: readonly { readonly id: string }[] } }
    readonly results: readonly {
      readonly ruleId: string
      readonly ruleIndex: number
      readonly kind: string
      readonly level: string
      readonly message: { readonly text: string }
      readonly suppressions: readonly { readonly kind: string; readonly justification: string }[]
    }[]
  }[]
}

describe('a check as SARIF', () => {
  const { version, runs: [run], $schema } = JSON.parse(sarifText(REPORT, '1.2.3')) as Sarif

  it('is of version 2.1.0, with a rule and a result for each item', () => {
    expect([version, $schema.endsWith('sarif-schema-2.1.0.json'), run?.tool.driver.name, run?.tool.driver.semanticVersion]).toEqual(['2.1.0', true, 'varve', '1.2.3'])
    expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(REPORT.items.map(({ id }) => id))
    expect(run?.results.map(({ ruleId, ruleIndex }) => [ruleId, ruleIndex])).toEqual(REPORT.items.map(({ id }, index) => [id, index]))
  })

  it('fails what does not pass, suppresses what is waived with the reason, and has a level for failures alone', () => {
    expect(run?.results.map(({ kind, level, suppressions }) => [kind, level, suppressions.length])).toEqual([
      ['pass', 'none', 0], ['informational', 'none', 0], ['fail', 'error', 0], ['fail', 'error', 0], ['fail', 'error', 1], ['pass', 'none', 1],
    ])
    expect(run?.results[4]?.suppressions[0]).toEqual({ kind: 'external', status: 'accepted', justification: `${HOSTILE} (until 2027-01-01)` })
    // Section 3.27.10: level shall be none wherever kind is not fail. Section 3.11: a message has text.
    for (const { kind, level, message } of run?.results ?? []) expect([kind === 'fail' || level === 'none', message.text.length > 0]).toEqual([true, true])
  })
})
