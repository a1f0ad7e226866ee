import type { CID } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { ChunkedContentStore } from '../../dataset/content-store.ts'
import { HashingSink } from '../../dataset/hashing-sink.ts'
import type { ManifestEntry, ManifestValue } from '../../manifest/interface.ts'
import { ManifestBuilder, openManifest } from '../../manifest/manifest.ts'
import type { Session } from '../../repository/session.ts'
import { type ByteText, byteTextOf } from '../byte-text.ts'
import { Pace } from '../pace.ts'
import { blobHash, storedPieces } from './git-blob-id.ts'

/** What came of reading stored code back. */
export interface Proof {
  /** Whether what was read makes the same manifest again. */
  readonly isWhole: boolean
  /** What git calls the contents that were read back, by path. */
  readonly blobs: ReadonlyMap<ByteText, string>
}

export interface ProofOptions {
  readonly chunker: string
  /** Whether the content at a path is to be read back. What a capture before this one stored was read back then. Default: all of it. */
  readonly isNew?: (path: ByteText) => boolean
  /** Hex digits of the ids of git. Default 40. */
  readonly idLength?: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads a manifest and every new byte in it back, cuts and hashes all of that anew, and compares the manifest that this gives with the one that was stored.
 * @throws what reading throws
 */
export async function proveFiles(source: BlockSource & Pick<Session, 'hasher'>, root: CID, { chunker, isNew = () => true, idLength = 40, signal }: ProofOptions): Promise<Proof> {
  const sink = new HashingSink(source.hasher)
  const again = new ChunkedContentStore(sink, undefined)
  const builder = new ManifestBuilder(sink, chunker)
  const blobs = new Map<ByteText, string>()
  const pace = new Pace(signal, () => undefined)
  for await (const { path, value } of (await openManifest(source, root)).entries()) {
    await pace.pause()
    const name = byteTextOf(path)
    const rebuilt = isNew(name) ? await rebuild(source, again, { path, value }, idLength) : { value, blob: undefined }
    if (rebuilt.blob !== undefined) blobs.set(name, rebuilt.blob)
    await builder.add({ path, value: rebuilt.value })
  }
  return { isWhole: (await builder.finish()).root.equals(root), blobs }
}

async function rebuild(source: BlockSource, again: ChunkedContentStore, { path, value }: ManifestEntry, idLength: number): Promise<{ readonly value: ManifestValue; readonly blob: string | undefined }> {
  if (value.kind === 'directory') return { value, blob: undefined }
  if (value.kind === 'symlink') return { value, blob: blobHash(value.target.length, idLength).update(value.target).digest('hex') }
  const hash = blobHash(value.size, idLength)
  again.begin(path)
  for await (const piece of storedPieces(source, value)) {
    hash.update(piece)
    for (let rest = piece; rest.length > 0; ) {
      const space = again.space()
      const part = rest.subarray(0, space.length)
      space.set(part)
      await again.advance(part.length)
      rest = rest.subarray(part.length)
    }
  }
  return { value: { kind: value.kind, ...(await again.finish()) }, blob: hash.digest('hex') }
}
