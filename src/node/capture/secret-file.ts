import { secretIn } from '../../run/secret-shapes.ts'
import type { ByteText } from '../byte-text.ts'
import { nodeFolderCalls } from '../folder-calls.ts'

/** Secrets are in small files. Larger ones are looked at as far as this. */
const SCANNED_BYTES = 4 * 1024 * 1024
/** A NUL in so much of a file makes it binary, as for git. */
const BINARY_PROBE_BYTES = 8000

/** What kind of well-known secret a file of text holds; undefined for binary files, and for what cannot be read, which is found out where it is stored. @param at absolute */
export function secretInFile(at: ByteText): string | undefined {
  let file: number
  try {
    file = nodeFolderCalls.open(at)
  } catch {
    return undefined
  }
  try {
    const size = Math.min(SCANNED_BYTES, Number(nodeFolderCalls.openFacts(file).size))
    const bytes = Buffer.allocUnsafe(size)
    let length = 0
    for (let count = -1; length < size && count !== 0; length += count) count = nodeFolderCalls.read(file, bytes.subarray(length))
    const read = bytes.subarray(0, length)
    return read.subarray(0, BINARY_PROBE_BYTES).includes(0) ? undefined : secretIn(read.toString('latin1'))
  } catch {
    return undefined
  } finally {
    nodeFolderCalls.close(file)
  }
}
