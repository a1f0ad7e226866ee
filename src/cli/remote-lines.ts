import type { FetchResult } from '../remote/fetch.ts'
import type { PullResult } from '../remote/pull.ts'
import type { PushResult } from '../remote/push.ts'
import { formatBytes, formatDuration, plural } from './format.ts'
import type { Output } from './output.ts'
import { PULLED_SIDES, PUSHED_SIDES, recordLines } from './record-lines.ts'

const PUSHED: Readonly<Record<PushResult['refs'][number]['outcome'], string>> = {
  new: 'new', same: 'up to date', forward: 'moved on', forced: 'forced; what it led to stays in the log', behind: 'older than there: `varve pull` takes that over',
}
const PULLED: Readonly<Record<PullResult['refs'][number]['outcome'], string>> = {
  new: 'new', same: 'up to date', forward: 'moved on', behind: 'newer here: `varve push` sends it', diverged: 'diverged',
}

export function* pushLines(output: Output, { refs, url, created, blocks, bytes, dropped, records, verified }: PushResult, elapsedMs: number): Generator<string> {
  for (const { ref, after, outcome } of refs) yield `${output.style('cyan', ref)}  snapshot ${after}  ${output.style('dim', PUSHED[outcome])}`
  if (dropped.length > 0) yield `${output.style('yellow', 'without data')}: of ${plural(dropped.length, 'dataset')} only the record went over, since the data was dropped here; make or fetch it again, then push again`
  if (records !== null) yield* recordLines(output, records, PUSHED_SIDES)
  if (output.quiet) return
  if (created) yield `created the repository ${url}`
  yield `${amount(blocks, bytes, elapsedMs, 'sent')} to ${url}`
  if (verified.packs > 0) yield output.style('dim', `${plural(verified.packs, 'new pack')} and ${plural(verified.blocks, 'block')} read back there`)
}

export function* fetchLines(output: Output, { refs, url, remote, blocks, bytes, left }: FetchResult, elapsedMs: number): Generator<string> {
  for (const { ref, before, after } of refs) {
    yield `${output.style('cyan', remote === null ? ref : `${remote}/${ref}`)}  snapshot ${after}  ${output.style('dim', before === null ? 'new' : before === after ? 'as before' : 'moved')}`
  }
  if (!output.quiet) yield `${amount(blocks, bytes, elapsedMs, 'fetched')} from ${url}${leftThere(left)}`
}

export function* pullLines(output: Output, { refs, url, blocks, bytes, left, records }: PullResult, elapsedMs: number): Generator<string> {
  for (const { ref, after, outcome } of refs) yield `${output.style('cyan', ref)}  snapshot ${after}  ${output.style('dim', PULLED[outcome])}`
  if (records !== null) yield* recordLines(output, records, PULLED_SIDES)
  if (!output.quiet) yield `${amount(blocks, bytes, elapsedMs, 'fetched')} from ${url}${leftThere(left)}`
}

/** Of refs that a pull moved on: that a folder of their older files is not to be stored over what came. */
export function* staleFolderLines({ refs }: PullResult): Generator<string> {
  const [first, ...others] = refs.filter(({ outcome }) => outcome === 'forward')
  if (first === undefined) return
  const which = others.length === 0 ? '' : `, and so for the ${others.length} others that moved on`
  yield `Files in folders stay as they are. Run \`varve checkout ${first.ref} <dir>\` before the next snapshot${which}: a snapshot of the older files would undo what came.`
}

function leftThere(left: number): string {
  return left === 0 ? '' : `; the data of ${plural(left, 'root')} was left there, and is read when it is asked for`
}

function amount(blocks: number, bytes: number, elapsedMs: number, done: string): string {
  return blocks === 0 ? `nothing new was ${done}` : `${plural(blocks, 'block')}, ${formatBytes(bytes)} ${done} in ${formatDuration(elapsedMs)}`
}
