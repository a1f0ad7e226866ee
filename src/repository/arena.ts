/** Holds a few blocks, and at least the largest one with its header. */
const ARENA_SIZE_BYTES: number = 2 * 1024 * 1024

interface Arena {
  readonly memory: Uint8Array
  /** Slices that somebody still reads. */
  readers: number
}

/** Bytes that are about to be written, and what to call when they are. */
export interface Slice {
  readonly bytes: Uint8Array
  readonly done: () => void
}

/** Memory that was used before, for arenas to come: to touch fresh memory takes several times as long. */
export class ArenaPool {
  readonly #free: Arena[] = []

  take(): Arena {
    return this.#free.pop() ?? { memory: new Uint8Array(ARENA_SIZE_BYTES), readers: 0 }
  }

  giveBack(arena: Arena): void {
    this.#free.push(arena)
  }
}

/** Gathers small pieces one behind the other, so that few large parts are written. */
export class ArenaWriter {
  readonly #pool: ArenaPool
  #arena: Arena
  #start = 0
  #end = 0
  #isClosed = false

  constructor(pool: ArenaPool) {
    this.#pool = pool
    this.#arena = pool.take()
  }

  /** Room for `size` bytes right behind the last piece, or in another arena; `onFull` gets the slice that ends before it. */
  reserve(size: number, onFull: (slice: Slice) => void): Uint8Array {
    if (this.#end + size > ARENA_SIZE_BYTES) {
      const slice = this.take()
      if (slice !== undefined) onFull(slice)
      this.#change()
    }
    this.#end += size
    return this.#arena.memory.subarray(this.#end - size, this.#end)
  }

  /** What was gathered since the last call, if anything. */
  take(): Slice | undefined {
    if (this.#start === this.#end) return undefined
    const arena = this.#arena
    const bytes = arena.memory.subarray(this.#start, this.#end)
    this.#start = this.#end
    arena.readers++
    return { bytes, done: () => this.#release(arena) }
  }

  /** No more pieces come: the last arena goes back too, as soon as nobody reads it. */
  close(): void {
    const arena = this.#arena
    if (this.#isClosed) return
    this.#isClosed = true
    if (arena.readers === 0) this.#pool.giveBack(arena)
  }

  #release(arena: Arena): void {
    arena.readers--
    if (arena.readers === 0 && (arena !== this.#arena || this.#isClosed)) this.#pool.giveBack(arena)
  }

  #change(): void {
    const before = this.#arena
    this.#arena = this.#pool.take()
    this.#start = 0
    this.#end = 0
    if (before.readers === 0) this.#pool.giveBack(before)
  }
}
