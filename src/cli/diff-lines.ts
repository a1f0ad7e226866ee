import type { Difference, DiffResult, EntryInfo } from '../dataset/compare.ts'
import { formatBytes, formatCount, shownPath } from './format.ts'
import type { Output, Style } from './output.ts'

/** A diff in lines: `+ path`, `- path`, `~ path` with sizes, in order of paths, then the sum. */
export function* diffLines(output: Output, diff: DiffResult, { statOnly }: { readonly statOnly: boolean }): Generator<string> {
  if (!statOnly) {
    const marked: [sign: string, style: Style, difference: Difference][] = [
      ...diff.removed.map((item): [string, Style, Difference] => ['-', 'red', item]),
      ...diff.added.map((item): [string, Style, Difference] => ['+', 'green', item]),
      ...diff.modified.map((item): [string, Style, Difference] => ['~', 'yellow', item]),
    ]
    marked.sort(([, , a], [, , b]) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    for (const [sign, style, { path, before, after }] of marked) yield output.style(style, `${sign} ${shownPath(path)}`) + output.style('dim', sizes(before, after))
  }
  if (!output.quiet || statOnly) yield summaryLine(diff)
}

export function isEmptyDiff({ summary }: DiffResult): boolean {
  return summary.added + summary.removed + summary.modified === 0
}

/** The same differences seen from the other side. */
export function reversedDiff({ added, removed, modified, summary }: DiffResult): DiffResult {
  const reversed = ({ path, before, after }: Difference): Difference => ({ path, ...(after === undefined ? {} : { before: after }), ...(before === undefined ? {} : { after: before }) })
  return {
    added: removed.map(reversed), removed: added.map(reversed), modified: modified.map(reversed),
    summary: { added: summary.removed, removed: summary.added, modified: summary.modified, bytesAdded: summary.bytesRemoved, bytesRemoved: summary.bytesAdded },
  }
}

function summaryLine(diff: DiffResult): string {
  if (isEmptyDiff(diff)) return 'no differences'
  const { added, removed, modified, bytesAdded, bytesRemoved } = diff.summary
  return `${formatCount(added)} added, ${formatCount(removed)} removed, ${formatCount(modified)} modified; +${formatBytes(bytesAdded)} -${formatBytes(bytesRemoved)}`
}

function sizes(before: EntryInfo | undefined, after: EntryInfo | undefined): string {
  const [from, to] = [before === undefined ? undefined : described(before), after === undefined ? undefined : described(after)]
  if (from === undefined || to === undefined || from === to) return `  ${to ?? from ?? ''}`
  return `  ${from} → ${to}`
}

function described({ kind, size, target }: EntryInfo): string {
  if (kind === 'symlink') return `link to ${shownPath(target ?? '')}`
  if (kind === 'directory') return 'empty folder'
  return kind === 'executable' ? `${formatBytes(size ?? 0)} executable` : formatBytes(size ?? 0)
}
