import { cidText } from '../cid/cid.ts'
import type { Capture } from '../run/capture-interface.ts'
import { describeRunEnd, describeRunStart } from '../run/describe-run.ts'
import { type FoundRun, runInfo } from '../run/find-run.ts'
import type { RunInfo } from '../run/interface.ts'
import { formatBytes, plural, shownText } from './format.ts'
import type { Output, Style } from './output.ts'

const COLORS: Readonly<Record<RunInfo['status'], Style>> = { running: 'cyan', succeeded: 'green', failed: 'red', aborted: 'yellow', lost: 'yellow' }
const MOST_METRICS = 4
const IMAGE_SOURCES: ReadonlyMap<string, string> = new Map([['option', 'whoever began it'], ['ecs', 'the metadata endpoint of ECS'], ['docker', 'the socket of Docker'], ['kubernetes', 'the API of Kubernetes']])

/** A run in one line: label, status, when, the last value of its metrics, tags. */
export function runLine(output: Output, { label, status, started, final, tags, reproduces }: RunInfo): string {
  const metrics = Object.entries(final).slice(0, MOST_METRICS).map(([name, value]) => `${shownText(name)} ${typeof value === 'number' ? shortNumber(value) : String(value)}`)
  const words = [output.style('bold', shownText(label)), output.style(COLORS[status], status), started.slice(0, 19).replace('T', ' '), ...metrics, ...tags.map((tag) => `[${shownText(tag)}]`), ...(reproduces === null ? [] : ['(reproduces another)'])]
  return words.join('  ')
}

/** Six digits say what a person wants to know of a metric. */
export function shortNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
}

/** All that is recorded of a run that a person wants to see; `--json` and `varve fetch-run` have the rest. */
export function* runLines(output: Output, run: FoundRun): Generator<string> {
  const { label, start, started, ended, record, isOver } = run
  yield runLine(output, runInfo(run))
  const called = { id: cidText(start), label }
  // Its first line says what the line above has said.
  const [, ...facts] = (isOver && record !== null && ended !== null ? describeRunEnd(called, started, ended) : describeRunStart(called, started)).trimEnd().split('\n')
  yield* facts
  yield* environmentLines(output, started.capture)
  if (started.command !== null) yield `command   ${shownText(started.command.join(' '))}`
  for (const { name, root, files, bytes } of ended?.artifacts ?? []) yield `artifact  ${output.style('bold', shownText(name))}  ${cidText(root)}  ${plural(files, 'file')}, ${formatBytes(bytes)}`
}

const MOST_DIFFERENCES = 8

function* environmentLines(output: Output, { python, packages, container, leftOut }: Capture): Generator<string> {
  if (python !== null) yield `python    ${shownText(`${python.implementation} ${python.version}, ${python.executable}${python.environment === null ? '' : `, of the environment ${python.environment}`}`)}`
  if (packages !== null) yield `packages  ${packages.installed.length} installed${packages.lockFile === null ? '' : `; ${shownText(packages.lockFile.path)}, SHA-256 ${packages.lockFile.sha256}`}`
  const differences = packages?.differences ?? []
  for (const difference of differences.slice(0, MOST_DIFFERENCES)) yield `${output.style('yellow', 'differs')}   ${shownText(difference)}`
  if (differences.length > MOST_DIFFERENCES) yield `          and ${differences.length - MOST_DIFFERENCES} more; --json has all`
  if (container !== null) yield `image     ${container.digest}, as ${IMAGE_SOURCES.get(container.source) ?? container.source} says`
  if (leftOut.length > 0) yield `left out  ${shownText(leftOut.join(', '))}: no code, but what the run writes, the repository, or an environment of Python`
}
