import type { Cutter } from './interface.ts'

/** A chunk of a content, by where it lies in it. */
export interface ChunkSpan {
  /** Bytes from the beginning of the content. */
  readonly offset: number
  readonly size: number
}

/** A part of a large content that is cut by itself, while others cut the parts beside it. */
export interface Segment {
  /** Where it begins and ends in the content; `end` belongs to the next one. */
  readonly start: number
  readonly end: number
  /** Bytes from `start` on that the cutter's window holds: to the end of the content, or beyond `end` by a largest chunk at least. */
  readonly available: number
}

/** The chunks that begin in a segment, were the content to begin with the segment. Its bytes are at the beginning of the window. */
export function* cutSegment(cutter: Cutter, { start, end, available }: Segment): Generator<ChunkSpan> {
  for (let at = 0; at < end - start; ) {
    const size = cutter.cut(at, available - at)
    yield { offset: start + at, size }
    at += size
  }
}

/**
 * The chunks of the whole content that begin in a segment, of which `own` are those of `cutSegment`. Where a chunk ends depends on nothing before
 * its beginning, so from the first cut that both ways of cutting share they go on alike. That is after a chunk or two; if it never comes
 * to be, all of the segment is cut again.
 *
 * @param position where the last chunk before the segment ends, in the content; at or after the segment's start
 * @returns `bridge`: chunks to be cut before the shared one; `shared`: the index of the first of `own` that counts, its length if there is none
 */
export function stitch(cutter: Cutter, segment: Segment, own: readonly ChunkSpan[], position: number): { readonly bridge: readonly ChunkSpan[]; readonly shared: number } {
  const bridge: ChunkSpan[] = []
  let at = position
  for (let next = 0; at < segment.end; ) {
    while (next < own.length && (own[next] as ChunkSpan).offset < at) next++
    if (own[next]?.offset === at) return { bridge, shared: next }
    const size = cutter.cut(at - segment.start, segment.available - (at - segment.start))
    bridge.push({ offset: at, size })
    at += size
  }
  return { bridge, shared: own.length }
}
