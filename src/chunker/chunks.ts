import type { AnyIterable } from '../types.ts'
import type { ChunkWindow } from './chunk-window.ts'

const EMPTY = new Uint8Array(0)

/**
 * The chunks of content that `read` delivers: it fills the given memory from its beginning and returns the number of bytes, 0 at the end.
 * A chunk is valid until the next one is asked for. Empty content has one empty chunk. The window is reset first.
 *
 * @example
 * for (const chunk of readChunks(window, (space) => readSync(file, space))) store(chunk)
 */
export function* readChunks(window: ChunkWindow, read: (space: Uint8Array) => number): Generator<Uint8Array, void, undefined> {
  window.reset()
  let size = 0
  for (let count = read(window.space()); count > 0; count = read(window.space())) {
    window.advance(count)
    size += count
    yield* ready(window)
  }
  yield* remaining(window, size)
}

/**
 * The chunks of content that comes as buffers of any size, which are copied into the window. However the content is split into buffers,
 * the chunks are the same. A chunk is valid until the next one is asked for. Empty content has one empty chunk. The window is reset first.
 */
export function* chunkStreamSync(window: ChunkWindow, source: Iterable<Uint8Array>): Generator<Uint8Array, void, undefined> {
  window.reset()
  let size = 0
  for (const buffer of source) {
    size += buffer.length
    yield* fed(window, buffer)
  }
  yield* remaining(window, size)
}

/** Like `chunkStreamSync`, for sources that may be asynchronous. The window serves one stream at a time. */
export async function* chunkStream(window: ChunkWindow, source: AnyIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  window.reset()
  let size = 0
  for await (const buffer of source) {
    size += buffer.length
    yield* fed(window, buffer)
  }
  yield* remaining(window, size)
}

/** Copies a buffer into the window, part by part, and hands out the chunks that it completes. */
function* fed(window: ChunkWindow, buffer: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let offset = 0; offset < buffer.length; ) {
    const space = window.space()
    const count = Math.min(space.length, buffer.length - offset)
    space.set(buffer.subarray(offset, offset + count))
    window.advance(count)
    offset += count
    yield* ready(window)
  }
}

function* ready(window: ChunkWindow): Generator<Uint8Array, void, undefined> {
  for (let chunk = window.next(false); chunk !== undefined; chunk = window.next(false)) yield chunk
}

function* remaining(window: ChunkWindow, size: number): Generator<Uint8Array, void, undefined> {
  if (size === 0) yield EMPTY
  for (let chunk = window.next(true); chunk !== undefined; chunk = window.next(true)) yield chunk
}
