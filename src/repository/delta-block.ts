import { concatBytes, equalBytes } from '../bytes.ts'
import type { Platform } from '../cid/interface.ts'
import { DELTA_CODEC, PLAIN_CODEC, squeeze, type CompressionMode, type EncodedBlock } from '../codec/block-compression.ts'
import type { DeltaEncoder } from '../codec/delta-encode.ts'
import { encodeDeltaPayload, undoDelta } from '../codec/delta-payload.ts'

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

/**
 * A block as a delta against bases, which come one after the other. Undefined if that does not make it smaller. `onMatch` is told how far into the bases the last
 * likeness reached.
 */
export function encodeDelta(
  platform: Platform, encoder: DeltaEncoder, bytes: Uint8Array, bases: readonly DeltaBase[], depth: number, mode: CompressionMode, onMatch?: (sourceEnd: number) => void,
): DeltaBlock | undefined {
  const source = concatBytes(bases.map((base) => base.bytes))
  const { instructions, sourceEnd } = encoder.encode(bytes, source, mode === 'max' ? 4 : 1)
  onMatch?.(sourceEnd)
  if (instructions.length > bytes.length / 2) return undefined
  const { codec: encoding, payload: packed } = compressInstructions(platform, instructions, mode)
  const delta = { depth, bases: bases.map((base) => base.digest), encoding, instructionsSize: instructions.length, instructions: packed }
  const payload = encodeDeltaPayload(delta)
  // As with compression: what does not give the block back is not used.
  return payload.length < bytes.length && equalBytes(undoDelta(platform, delta, [source], bytes.length), bytes) ? { codec: DELTA_CODEC, payload, instructions } : undefined
}

/** On tables, deltas squeezed fast take a tenth more than those squeezed well, and a third of the time. */
function compressInstructions(platform: Platform, instructions: Uint8Array, mode: CompressionMode): EncodedBlock {
  const squeezed = squeeze(platform, instructions, mode === 'max' ? 'best' : 'fast')
  return squeezed.payload.length < instructions.length ? squeezed : { codec: PLAIN_CODEC, payload: instructions }
}
