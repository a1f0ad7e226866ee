import type { CID } from '../../cid/cid.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import { packKey } from '../../repository/pack-format.ts'
import { type Span, SpanPlanner } from '../../repository/read-ahead.ts'
import type { Storage } from '../../storage/interface.ts'
import { type SpanMemory, SpanMemoryPool } from './span-memory.ts'

/** Spans of 4 MiB that are read while an earlier one is used. */
const SPANS_AHEAD = 4

export interface FetchedSpan extends Span {
  /** Undefined where the read failed: whoever reads a block by itself is told why. */
  readonly bytes: Uint8Array | undefined
  /** Where they are. To be given back when they are of no more use; who goes on without that has had a failure. */
  readonly memory: SpanMemory
}

interface Fetching {
  readonly span: Span
  readonly memory: SpanMemory
  readonly bytes: Promise<Uint8Array | undefined>
}

/** The bytes of blocks that are sorted by where they are, by few large reads. Memory: 20 MiB, and what is not given back yet. */
export async function* spansAhead(storage: Pick<Storage, 'get'>, blocks: Iterable<{ readonly cid: CID; readonly location: BlockLocation }>, pool: SpanMemoryPool = new SpanMemoryPool()): AsyncGenerator<FetchedSpan, void, undefined> {
  const queue: Fetching[] = []
  const fetch = (span: Span): void => {
    const { pack, start, end } = span
    const memory = pool.take(end - start)
    const bytes = storage.get(packKey(pack.id), { range: { start, end }, ...(memory.memory === undefined ? {} : { into: memory.memory }) }).catch(() => {
      // What failed may go on writing to it: it is not to be given back any more.
      memory.lend()
      return undefined
    })
    queue.push({ span, memory, bytes })
  }
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

async function* taken(queue: Fetching[]): AsyncGenerator<FetchedSpan, void, undefined> {
  const next = queue.shift()
  if (next !== undefined) yield { ...next.span, memory: next.memory, bytes: await next.bytes }
}
