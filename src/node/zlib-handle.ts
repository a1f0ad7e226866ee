/** What the objects of `node:zlib` do their work with. */
interface Handle {
  writeSync(flush: number, bytes: Uint8Array, at: number, length: number, into: Uint8Array, intoAt: number, room: number): void
  reset(): void
}

interface Opened {
  readonly handle: Handle
  /** Filled in by each write: room that is left, and input that is left. */
  readonly left: Uint32Array
}

/** The newest Node on which this was tried. Others may check what they are given by ending the process. */
const NEWEST_KNOWN_NODE = 24

/** How an object of `node:zlib` is made and used. */
export interface ZlibUse {
  readonly make: () => unknown
  /** What says that the input is whole: `Z_FINISH` or `ZSTD_e_end`. */
  readonly flush: number
  /** Whether it must be told to begin anew; those of Zstandard do by themselves, after a whole frame. */
  readonly resets: boolean
}

/**
 * One object of `node:zlib` for many small inputs. To make one takes several times as long as to compress 2 KB with it or to decompress that, and the documented synchronous
 * calls make one each time (24.21: 20 and 14 µs with Zstandard, 8 and 3.5 µs here). The handle is not documented, though streams of npm itself rest on it: where it is not as it is
 * known, or anything goes wrong, the answer is undefined, and the documented call has the last word.
 */
export class ZlibHandle {
  readonly #use: ZlibUse
  #opened: Opened | undefined
  #isAbsent = false
  #hasFailed = false

  constructor(use: ZlibUse) {
    this.#use = use
  }

  /** Works on all of `bytes`, which must be whole. Returns how many bytes it wrote at `at`; undefined if it failed or did not come to an end with room to spare. */
  run(bytes: Uint8Array, into: Uint8Array, at: number, room: number): number | undefined {
    const opened = (this.#opened ??= this.#open())
    // Node 20 ends the process of who writes beyond the end.
    if (opened === undefined || at + room > into.length) return undefined
    const { handle, left } = opened
    this.#hasFailed = false
    try {
      if (this.#use.resets) handle.reset()
      handle.writeSync(this.#use.flush, bytes, 0, bytes.length, into, at, room)
    } catch {
      this.#hasFailed = true
    }
    const [roomLeft = 0, inputLeft = 0] = left
    if (!this.#hasFailed && inputLeft === 0 && roomLeft > 0 && roomLeft <= room) return room - roomLeft
    // It may be in the middle of something.
    this.#opened = undefined
    return undefined
  }

  #open(): Opened | undefined {
    if (this.#isAbsent || !isKnownNode()) return undefined
    const { _handle: handle, _writeState: left } = this.#use.make() as { readonly _handle?: Partial<Handle> | null; readonly _writeState?: unknown }
    if (typeof handle?.writeSync === 'function' && typeof handle.reset === 'function' && left instanceof Uint32Array && left.length === 2) {
      // Its own would end the process: nobody listens to the stream.
      Object.assign(handle, { onerror: () => (this.#hasFailed = true) })
      return { handle: handle as Handle, left }
    }
    this.#isAbsent = true
    return undefined
  }
}

function isKnownNode(): boolean {
  return process.release.name === 'node' && Number.parseInt(process.versions.node, 10) <= NEWEST_KNOWN_NODE
}
