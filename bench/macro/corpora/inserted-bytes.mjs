import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../random.mjs'

export const INSERTED_SIZE_BYTES = 100
const BUFFER_SIZE_BYTES = 4 * 1024 * 1024

/**
 * A second folder whose one file is that of the first with 100 bytes inserted into its middle. Kept, as the corpus is.
 * @param {string} folder holds one file
 * @param {string} target
 */
export function insertBytes(folder, target) {
  if (existsSync(target)) return
  const [name = ''] = readdirSync(folder)
  const source = join(folder, name)
  const unfinished = `${target}-unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  const [from, to] = [openSync(source, 'r'), openSync(join(unfinished, name), 'wx')]
  try {
    const size = statSync(source).size
    const middle = Math.floor(size / 2)
    copy(from, to, 0, middle)
    writeSync(to, new Uint8Array(new Random(0xd).fillWords(new Uint32Array(INSERTED_SIZE_BYTES / 4)).buffer))
    copy(from, to, middle, size)
  } finally {
    closeSync(from)
    closeSync(to)
  }
  renameSync(unfinished, target)
}

/** Appends bytes `start` to `end`. @param {number} from @param {number} to @param {number} start @param {number} end */
function copy(from, to, start, end) {
  const buffer = new Uint8Array(BUFFER_SIZE_BYTES)
  for (let offset = start; offset < end; ) {
    const count = readSync(from, buffer, 0, Math.min(buffer.length, end - offset), offset)
    if (count === 0) throw new Error('The corpus ends early')
    for (let written = 0; written < count; ) written += writeSync(to, buffer, written, count - written)
    offset += count
  }
}
