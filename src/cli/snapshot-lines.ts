import type { SnapshotInfo } from '../dataset/results.ts'
import { shownText } from './format.ts'
import type { Output } from './output.ts'

/**
 * A snapshot in lines: root first, then what else is known of it, `more`, and the message last.
 * @param removed remotes that data was left at and that are not known any more
 */
export function* snapshotLines(output: Output, info: SnapshotInfo, more: readonly string[] = [], removed: readonly string[] = []): Generator<string> {
  yield `root      ${output.style('bold', info.root)}`
  yield `snapshot  ${info.snapshot}`
  if (info.evicted) yield `data      ${output.style('yellow', 'removed by garbage collection; this record is kept')}`
  if (info.leftAt !== null && removed.includes(info.leftAt)) yield `data      ${output.style('yellow', leftAtRemoved(info.leftAt))}`
  else if (info.leftAt !== null) yield `data      ${output.style('dim', `at ${info.leftAt}; read from there when it is asked for`)}`
  if (info.parents.length > 1) yield `parents   ${info.parents.join(' ')}`
  yield `time      ${shownText(info.time)}`
  if (info.author !== null) yield `author    ${shownText(info.author)}`
  if (info.source !== null) {
    const { uri, licence, retrievedAt } = info.source
    const parts = [uri, licence === null ? null : `licence ${licence}`, retrievedAt === null ? null : `retrieved ${retrievedAt}`]
    yield `source    ${shownText(parts.filter((part) => part !== null).join(', '))}`
  }
  if (Object.keys(info.meta).length > 0) yield `meta      ${shownText(JSON.stringify(info.meta))}`
  yield* more
  if (info.message !== '') for (const line of shownText(info.message).split('\n')) yield `    ${line}`
}

/** What is said of data that was left at a remote which was removed since. */
export function leftAtRemoved(remote: string): string {
  return `left at the remote ${remote}, which is not known here any more: varve remote add ${remote} <url>`
}
