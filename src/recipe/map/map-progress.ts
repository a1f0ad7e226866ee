import { type CID, cidText, DAG_CBOR_CODE, parseCid } from '../../cid/cid.ts'
import { encodeCbor } from '../../codec/dag-cbor.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { asArray, asCid, asText } from '../../codec/shape.ts'
import { MalformedDataError } from '../../errors.ts'
import { editTree } from '../../manifest/edit-tree.ts'
import { getValue } from '../../manifest/read-tree.ts'
import type { BlockRepository, RefChange, Session } from '../../repository/index.ts'
import { linkCodec } from '../../repository/link-codec.ts'
import type { CidText } from '../../types.ts'
import type { Derivation } from '../interface.ts'
import { readObject } from '../objects.ts'
import { familyDigest } from './map-family.ts'
import type { MappedResult } from './mapped-outputs.ts'

/** The ref to a tree from the digest of each family of derivations to what the last try that did not come to its end had done. No output of a derivation: what goes on from it is. */
export const PROGRESS_REF = '_varve/map-progress'

/** What a run of a map recipe had done when it was stopped, in the form of a result: that of an input with nothing but the parts that were done. */
export interface MapProgress extends MappedResult {
  /** Told, and not kept for it. */
  readonly derivation: CidText
  /** Manifest root of the first input without the files of the parts that were not done. */
  readonly input: CID
}

const TYPE = 'map-progress'
const FIELDS = ['derivation', 'input', 'outputs', 'written'] as const

export function encodeProgress({ derivation, input, outputs, written }: MapProgress): Uint8Array {
  return encodeCbor({ type: TYPE, format: 1, derivation, input, outputs, written })
}

/** @throws NotFoundError or CorruptBlockError from the source; @throws MalformedDataError, UnsupportedFormatError */
export async function readProgress(source: BlockSource, cid: CID): Promise<MapProgress> {
  return readObject(source, cid, TYPE, FIELDS, (fields) => ({
    derivation: derivationText(fields.derivation),
    input: asCid(fields.input, 'The input of what was done', DAG_CBOR_CODE),
    outputs: asArray(fields.outputs, 'The outputs of what was done').map((root) => asCid(root, 'An output of what was done', DAG_CBOR_CODE)),
    written: asCid(fields.written, 'What the units wrote', DAG_CBOR_CODE),
  }))
}

function derivationText(value: unknown): CidText {
  try {
    return cidText(parseCid(asText(value, 'The derivation')))
  } catch (cause) {
    throw new MalformedDataError('The derivation of what was done must be the text of a CID', { cause })
  }
}

/** What the last try of the derivation's family had done, if it was stopped. Reads some three blocks. */
export async function progressOf(repository: BlockRepository, derivation: Derivation): Promise<MapProgress | undefined> {
  const tree = await repository.getRef(PROGRESS_REF)
  const cid = tree === undefined ? undefined : await getValue(repository, tree, linkCodec, familyDigest(derivation))
  return cid === undefined ? undefined : readProgress(repository, cid)
}

/** What a commit has to change so that this is what the family's last try had done; without it, so that nothing is. Undefined if nothing is to be changed. Stores the new tree through the session. */
export async function progressChange(repository: BlockRepository, session: Session, derivation: Derivation, progress?: MapProgress): Promise<RefChange | undefined> {
  const tree = await repository.getRef(PROGRESS_REF)
  const key = familyDigest(derivation)
  if (progress === undefined && (tree === undefined || (await getValue(repository, tree, linkCodec, key)) === undefined)) return undefined
  const value = progress === undefined ? undefined : await session.put(DAG_CBOR_CODE, encodeProgress(progress))
  return { name: PROGRESS_REF, expected: tree ?? null, target: await editTree(session, session, tree ?? null, linkCodec, [{ key, value }]), own: true }
}

/** What a commit has to change so that of no family it is known what was done; undefined if it is known of none. */
export async function withoutProgress(repository: BlockRepository): Promise<RefChange | undefined> {
  const tree = await repository.getRef(PROGRESS_REF)
  return tree === undefined ? undefined : { name: PROGRESS_REF, expected: tree, target: null, own: true }
}
