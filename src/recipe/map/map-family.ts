import { sha256 } from '@noble/hashes/sha2.js'
import { compareBytes, toHex } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import { canonicalJson } from '../../codec/canonical-json.ts'
import { encodeCbor } from '../../codec/dag-cbor.ts'
import { editTree } from '../../manifest/edit-tree.ts'
import { getValue } from '../../manifest/read-tree.ts'
import type { BlockRepository, RefChange, Session } from '../../repository/index.ts'
import { linkCodec } from '../../repository/link-codec.ts'
import { readDerivation } from '../derivation-object.ts'
import type { Derivation } from '../interface.ts'
import type { RememberedRun } from '../memory.ts'
import { namedRootPairs } from '../objects.ts'
import { readRun } from '../run-object.ts'

/** The ref to a tree from the digest of each family of derivations to the newest run of one of them that counts. */
export const FAMILY_REF = '_varve/map-runs'

/** Names a family: derivations of a map recipe that differ in nothing but its first input, so that the results of one can be used by another. */
export function familyDigest({ recipe, inputs, params, seed, environment }: Derivation): Uint8Array {
  return sha256(encodeCbor({ type: 'map-family', format: 1, recipe, inputs: namedRootPairs(inputs.slice(1)), params: canonicalJson(params, 'The parameters of a derivation'), seed, environment }))
}

/** The newest run of the family, if there is one. Reads some four blocks. */
export async function familyRun(repository: BlockRepository, derivation: Derivation): Promise<RememberedRun | undefined> {
  const tree = await repository.getRef(FAMILY_REF)
  const cid = tree === undefined ? undefined : await getValue(repository, tree, linkCodec, familyDigest(derivation))
  return cid === undefined ? undefined : { ...(await readRun(repository, cid)), cid }
}

/** What a commit has to change so that this run is the newest of its family. Stores the new tree through the session. */
export async function familyChange(repository: BlockRepository, session: Session, derivation: Derivation, run: CID): Promise<RefChange> {
  const tree = await repository.getRef(FAMILY_REF)
  const target = await editTree(session, session, tree ?? null, linkCodec, [{ key: familyDigest(derivation), value: run }])
  return { name: FAMILY_REF, expected: tree ?? null, target, own: true }
}

/** What a commit has to change so that no family's newest run is of these derivations; undefined if none is. Stores the new tree through the session. */
export async function withoutFamilyRuns(repository: BlockRepository, session: Session, derivations: readonly CID[]): Promise<RefChange | undefined> {
  const tree = await repository.getRef(FAMILY_REF)
  if (tree === undefined) return undefined
  const families = new Map<string, Uint8Array>()
  for (const cid of derivations) {
    const derivation = await readDerivation(repository, cid)
    const run = await familyRun(repository, derivation)
    if (run?.derivation.equals(cid) !== true) continue
    const key = familyDigest(derivation)
    families.set(toHex(key), key)
  }
  if (families.size === 0) return undefined
  const edits = [...families.values()].sort(compareBytes).map((key) => ({ key, value: undefined }))
  return { name: FAMILY_REF, expected: tree, target: await editTree(session, session, tree, linkCodec, edits), own: true }
}
