import { concatBytes } from '../../bytes.ts'
import type { Hasher } from '../../cid/interface.ts'
import type { Span } from '../../repository/read-ahead.ts'
import type { OpenedSpan, SpanOpener, StartSpanOpener } from '../../repository/span-opener.ts'
import type { Storage } from '../../storage/interface.ts'
import { type Slab, SlabPool } from './slab.ts'
import { NOT_OPENED } from './tasks.ts'
import { threadCount } from './thread-count.ts'
import { WorkerPool } from './worker-pool.ts'

/** Less is read before threads have started. */
const OPEN_ALONE_BYTES: number = 64 * 1024 * 1024
/** Spans that a thread has before it, so that it never waits for this one. */
const SPANS_A_THREAD = 2

/** Reads the packs of a folder storage by threads, over shared memory: some 9 MiB for each span that is under way. */
export function spanOpenerStarter(storage: Storage, hasher: Hasher): StartSpanOpener {
  return async (bytes) => (bytes < OPEN_ALONE_BYTES || hasher.name !== 'sha2-256' || typeof WebAssembly === 'undefined' ? undefined : new ThreadedOpener(storage.location))
}

class ThreadedOpener implements SpanOpener {
  readonly ahead: number
  readonly #location: string
  readonly #threads: WorkerPool
  readonly #slabs: SlabPool
  #next = 0

  constructor(location: string) {
    this.#location = location
    this.#threads = new WorkerPool(threadCount())
    this.ahead = this.#threads.size * SPANS_A_THREAD
    // One more is being used up, and one is begun before that is done.
    this.#slabs = new SlabPool(this.ahead + 2, () => undefined)
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
