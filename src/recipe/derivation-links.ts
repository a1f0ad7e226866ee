import { compareBytes, equalBytes } from '../bytes.ts'
import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE, DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import { encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asBytes, asText } from '../codec/shape.ts'
import { MalformedDataError, NotFoundError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeEdit, ValueCodec } from '../manifest/interface.ts'
import type { BlockRepository, RefChange, Session } from '../repository/index.ts'
import { readDerivation } from './derivation-object.ts'
import type { DerivationRun, NamedRoot } from './interface.ts'
import { readRecipe } from './recipe-object.ts'

/**
 * The ref to a tree from the digest of each derivation to what goes into it and came out of it, so that who looks through all of them reads a few nodes and not four blocks for each. It repeats what other
 * blocks say: an entry counts only while the list of runs that it was made from is the one that is remembered, and without it those blocks are read. It holds digests and no links, so that it keeps nothing.
 */
export const LINKS_REF = '_varve/derivation-links'

export interface DerivationLinks {
  /** Name of the recipe, and its version if it has one. */
  readonly label: string
  /** Manifest root of its files. */
  readonly code: CID
  readonly inputs: readonly NamedRoot[]
  /** Of every run that succeeded, each once. */
  readonly outputs: readonly NamedRoot[]
}

interface LinksEntry {
  /** Digest of the list of runs. */
  readonly list: Uint8Array
  readonly label: string
  readonly code: Uint8Array
  readonly inputs: readonly Pair[]
  readonly outputs: readonly Pair[]
}

type Pair = readonly [name: string, digest: Uint8Array]

export const linksCodec: ValueCodec<LinksEntry> = {
  encode: encoded,
  decode: (value) => {
    const [list, label, code, inputs, outputs] = asArray(value, 'The links of a derivation', 5)
    return { list: asDigest(list), label: asText(label, 'The label of a derivation'), code: asDigest(code), inputs: asPairs(inputs), outputs: asPairs(outputs) }
  },
  weigh: (entry) => encodeCbor(encoded(entry)).length,
  equals: (a, b) => equalBytes(encodeCbor(encoded(a)), encodeCbor(encoded(b))),
}

/** What an entry says, if it was made from this list. */
export function linksOf({ hasher }: Pick<BlockRepository, 'hasher'>, entry: LinksEntry | undefined, list: CID): DerivationLinks | undefined {
  if (entry === undefined || !equalBytes(entry.list, list.multihash.digest)) return undefined
  const root = (digest: Uint8Array): CID => cidFromDigest(hasher, DAG_CBOR_CODE, digest)
  const roots = (pairs: readonly Pair[]): readonly NamedRoot[] => pairs.map(([name, digest]) => ({ name, root: root(digest) }))
  return { label: entry.label, code: root(entry.code), inputs: roots(entry.inputs), outputs: roots(entry.outputs) }
}

/** Reads what an entry holds from the blocks themselves. @throws NotFoundError, CorruptBlockError, MalformedDataError */
export async function readLinks(source: BlockSource, derivation: CID, runs: readonly DerivationRun[]): Promise<DerivationLinks> {
  const { recipe, inputs } = await readDerivation(source, derivation)
  const { name, version, code } = await readRecipe(source, recipe)
  const outputs = runs.filter(({ status }) => status === 'succeeded').flatMap((run) => run.outputs)
  return { label: version === null ? name : `${name} ${version}`, code: code.files, inputs, outputs: [...new Map(outputs.map((output) => [`${cidText(output.root)} ${output.name}`, output])).values()] }
}

/** The list of a derivation, as it is to be remembered, and the runs in it. */
export interface ListedRuns {
  readonly derivation: CID
  readonly list: CID
  readonly runs: readonly DerivationRun[]
}

/**
 * What a commit has to change with the lists of derivations; undefined if none of them is there to be read.
 * @param source where derivations and recipes are read
 */
export async function linksChange(repository: BlockRepository, session: Session, lists: readonly ListedRuns[], source: BlockSource = session): Promise<RefChange | undefined> {
  const edits: TreeEdit<LinksEntry>[] = []
  for (const { derivation, list, runs } of lists) {
    const links = await readLinks(source, derivation, runs).catch((error: unknown) => {
      if (error instanceof NotFoundError) return undefined
      throw error
    })
    if (links === undefined) continue
    const value = { list: list.multihash.digest, label: links.label, code: links.code.multihash.digest, inputs: links.inputs.map(pairOf), outputs: links.outputs.map(pairOf) }
    edits.push({ key: derivation.multihash.digest, value })
  }
  return edits.length === 0 ? undefined : edited(repository, session, edits.sort((a, b) => compareBytes(a.key, b.key)))
}

/** What a commit has to change to drop entries; undefined if there are none. */
export async function withoutLinks(repository: BlockRepository, session: Session, derivations: readonly CID[]): Promise<RefChange | undefined> {
  if ((await repository.getRef(LINKS_REF)) === undefined) return undefined
  return edited(repository, session, derivations.map(({ multihash }) => ({ key: multihash.digest, value: undefined })).sort((a, b) => compareBytes(a.key, b.key)))
}

async function edited(repository: BlockRepository, session: Session, edits: readonly TreeEdit<LinksEntry>[]): Promise<RefChange> {
  const tree = (await repository.getRef(LINKS_REF)) ?? null
  return { name: LINKS_REF, expected: tree, target: await editTree(session, session, tree, linksCodec, edits), own: true }
}

function encoded({ list, label, code, inputs, outputs }: LinksEntry): readonly unknown[] {
  return [list, label, code, inputs, outputs]
}

function pairOf({ name, root }: NamedRoot): Pair {
  return [name, root.multihash.digest]
}

function asPairs(value: unknown): readonly Pair[] {
  return asArray(value, 'The links of a derivation').map((pair) => {
    const [name, digest] = asArray(pair, 'A link of a derivation', 2)
    return [asText(name, 'The name of a link'), asDigest(digest)]
  })
}

function asDigest(value: unknown): Uint8Array {
  const digest = asBytes(value, 'A digest', DIGEST_SIZE_BYTES)
  if (digest.length !== DIGEST_SIZE_BYTES) throw new MalformedDataError(`A digest has ${digest.length} bytes`)
  return digest
}
