import { base64pad } from 'multiformats/bases/base64'
import { type CID, cidOf, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import type { Hasher } from '../cid/interface.ts'
import { MAX_NODE_SIZE_BYTES } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asRecord, asText, shownValue } from '../codec/shape.ts'
import { InvalidArgumentError, MalformedDataError, NotFoundError, UnsupportedFormatError } from '../errors.ts'
import type { ManifestEntry } from './interface.ts'
import { openManifest } from './manifest.ts'
import { MAX_TREE_HEIGHT } from './node.ts'
import { assertPath, displayPath, pathFromText, pathToText } from './path.ts'

/** Evidence that a dataset holds a path, as JSON (FORMAT.md, section 10). Some 100 KiB for a million entries. */
export interface ManifestProof {
  readonly type: 'varve-proof'
  readonly version: 1
  /** Root of the dataset. */
  readonly root: string
  /** The path as text, bytes that are not UTF-8 escaped. */
  readonly path: string
  /** Base64 of the manifest block and of the tree nodes from the top to the leaf. */
  readonly blocks: readonly string[]
}

/** Longest base64 of a block. */
const MAX_ENCODED_BLOCK_LENGTH: number = 4 * Math.ceil(MAX_NODE_SIZE_BYTES / 3)

/**
 * Gathers the blocks that lead from a root to a path. Reads one node a level.
 * @throws NotFoundError if the dataset does not hold the path
 */
export async function provePath(source: BlockSource, root: CID, path: Uint8Array): Promise<ManifestProof> {
  const blocks: string[] = []
  const recording: BlockSource = {
    async get(cid) {
      const bytes = await source.get(cid)
      blocks.push(base64pad.baseEncode(bytes))
      return bytes
    },
  }
  const value = await (await openManifest(recording, root)).get(path)
  if (value === undefined) throw new NotFoundError(`The dataset ${cidText(root)} holds nothing at ${displayPath(path)}`, {
      data: { path: pathToText(path) }, hint: 'A proof is about one file, link or empty folder; `varve ls` lists what there is.',
    })
  return { type: 'varve-proof', version: 1, root: cidText(root), path: pathToText(path), blocks }
}

/**
 * Checks a proof against a root that the caller trusts, without any other data: the blocks are read as a manifest is, and each must hash to the
 * CID by which it is asked for. Returns the path that is proven and what it holds; compare the path with the one you asked about.
 * Work and memory are bounded by 13 blocks of 1 MiB, whatever the proof says.
 *
 * @param proof parsed JSON from anyone
 * @throws MalformedDataError or UnsafePathError if it proves nothing; UnsupportedFormatError if it is of a newer version
 */
export async function checkProof(hasher: Hasher, proof: unknown, root: CID): Promise<ManifestEntry> {
  const { path, blocks } = readProof(proof, root)
  let next = 0
  const source: BlockSource = {
    get(cid) {
      const block = blocks[next]
      if (block === undefined) throw new MalformedDataError(`The proof ends before block ${cidText(cid)}`)
      next++
      const bytes = decodeBase64(block)
      if (!cidOf(hasher, DAG_CBOR_CODE, bytes).equals(cid)) throw new MalformedDataError(`Block ${next} of the proof is not ${cidText(cid)}`)
      return bytes
    },
  }
  const value = await (await openManifest(source, root)).get(path)
  if (value === undefined) throw new MalformedDataError(`The proof shows that the dataset does not hold ${displayPath(path)}`)
  if (next !== blocks.length) throw new MalformedDataError('The proof has blocks that prove nothing')
  return { path, value }
}

/** Everything that can be checked before the first hash. */
function readProof(proof: unknown, root: CID): { readonly path: Uint8Array; readonly blocks: readonly string[] } {
  const { type, version } = (typeof proof === 'object' ? proof : null) as { type?: unknown; version?: unknown } ?? {}
  if (type !== 'varve-proof') throw new MalformedDataError('This is not a proof')
  if (version !== 1) throw new UnsupportedFormatError(`Proofs of version ${shownValue(version)} are not known`, { data: { version: shownValue(version) } })
  const fields = asRecord(proof, 'A proof', ['type', 'version', 'root', 'path', 'blocks'])
  if (asText(fields.root, 'The root of a proof') !== cidText(root)) throw new MalformedDataError(`The proof is for another dataset than ${cidText(root)}`)
  const blocks = asArray(fields.blocks, 'The blocks of a proof')
  if (blocks.length > 1 + MAX_TREE_HEIGHT) throw new MalformedDataError(`A proof has at most ${1 + MAX_TREE_HEIGHT} blocks`)
  const path = readPath(asText(fields.path, 'The path of a proof'))
  return { path, blocks: blocks.map((block) => asText(block, 'A block of a proof')) }
}

function readPath(text: string): Uint8Array {
  try {
    const path = pathFromText(text)
    assertPath(path)
    return path
  } catch (cause) {
    if (cause instanceof InvalidArgumentError) throw new MalformedDataError(`The path of a proof is not sound: ${cause.message}`, { cause })
    throw cause
  }
}

function decodeBase64(text: string): Uint8Array {
  if (text.length > MAX_ENCODED_BLOCK_LENGTH) throw new MalformedDataError('A block of a proof is too long')
  let bytes: Uint8Array
  try {
    bytes = base64pad.baseDecode(text)
  } catch (cause) {
    throw new MalformedDataError('A block of a proof is not base64', { cause })
  }
  // The decoder takes other paddings too; a block has one text only.
  if (base64pad.baseEncode(bytes) !== text) throw new MalformedDataError('A block of a proof is not base64 in its one canonical form')
  return bytes
}
