import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { canonicalJson, parseJsonObject } from '../codec/canonical-json.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asCid, asCount, asRecord, asText } from '../codec/shape.ts'
import { oneOf, readObject, textOrNull } from '../recipe/objects.ts'
import type { Evaluation, ModelEvent, ModelVersion } from './interface.ts'

const VERSION = 'model-version'
const EVENT = 'model-event'
const METRICS = 'The metrics of an evaluation'

/** The block of a version, whose CID names it for good. */
export function encodeModelVersion({ evaluation, ...rest }: ModelVersion): Uint8Array {
  return encodeCbor({ ...rest, type: VERSION, format: 1, evaluation: evaluation === null ? null : { ...evaluation, metrics: canonicalJson(evaluation.metrics, METRICS) } })
}

/** @throws NotFoundError or CorruptBlockError from the source; @throws MalformedDataError, UnsupportedFormatError */
export async function readModelVersion(source: BlockSource, cid: CID): Promise<ModelVersion> {
  return readObject(source, cid, VERSION, ['name', 'number', 'artifact', 'root', 'run', 'record', 'evaluation', 'why', 'by', 'at'], (fields) => ({
    name: asText(fields.name, 'A model’s name'),
    number: asCount(fields.number, 'A model’s number'),
    artifact: asText(fields.artifact, 'A model’s artifact'),
    root: asCid(fields.root, 'A model’s root', DAG_CBOR_CODE),
    run: asCid(fields.run, 'A model’s run', DAG_CBOR_CODE),
    record: asCid(fields.record, 'The record of a model’s run', DAG_CBOR_CODE),
    evaluation: fields.evaluation === null ? null : asEvaluation(fields.evaluation),
    why: textOrNull(fields.why, 'A model’s why'),
    by: textOrNull(fields.by, 'Who registered a model'),
    at: asText(fields.at, 'When a model was registered'),
  }))
}

/** The block of something that happened to versions. */
export function encodeModelEvent(event: ModelEvent): Uint8Array {
  return encodeCbor({ ...event, type: EVENT, format: 1 })
}

/** @throws as `readModelVersion` */
export async function readModelEvent(source: BlockSource, cid: CID): Promise<ModelEvent> {
  return readObject(source, cid, EVENT, ['kind', 'model', 'alias', 'version', 'number', 'by', 'at', 'why', 'previous'], (fields) => ({
    kind: oneOf(fields.kind, 'An event of a model', ['alias', 'approval']),
    model: asText(fields.model, 'A model’s name'),
    alias: textOrNull(fields.alias, 'An alias'),
    version: linkOrNull(fields.version, 'The version of an event'),
    number: fields.number === null ? null : asCount(fields.number, 'The number of a version'),
    by: textOrNull(fields.by, 'Who did it'),
    at: asText(fields.at, 'When it was done'),
    why: textOrNull(fields.why, 'Why it was done'),
    previous: linkOrNull(fields.previous, 'The event before'),
  }))
}

function asEvaluation(value: unknown): Evaluation {
  const { metrics, revision, snapshot, root } = asRecord(value, 'An evaluation', ['metrics', 'revision', 'snapshot', 'root'])
  return {
    metrics: parseJsonObject(asText(metrics, METRICS), METRICS), revision: asText(revision, 'The data of an evaluation'), snapshot: linkOrNull(snapshot, 'The data of an evaluation'),
    root: asCid(root, 'The data of an evaluation', DAG_CBOR_CODE),
  }
}

function linkOrNull(value: unknown, what: string): CID | null {
  return value === null ? null : asCid(value, what, DAG_CBOR_CODE)
}
