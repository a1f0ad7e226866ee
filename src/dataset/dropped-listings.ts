import { CID } from '../cid/cid.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { asArray, asBytes } from '../codec/shape.ts'
import { compareBytes, toHex } from '../bytes.ts'
import { MalformedDataError, RefConflictError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { ManifestValue, TreeEdit, ValueCodec } from '../manifest/interface.ts'
import { openManifest } from '../manifest/manifest.ts'
import { manifestCodec } from '../manifest/manifest-values.ts'
import { keyFromPath } from '../manifest/path.ts'
import { getValue, scanTree } from '../manifest/read-tree.ts'
import { TreeBuilder } from '../manifest/tree-builder.ts'
import { linkCodec } from '../repository/link-codec.ts'
import type { BlockRepository } from '../repository/repository.ts'

/**
 * The ref to a tree from the digest of each manifest root whose data was dropped, to be made again, to the listing of what it held. With it can be said where something else that
 * comes out differs, though nothing of the data is left.
 */
export const DROPPED_REF = '_varve/dropped'

const CID_LENGTH_BYTES = 36
/** A link takes a tag of 2 bytes and a prefix of 1 more than the bytes of its CID do. */
const LINK_EXTRA_BYTES = 3

/** The values of a manifest with CIDs as bytes in place of links: a listing says what there was, and keeps nothing of it. */
export const listingCodec: ValueCodec<ManifestValue> = {
  ...manifestCodec,
  encode(value) {
    const fields = asArray(manifestCodec.encode(value), 'A listed value')
    return 'cid' in value ? [...fields.slice(0, 2), value.cid.bytes] : fields
  },
  decode(value) {
    const fields = asArray(value, 'A listed value')
    return manifestCodec.decode(fields.length === 3 ? [...fields.slice(0, 2), cidOf(fields[2])] : fields)
  },
  weigh: (value) => manifestCodec.weigh(value) - ('cid' in value ? LINK_EXTRA_BYTES : 0),
}

function cidOf(bytes: unknown): CID {
  try {
    return CID.decode(asBytes(bytes, 'The content of a listed file', CID_LENGTH_BYTES))
  } catch (cause) {
    throw new MalformedDataError(`The content of a listed file is no CID: ${(cause as Error).message}`, { cause })
  }
}

/** Writes the listing of a manifest. Reads and writes its nodes, no content. */
export async function writeListing(source: BlockSource, sink: BlockSink, root: CID): Promise<CID> {
  const builder = new TreeBuilder(sink, listingCodec)
  for await (const { path, value } of (await openManifest(source, root)).entries()) await builder.add(keyFromPath(path), value)
  return (await builder.finish()).root
}

/** What a dropped root held, or undefined if that was not written down. */
export async function listingOf(repository: BlockRepository, root: CID): Promise<CID | undefined> {
  const tree = await repository.getRef(DROPPED_REF)
  return tree === undefined ? undefined : getValue(repository, tree, linkCodec, root.multihash.digest)
}

/** Writes down what `roots` hold, before they are dropped, and forgets what is there again. Commits only if something changes. */
export async function keepListings(repository: BlockRepository, roots: readonly CID[]): Promise<void> {
  for (;;) {
    const tree = await repository.getRef(DROPPED_REF)
    if (tree === undefined && roots.length === 0) return
    const evicted = await repository.evicted()
    const listed = new Set<string>()
    const edits = new Map<string, TreeEdit<CID>>()
    const wanted = new Set(roots.map(({ multihash }) => toHex(multihash.digest)))
    if (tree !== undefined) {
      for await (const { key } of scanTree(repository, tree, linkCodec, {})) {
        const digest = toHex(key)
        listed.add(digest)
        if (!evicted.has(digest) && !wanted.has(digest)) edits.set(digest, { key, value: undefined })
      }
    }
    const fresh = roots.filter(({ multihash }) => !listed.has(toHex(multihash.digest)) && !evicted.has(toHex(multihash.digest)))
    if (edits.size === 0 && fresh.length === 0) return
    try {
      await repository.withSession(async (session) => {
        for (const root of fresh) edits.set(toHex(root.multihash.digest), { key: root.multihash.digest, value: await writeListing(repository, session, root) })
        const ordered = [...edits.values()].sort((a, b) => compareBytes(a.key, b.key))
        const target = await editTree(session, session, tree ?? null, linkCodec, ordered)
        await session.commit({ action: 'gc', message: 'what dropped data held', refs: [{ name: DROPPED_REF, expected: tree ?? null, target, own: true }] })
      })
      return
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      await repository.refresh()
    }
  }
}
