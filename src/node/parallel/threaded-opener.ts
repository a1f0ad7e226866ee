import { concatBytes } from '../../bytes.ts'
import type { Span } from '../../repository/read-ahead.ts'
import type { OpenedSpan, SpanOpener } from '../../repository/span-opener.ts'
import { type Slab, SlabPool } from './slab.ts'
import { NOT_OPENED } from './tasks.ts'
import { threadCount } from './thread-count.ts'
import { WorkerPool } from './worker-pool.ts'

/** Spans that a thread has before it, so that it never waits for this one. */
const SPANS_A_THREAD = 2

/** Reads the packs of a folder storage by threads, over shared memory: some 9 MiB for each span that is under way. */
export class ThreadedOpener implements SpanOpener {
  readonly ahead: number
  readonly #location: string
  readonly #threads: WorkerPool
  readonly #slabs: SlabPool
  #next = 0

  /** The constructor's errors are those of the system that grants no threads, or no memory for them to share. */
  constructor(location: string) {
    const threads = threadCount()
    this.#location = location
    this.ahead = threads * SPANS_A_THREAD
    // One more is being used up, and one is begun before that is done. All are made now, so that what cannot be had is known before anything is begun.
    this.#slabs = new SlabPool(this.ahead + 2, () => undefined)
    const all = Array.from({ length: this.ahead + 2 }, () => this.#slabs.take())
    if (all.includes(undefined)) throw new RangeError('There is no address space for the memory that threads share')
    for (const slab of all) slab?.giveBack()
    this.#threads = new WorkerPool(threads)
  }

  async open(span: Span): Promise<OpenedSpan> {
    const slab = this.#slabs.take()
    if (slab === undefined) throw new RangeError('More spans are under way than were agreed on')
    try {
      return openedSpan(span, slab, await this.#read(span, slab))
    } catch (error) {
      slab.giveBack()
      throw error
    }
  }

  close(): Promise<void> {
    return this.#threads.close()
  }

  #read({ pack, start, end, wanted }: Span, slab: Slab): Promise<Uint32Array> {
    const fields = new Uint32Array(wanted.length * 4)
    wanted.forEach(({ location }, index) => fields.set([location.offset - start, location.storedSize, location.size, location.codec], index * 4))
    const digests = concatBytes(wanted.map(({ cid }) => cid.multihash.digest))
    return this.#threads.runOn(slab, this.#next++ % this.#threads.size, { type: 'open-span', location: this.#location, pack: pack.id, start, end, fields, digests, hash: 'sha2-256' })
  }
}

function openedSpan({ wanted }: Span, slab: Slab, places: Uint32Array): OpenedSpan {
  const blocks = wanted.map(({ location }, index) => {
    const place = places[index] as number
    return place === NOT_OPENED ? undefined : slab.bytes(place, location.size)
  })
  return { blocks, done: () => slab.giveBack() }
}
