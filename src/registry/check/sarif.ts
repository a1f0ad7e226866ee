import type { CheckedItem, CheckReport } from './interface.ts'

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

/**
 * A check as SARIF 2.1.0 (OASIS standard), which code scanners read: a rule and a result for each item. What does not pass is an error; what is declared, a note; what is waived, suppressed with the reason.
 * @param version of varve
 */
export function sarifText(report: CheckReport, version: string): string {
  const { subject, kind, level, items, policy, reached, checked } = report
  return `${JSON.stringify({
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [{
      tool: { driver: { name: 'varve', semanticVersion: version, rules: items.map(ruleOf) } },
      columnKind: 'utf16CodeUnits',
      invocations: [{ executionSuccessful: true, endTimeUtc: checked }],
      results: items.map((item, index) => resultOf(item, index, subject)),
      properties: { subject, kind, run: report.run, level, reached, policy },
    }],
  }, null, 2)}\n`
}

function ruleOf({ id, title, level }: CheckedItem): object {
  return { id, shortDescription: { text: title }, defaultConfiguration: { level: 'error' }, properties: { level } }
}

function resultOf({ id, status, evidence, todo, waiver, passes, mustBeProven }: CheckedItem, ruleIndex: number, subject: string): object {
  const isFailure = !passes || (waiver !== null && status === 'missing')
  return {
    ruleId: id, ruleIndex, ...(isFailure ? { kind: 'fail', level: 'error' } : status === 'declared' ? { kind: 'informational', level: 'none' } : { kind: 'pass', level: 'none' }),
    message: { text: `${status}: ${evidence}${todo === null ? '' : ` ${todo}`}` },
    locations: [{ logicalLocations: [{ fullyQualifiedName: subject }] }],
    suppressions: waiver === null ? [] : [{ kind: 'external', status: 'accepted', justification: `${waiver.why} (until ${waiver.expires})` }],
    properties: { status, mustBeProven },
  }
}
