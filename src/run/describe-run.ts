import { cidText } from '../cid/cid.ts'
import { shownLine } from '../codec/shown-text.ts'
import type { Capture } from './capture-interface.ts'
import { entryLine } from './config/explain-config.ts'
import { environmentKey } from './environment-key.ts'
import type { RunInfo, RunRecord, RunStart } from './interface.ts'

/** Of inputs, configuration and metrics each; a job's log is no place for hundreds. The record has all. */
const MOST_LINES = 12
/** Of what could not be recorded. */
const MOST_MISSING = 4
const MOST_VALUE_CHARACTERS = 100
/** What could not be recorded comes with what to do about it, which is at its end. */
const MOST_SENTENCE_CHARACTERS = 300
const MOST_LINE_CHARACTERS = 500
const LABEL_WIDTH = 12

/** How a run is called. */
export type RunName = Pick<RunInfo, 'id' | 'label'>
/** What is known of an end before its record is sealed: the text is part of the log, and that of the record. */
export type RunEnd = Pick<RunRecord, 'status' | 'reason' | 'exitCode' | 'signal' | 'ended' | 'final'>

/**
 * What a job's own log says of a run before user code runs: some ten lines, with data, commit, configuration with origins, seed and environment, that are enough to find the run again and
 * to see what it is about. Ends with a newline; holds nothing that a terminal would act on, whatever names and values are.
 */
export function describeRunStart(run: RunName, start: RunStart): string {
  return blockOf([`varve: run ${run.label} begins`, ...factLines(run, 'running', start)])
}

/** The same when it is over, with how it ended and the last value of each metric: the end of a log tells all of it by itself. */
export function describeRunEnd(run: RunName, start: RunStart, { status, reason, exitCode, signal, ended, final }: RunEnd): string {
  const exit = [...(exitCode === null ? [] : [`exit code ${exitCode}`]), ...(signal === null ? [] : [`signal ${signal}`])].join(', ')
  const metrics = Object.entries(final).sort(([a], [b]) => (a < b ? -1 : 1))
  return blockOf([
    `varve: run ${run.label} ${status}`,
    ...factLines(run, status, start),
    fact('ended', exit === '' ? (ended ?? 'not yet') : `${ended ?? 'not yet'}, ${exit}`),
    ...(reason === null ? [] : [fact('reason', shortened(reason))]),
    ...firstOf(metrics, ([name, value]) => fact('final', `${name} = ${value}`)),
  ])
}

function factLines({ id }: RunName, status: RunInfo['status'], start: RunStart): readonly string[] {
  const { capture, config } = start
  return [
    fact('run', `${id}   ${status}`),
    fact('started', `${start.started} on ${start.process.host}, process ${start.process.id}`),
    ...(start.why === null ? [] : [fact('why', shortened(start.why))]),
    ...firstOf(start.inputs, ({ name, revision, root }) => fact('input', `${name} = ${revision}   root ${cidText(root)}`)),
    fact('commit', commitText(capture.git)),
    ...(start.code === null ? [] : [fact('code', `root ${cidText(start.code)}`)]),
    fact('config', `${counted(config.entries.length, 'value')}, hash ${config.hash}`),
    ...firstOf(config.entries, (entry) => `    ${entryLine(entry, (value) => shortened(JSON.stringify(value)))}`),
    fact('seed', start.seed),
    fact('environment', environmentText(capture)),
    ...firstOf(capture.missing, (sentence) => fact('missing', shortened(sentence, MOST_SENTENCE_CHARACTERS)), MOST_MISSING),
  ]
}

function commitText(git: Capture['git']): string {
  if (git === null) return 'none: not in a git repository'
  const state = git.dirty.length === 0 ? 'clean' : `dirty: ${counted(git.dirty.length, 'file')} differ${git.dirty.length === 1 ? 's' : ''}`
  return `${git.commit ?? 'none yet'}${git.branch === null ? '' : ` on ${git.branch}`}, ${state}`
}

function environmentText(capture: Capture): string {
  const { versions, platform, architecture } = capture.runtime
  const node = Object.hasOwn(versions, 'node') ? [`node ${versions['node']}`] : []
  const python = capture.python === null ? [] : [`${capture.python.implementation} ${capture.python.version}`]
  return `${environmentKey(capture)}   ${[...node, ...python, `${platform} ${architecture}`, ...(capture.container === null ? [] : [`image ${capture.container.digest}`])].join(', ')}`
}

/** The first lines of what there is, and how many more there are. */
function firstOf<T>(items: readonly T[], line: (item: T) => string, most: number = MOST_LINES): readonly string[] {
  const more = items.length - most
  return [...items.slice(0, most).map(line), ...(more > 0 ? [`    and ${more} more`] : [])]
}

function fact(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${text}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function shortened(text: string, most: number = MOST_VALUE_CHARACTERS): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`
}

function blockOf(lines: readonly string[]): string {
  return lines.map((line) => `${shownLine(shortened(line, MOST_LINE_CHARACTERS))}\n`).join('')
}
