import type { CID } from '../../cid/cid.ts'
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
  /** Paths of files and links whose stored content is not what git has of them. */
  readonly unlikeGit: readonly ByteText[]
}

export interface ProofOptions {
  readonly chunker: string
  /** Ids that git gave to contents, by path. What has none is not compared. */
  readonly blobs: ReadonlyMap<ByteText, string>
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads every byte of a manifest back, cuts and hashes all of it anew, and compares: the manifest that this gives with the one that was stored, and each content with the id that git computed from
 * the file itself.
 * @throws what reading from the session throws
 */
export async function proveFiles(session: Session, root: CID, { chunker, blobs, signal }: ProofOptions): Promise<Proof> {
  const sink = new HashingSink(session.hasher)
  const again = new ChunkedContentStore(sink, undefined)
  const builder = new ManifestBuilder(sink, chunker)
  const unlikeGit: ByteText[] = []
  const pace = new Pace(signal, () => undefined)
  for await (const { path, value } of (await openManifest(session, root)).entries()) {
    await pace.pause()
    const name = byteTextOf(path)
    const blob = blobs.get(name)
    const rebuilt = await rebuild(session, again, { path, value }, blob?.length ?? 40)
    if (blob !== undefined && rebuilt.blob !== blob) unlikeGit.push(name)
    await builder.add({ path, value: rebuilt.value })
  }
  return { isWhole: (await builder.finish()).root.equals(root), unlikeGit }
}

async function rebuild(session: Session, again: ChunkedContentStore, { path, value }: ManifestEntry, idLength: number): Promise<{ readonly value: ManifestValue; readonly blob: string | undefined }> {
  if (value.kind === 'directory') return { value, blob: undefined }
  if (value.kind === 'symlink') return { value, blob: blobHash(value.target.length, idLength).update(value.target).digest('hex') }
  const hash = blobHash(value.size, idLength)
  again.begin(path)
  for await (const piece of storedPieces(session, value)) {
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
