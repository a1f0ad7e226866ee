import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { canonicalJson, parseJson, parseJsonObject } from '../codec/canonical-json.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asCid, asCount, asText, shownValue } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import { isPartName, PART_NAME_RULE } from '../recipe/names.ts'
import { asNames, oneOf, readObject, textOrNull } from '../recipe/objects.ts'
import type { JsonValue } from '../types.ts'
import { captureFromJson } from './capture-from-json.ts'
import { configFromJson, configToJson } from './config/config-json.ts'
import { metricFromJson, metricToJson } from './metrics/metric-json.ts'
import { parseRunName } from './run-key.ts'
import type { RunArtifact, RunInput, RunProcess, RunRecord, RunStart } from './interface.ts'

const START = 'run-start'
const RECORD = 'run'
const START_FIELDS = ['name', 'why', 'tags', 'inputs', 'config', 'seed', 'command', 'cwd', 'outputs', 'capture', 'code', 'reproduces', 'started', 'process', 'nonce'] as const
const RECORD_FIELDS = ['start', 'status', 'reason', 'exitCode', 'signal', 'ended', 'final', 'metrics', 'log', 'artifacts'] as const

/** The block that is there before the first line of user code runs. Its CID is the run's identity. */
export function encodeRunStart({ inputs, outputs, config, capture, process: { host, hostId, id, began }, ...rest }: RunStart): Uint8Array {
  return encodeCbor({
    ...rest, type: START, format: 1, process: [host, hostId, id, began], inputs: inputs.map(({ name, revision, snapshot, root }) => [name, revision, snapshot, root]), outputs: outputs.map(({ name, path }) => [name, path]),
    config: canonicalJson(configToJson(config), 'The configuration of a run'), capture: canonicalJson(written(capture) as unknown as JsonValue, 'What a run captures'),
  })
}

/** What format 1 began without is only there if it says something. */
function written({ python, leftOut, ...capture }: RunStart['capture']): Partial<RunStart['capture']> {
  return { ...capture, ...(python === null ? {} : { python }), ...(leftOut.length === 0 ? {} : { leftOut }) }
}

/** @throws NotFoundError or CorruptBlockError from the source; @throws MalformedDataError, UnsupportedFormatError */
export async function readRunStart(source: BlockSource, cid: CID): Promise<RunStart> {
  return readObject(source, cid, START, START_FIELDS, (fields) => ({
    ...asOutline(fields),
    config: configFromJson(parseJson(asText(fields.config, 'A run’s configuration'), 'A run’s configuration')),
    command: fields.command === null ? null : asArray(fields.command, 'A run’s command').map((word) => asText(word, 'A word of a command')),
    cwd: asFolder(fields.cwd, 'Where a run’s command was started'),
    outputs: asArray(fields.outputs, 'A run’s outputs').map(asOutput),
    capture: captureFromJson(parseJsonObject(asText(fields.capture, 'What a run captured'), 'What a run captured')),
    process: asProcess(fields.process),
    nonce: asText(fields.nonce, 'A run’s nonce'),
  }))
}

/** What links a run to all else, and what people know it by. */
export type RunOutline = Pick<RunStart, 'name' | 'why' | 'tags' | 'inputs' | 'seed' | 'code' | 'reproduces' | 'started'>

/** The same without configuration and capture, which are most of a start and are not looked at: for those who read thousands. */
export async function readRunOutline(source: BlockSource, cid: CID): Promise<RunOutline> {
  return readObject(source, cid, START, START_FIELDS, asOutline)
}

function asOutline(fields: Readonly<Record<keyof RunOutline, unknown>>): RunOutline {
  return {
    name: asRunName(fields.name, 'A run’s name'),
    why: textOrNull(fields.why, 'A run’s why'),
    tags: asNames(fields.tags, 'A run’s tags'),
    inputs: asArray(fields.inputs, 'A run’s inputs').map(asInput),
    seed: asText(fields.seed, 'A run’s seed'),
    code: linkOrNull(fields.code, 'A run’s code'),
    reproduces: linkOrNull(fields.reproduces, 'What a run reproduces'),
    started: asText(fields.started, 'A run’s start'),
  }
}

/** The block that seals a run, or says what there is of it so far. @param since of a run that goes on: the record to whose artifacts those of this one are added */
export function encodeRunRecord({ final, artifacts, ...rest }: RunRecord, since: CID | null = null): Uint8Array {
  return encodeCbor({ ...rest, type: RECORD, format: 1, final: finalText(final), artifacts: artifacts.map(({ name, root, files, bytes }) => [name, root, files, bytes]), ...(since === null ? {} : { since }) })
}

/** What a block says by itself; `readRunRecord` adds what it leads to. */
export interface StoredRecord {
  readonly record: RunRecord
  /** Of a run that goes on: the record to whose artifacts those of this one are added. */
  readonly since: CID | null
}

/** @throws as `readRunStart` */
export async function readStoredRecord(source: BlockSource, cid: CID): Promise<StoredRecord> {
  return readObject(source, cid, RECORD, RECORD_FIELDS, ({ since, ...fields }) => {
    const record = asRecord(fields)
    if (since !== undefined && record.status !== 'running') throw new MalformedDataError('A run that is over has all of its artifacts in its record')
    return { record, since: since === undefined ? null : asCid(since, 'What a run’s record adds to', DAG_CBOR_CODE) }
  }, ['since'])
}

function asRecord(fields: Readonly<Record<(typeof RECORD_FIELDS)[number], unknown>>): RunRecord {
  return {
    start: asCid(fields.start, 'A run’s start', DAG_CBOR_CODE),
    status: oneOf(fields.status, 'A run’s status', ['running', 'succeeded', 'failed', 'aborted', 'lost']),
    reason: textOrNull(fields.reason, 'A run’s reason'),
    exitCode: fields.exitCode === null ? null : asCount(fields.exitCode, 'A run’s exit code'),
    signal: textOrNull(fields.signal, 'A run’s signal'),
    ended: textOrNull(fields.ended, 'A run’s end'),
    final: finalOf(asText(fields.final, 'A run’s metrics')),
    metrics: linkOrNull(fields.metrics, 'A run’s metrics'),
    log: linkOrNull(fields.log, 'A run’s log'),
    artifacts: asArray(fields.artifacts, 'A run’s artifacts').map(asArtifact),
  }
}

function asProcess(value: unknown): RunProcess {
  const [host, hostId, id, began] = asArray(value, 'A run’s process', 4)
  return { host: asText(host, 'A run’s host'), hostId: asText(hostId, 'A run’s host'), id: asCount(id, 'A run’s process'), began: began === null ? null : asCount(began, 'When a run’s process began') }
}

function asInput(value: unknown): RunInput {
  const [name, revision, snapshot, root] = asArray(value, 'An input of a run', 4)
  return { name: asPartName(name, 'An input’s name'), revision: asText(revision, 'An input’s revision'), snapshot: linkOrNull(snapshot, 'An input’s snapshot'), root: asCid(root, 'An input’s root', DAG_CBOR_CODE) }
}

function asOutput(value: unknown): RunStart['outputs'][number] {
  const [name, path] = asArray(value, 'An output of a run', 2)
  return { name: asPartName(name, 'An output’s name'), path: asText(path, 'An output’s path') }
}

function asArtifact(value: unknown): RunArtifact {
  const [name, root, files, bytes] = asArray(value, 'An artifact of a run', 4)
  return { name: asRunName(name, 'An artifact’s name'), root: asCid(root, 'An artifact’s root', DAG_CBOR_CODE), files: asCount(files, 'An artifact’s files'), bytes: asCount(bytes, 'An artifact’s bytes') }
}

/** Names become folders and variables when a run is brought back. */
function asPartName(value: unknown, what: string): string {
  if (!isPartName(value)) throw new MalformedDataError(`${what} must be ${PART_NAME_RULE}, not ${shownValue(value)}`)
  return value
}

function asRunName(value: unknown, what: string): string {
  const name = asText(value, what)
  try {
    return parseRunName(name)
  } catch (cause) {
    throw new MalformedDataError(`${what} cannot be ${shownValue(name)}`, { cause })
  }
}

/** A path that leads nowhere but down. */
function asFolder(value: unknown, what: string): string {
  const folder = asText(value, what)
  if (folder !== '' && (/[\p{Cc}\\]/u.test(folder) || folder.split('/').some((part) => part === '' || part === '.' || part === '..'))) throw new MalformedDataError(`${what} cannot be ${shownValue(folder)}`)
  return folder
}

function linkOrNull(value: unknown, what: string): CID | null {
  return value === null ? null : asCid(value, what, DAG_CBOR_CODE)
}

/** The last values of metrics as JSON. */
export function finalText(final: RunRecord['final']): string {
  return canonicalJson(Object.fromEntries(Object.entries(final).map(([name, value]) => [name, metricToJson(value)])), 'The metrics of a run')
}

/** Inverse of `finalText`. @throws MalformedDataError */
export function finalOf(text: string): RunRecord['final'] {
  const what = 'The metrics of a run'
  return Object.fromEntries(Object.entries(parseJsonObject(text, what)).map(([name, value]) => {
    const number = metricFromJson(value)
    if (number === undefined) throw new MalformedDataError(`${what} must be numbers`)
    return [name, number]
  }))
}
