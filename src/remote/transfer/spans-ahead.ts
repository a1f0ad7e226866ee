import type { CID } from '../../cid/cid.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import { packKey } from '../../repository/pack-format.ts'
import { type Span, SpanPlanner } from '../../repository/read-ahead.ts'
import type { Storage } from '../../storage/interface.ts'

/** Spans of 4 MiB that are read while an earlier one is used. */
const SPANS_AHEAD = 4

export interface FetchedSpan extends Span {
  /** Undefined where the read failed: whoever reads a block by itself is told why. */
  readonly bytes: Uint8Array | undefined
}

/** The bytes of blocks that are sorted by where they are, by few large reads. Memory: 16 MiB. */
export async function* spansAhead(storage: Pick<Storage, 'get'>, blocks: Iterable<{ readonly cid: CID; readonly location: BlockLocation }>): AsyncGenerator<FetchedSpan, void, undefined> {
  const queue: { readonly span: Span; readonly bytes: Promise<Uint8Array | undefined> }[] = []
  const fetch = (span: Span): void => void queue.push({ span, bytes: storage.get(packKey(span.pack.id), { range: { start: span.start, end: span.end } }).catch(() => undefined) })
  try {
    const planner = new SpanPlanner()
    for (const { cid, location } of blocks) {
      const closed = planner.add(cid, location)
      if (closed === undefined) continue
      fetch(closed)
      if (queue.length > SPANS_AHEAD) yield* taken(queue)
    }
    const last = planner.finish()
    if (last !== undefined) fetch(last)
    while (queue.length > 0) yield* taken(queue)
  } finally {
    await Promise.all(queue.map(({ bytes }) => bytes))
  }
}

async function* taken(queue: { readonly span: Span; readonly bytes: Promise<Uint8Array | undefined> }[]): AsyncGenerator<FetchedSpan, void, undefined> {
  const next = queue.shift()
  if (next !== undefined) yield { ...next.span, bytes: await next.bytes }
}
