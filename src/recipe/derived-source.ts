import { type CID, cidText, parseCid } from '../cid/cid.ts'
import type { SnapshotSource } from '../dataset/snapshot-object.ts'
import { VarveError } from '../errors.ts'

/** A snapshot of derived data says in its source where it came from: `varve:<derivation>#<output>`. */
const PATTERN = /^varve:([a-z2-7]+)#(.+)$/su

export function derivedSource(derivation: CID, output: string): Pick<SnapshotSource, 'uri'> {
  return { uri: `varve:${cidText(derivation)}#${output}` }
}

/** The derivation and the output that a snapshot was made from, if it was. */
export function parseDerivedSource(source: SnapshotSource | null): { readonly derivation: CID; readonly output: string } | undefined {
  const match = PATTERN.exec(source?.uri ?? '')
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  try {
    return { derivation: parseCid(match[1]), output: match[2] }
  } catch (error) {
    if (error instanceof VarveError) return undefined
    throw error
  }
}

export function isDerivedSource(source: SnapshotSource | null): boolean {
  return parseDerivedSource(source) !== undefined
}
