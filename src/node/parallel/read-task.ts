import * as fs from 'node:fs'
import { cutSegment, type ChunkSpan } from '../../chunker/segment.ts'
import { DIGEST_SIZE_BYTES } from '../../cid/cid.ts'
import type { Hasher } from '../../cid/interface.ts'
import type { Cutter } from '../../chunker/interface.ts'
import { below, type ByteText } from '../byte-text.ts'
import { type EntryFacts, nodeFolderCalls as calls } from '../folder-calls.ts'
import { isUnchanged, unsettledFor } from '../read-file.ts'
import { factsAt } from './packed-facts.ts'
import type { HashedChunks, ReadFilesResult, ReadFilesTask, ReadSegmentResult, ReadSegmentTask } from './tasks.ts'

/** Gathers chunks in the form in which they travel. */
class ChunkList {
  #spans: number[] = []
  #digests: Uint8Array[] = []

  get count(): number {
    return this.#digests.length
  }

  add(offset: number, size: number, digest: Uint8Array): void {
    this.#spans.push(offset, size)
    this.#digests.push(digest)
  }

  finish(): HashedChunks {
    const digests = new Uint8Array(this.#digests.length * DIGEST_SIZE_BYTES)
    this.#digests.forEach((digest, index) => digests.set(digest, index * DIGEST_SIZE_BYTES))
    return { spans: Uint32Array.from(this.#spans), digests }
  }
}

/** Files that cannot be opened, have changed, or may be changing are left to whoever asked, who knows how to wait and what to say. */
export function readFiles({ top, paths, facts }: Pick<ReadFilesTask, 'top' | 'paths' | 'facts'>, cutter: Cutter, hasher: Hasher): ReadFilesResult {
  const chunks = new ChunkList()
  const counts = new Uint32Array(paths.length)
  let offset = 0
  paths.forEach((path, index) => {
    const known = factsAt(facts, index)
    const size = Number(known.size)
    if (!readWhole(below(top, path), known, cutter.memory.subarray(offset, offset + size), 0)) return
    const before = chunks.count
    if (size === 0) chunks.add(offset, 0, hasher.digest(new Uint8Array(0)))
    for (let at = 0; at < size; ) {
      const length = cutter.cut(offset + at, size - at)
      chunks.add(offset + at, length, hasher.digest(cutter.memory.subarray(offset + at, offset + at + length)))
      at += length
    }
    counts[index] = chunks.count - before
    offset += size
  })
  return { ...chunks.finish(), counts }
}

export function readSegment({ path, facts, segment }: Pick<ReadSegmentTask, 'path' | 'facts' | 'segment'>, cutter: Cutter, hasher: Hasher): ReadSegmentResult {
  if (!readWhole(path, factsAt(facts, 0), cutter.memory.subarray(0, segment.available), segment.start)) return undefined
  const chunks = new ChunkList()
  for (const { offset, size } of cutSegment(cutter, segment)) {
    const at = offset - segment.start
    chunks.add(at, size, hasher.digest(cutter.memory.subarray(at, at + size)))
  }
  return chunks.finish()
}

/** The chunks of a segment as spans of the whole content. */
export function spansOf({ spans }: HashedChunks, start: number): ChunkSpan[] {
  return Array.from({ length: spans.length / 2 }, (_, index) => ({ offset: start + (spans[index * 2] as number), size: spans[index * 2 + 1] as number }))
}

/**
 * Fills `into` with what stands at `position` of a file. False if the file is not the one described by `known`, before and after, or has been written
 * to so recently that another write might not show (see `readFile`).
 */
function readWhole(path: ByteText, known: EntryFacts, into: Uint8Array, position: number): boolean {
  if (unsettledFor(known) > 0) return false
  try {
    const file = calls.open(path)
    try {
      let filled = 0
      while (filled < into.length) {
        const count = fs.readSync(file, into, filled, into.length - filled, position + filled)
        if (count === 0) return false
        filled += count
      }
      // Files of /proc have size 0 and content all the same.
      if (known.size === 0n && calls.read(file, new Uint8Array(1)) !== 0) return false
      return isUnchanged(known, calls.openFacts(file))
    } finally {
      calls.close(file)
    }
  } catch {
    return false
  }
}
