import type { Effort, Platform } from '../cid/interface.ts'
import { DELTA_CODEC, PLAIN_CODEC, squeeze, type CompressionMode, type EncodedBlock } from '../codec/block-compression.ts'
import type { DeltaCandidates, DeltaEncoder } from '../codec/delta-encode.ts'
import { encodeDeltaPayload, undoesTo } from '../codec/delta-payload.ts'

/** A block that a delta may be made against. */
export interface DeltaBase {
  readonly digest: Uint8Array
  readonly bytes: Uint8Array
}

/** A block as a delta. */
export interface DeltaBlock extends EncodedBlock {
  /** Before they were compressed. */
  readonly instructions: Uint8Array
}

export interface DeltaOptions {
  /** By default 1, and 4 for `max`. */
  readonly candidates?: DeltaCandidates
  /** How well the instructions are compressed: by default fast, and best for `max`. On tables, those squeezed fast take a tenth more, and a third of the time. */
  readonly effort?: Effort
  /** Told how far into the bases the last likeness reached. */
  readonly onMatch?: (sourceEnd: number) => void
}

/** A block as a delta against bases, which come one after the other. Undefined if that does not make it smaller. */
export function encodeDelta(
  platform: Platform, encoder: DeltaEncoder, bytes: Uint8Array, bases: readonly DeltaBase[], depth: number, mode: CompressionMode, options: DeltaOptions = {},
): DeltaBlock | undefined {
  const { candidates = mode === 'max' ? 4 : 1, effort = mode === 'max' ? 'best' : 'fast', onMatch } = options
  const sources = bases.map((base) => base.bytes)
  const { instructions, sourceEnd } = encoder.encode(bytes, encoder.joined(sources), candidates)
  onMatch?.(sourceEnd)
  if (instructions.length > bytes.length / 2) return undefined
  const { codec: encoding, payload: packed } = compressInstructions(platform, instructions, effort)
  const delta = { depth, bases: bases.map((base) => base.digest), encoding, instructionsSize: instructions.length, instructions: packed }
  const payload = encodeDeltaPayload(delta)
  // As with compression: what does not give the block back is not used.
  return payload.length < bytes.length && undoesTo(platform, delta, sources, bytes) ? { codec: DELTA_CODEC, payload, instructions } : undefined
}

function compressInstructions(platform: Platform, instructions: Uint8Array, effort: Effort): EncodedBlock {
  const squeezed = squeeze(platform, instructions, effort)
  return squeezed.payload.length < instructions.length ? squeezed : { codec: PLAIN_CODEC, payload: instructions }
}
