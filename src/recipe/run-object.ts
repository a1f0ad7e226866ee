import { type CID, cidText, DAG_CBOR_CODE, parseCid } from '../cid/cid.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asCid, asCount, asRecord, asText } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import type { CidText } from '../types.ts'
import type { DerivationRun, MappedUnits } from './interface.ts'
import { asNamedRoots, namedRootPairs, oneOf, readObject, textOrNull } from './objects.ts'

const TYPE = 'derivation-run'
const FIELDS = ['derivation', 'status', 'reason', 'started', 'ended', 'host', 'outputs', 'log', 'exitCode', 'signal', 'mathRandomCalls'] as const
const MEMORY_TYPE = 'realisations'

/** The block of one execution. */
export function encodeRun({ outputs, units, ...run }: DerivationRun): Uint8Array {
  return encodeCbor({ ...run, ...(units === null ? {} : { units }), type: TYPE, format: 1, outputs: namedRootPairs(outputs) })
}

/** @throws NotFoundError or CorruptBlockError from the source; @throws MalformedDataError, UnsupportedFormatError */
export async function readRun(source: BlockSource, cid: CID): Promise<DerivationRun> {
  return readObject(source, cid, TYPE, FIELDS, (fields) => ({
    derivation: asCid(fields.derivation, 'A run’s derivation', DAG_CBOR_CODE),
    status: oneOf(fields.status, 'A run’s status', ['succeeded', 'failed', 'aborted', 'not-hermetic']),
    reason: textOrNull(fields.reason, 'A run’s reason'),
    started: asText(fields.started, 'A run’s start'),
    ended: asText(fields.ended, 'A run’s end'),
    host: asText(fields.host, 'A run’s host'),
    outputs: asNamedRoots(fields.outputs, 'A run’s outputs'),
    log: asCid(fields.log, 'A run’s log', DAG_CBOR_CODE),
    exitCode: fields.exitCode === null ? null : asCount(fields.exitCode, 'A run’s exit code'),
    signal: textOrNull(fields.signal, 'A run’s signal'),
    mathRandomCalls: fields.mathRandomCalls === null ? null : asCount(fields.mathRandomCalls, 'A run’s calls of Math.random'),
    units: fields.units === undefined ? null : asUnits(fields.units),
  }), ['units'])
}

function asUnits(value: unknown): MappedUnits {
  const { ran, remembered, basis, written } = asRecord(value, 'The units of a run', ['ran', 'remembered', 'basis', 'written'])
  return {
    ran: asCount(ran, 'The units that ran'), remembered: asCount(remembered, 'The units that are remembered'), basis: basis === null ? null : asCidText(basis),
    written: asCid(written, 'What the units wrote', DAG_CBOR_CODE),
  }
}

function asCidText(value: unknown): CidText {
  try {
    return cidText(parseCid(asText(value, 'The basis of a run')))
  } catch (cause) {
    throw new MalformedDataError('The basis of a run must be the text of a CID', { cause })
  }
}

/** All runs of one derivation that are remembered, oldest first. */
export interface RunList {
  readonly derivation: CID
  readonly runs: readonly CID[]
}

export function encodeRunList({ derivation, runs }: RunList): Uint8Array {
  return encodeCbor({ type: MEMORY_TYPE, format: 1, derivation, runs })
}

export async function readRunList(source: BlockSource, cid: CID): Promise<RunList> {
  return readObject(source, cid, MEMORY_TYPE, ['derivation', 'runs'], (fields) => ({
    derivation: asCid(fields.derivation, 'A list’s derivation', DAG_CBOR_CODE),
    runs: asArray(fields.runs, 'A list’s runs').map((run) => asCid(run, 'A list’s run', DAG_CBOR_CODE)),
  }))
}
