import type { ByteRange } from '../storage/interface.ts'
import type { FileCalls } from './file-calls.ts'

/** Reads from this size on leave the event loop free; below it a promise costs several times what the read does. */
const WAIT_FROM_BYTES: number = 1024 * 1024

/** Reads a part of an open file into new memory. Returns fewer bytes than asked for only if the file ends before. */
export function readPart(calls: Pick<FileCalls, 'read' | 'readSync'>, file: number, { start, end }: ByteRange, into?: Uint8Array): Uint8Array | Promise<Uint8Array> {
  const size = end - start
  const bytes = into !== undefined && size <= into.length ? into.subarray(0, size) : new Uint8Array(size)
  if (bytes.length >= WAIT_FROM_BYTES) return readLarge(calls, file, bytes, start)
  let done = 0
  while (done < bytes.length) {
    const count = calls.readSync(file, done === 0 ? bytes : bytes.subarray(done), start + done)
    if (count === 0) return bytes.slice(0, done)
    done += count
  }
  return bytes
}

async function readLarge(calls: Pick<FileCalls, 'read'>, file: number, bytes: Uint8Array, start: number): Promise<Uint8Array> {
  let done = 0
  while (done < bytes.length) {
    const count = await calls.read(file, bytes.subarray(done), start + done)
    if (count === 0) return bytes.slice(0, done)
    done += count
  }
  return bytes
}
