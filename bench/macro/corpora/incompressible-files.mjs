import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../random.mjs'

const FILES = 20_000
const FILES_PER_FOLDER = 100
const MIN_SIZE_BYTES = 10_000
const SIZE_SPAN_BYTES = 190_000

/**
 * Corpus A, like photographs: at scale 1, 20,000 files of random bytes, 10 to 200 KB, in 200 folders, 1.5 GiB.
 * Every fourth size is uniform, the others are the lower of two, which makes the mean 81 KB.
 * @param {string} folder exists and is empty
 * @param {number} scale of the number of files
 * @returns {import('../corpora.mjs').Writing}
 */
export function* writeIncompressibleFiles(folder, scale) {
  const random = new Random(0xa)
  const words = new Uint32Array((MIN_SIZE_BYTES + SIZE_SPAN_BYTES) / 4)
  const count = Math.max(1, Math.round(FILES * scale))
  let bytes = 0
  for (let file = 0; file < count; file++) {
    const inFolder = join(folder, `class-${String(Math.floor(file / FILES_PER_FOLDER)).padStart(3, '0')}`)
    if (file % FILES_PER_FOLDER === 0) mkdirSync(inFolder)
    const draw = random.below(SIZE_SPAN_BYTES)
    const size = MIN_SIZE_BYTES + (file % 4 === 0 ? draw : Math.min(draw, random.below(SIZE_SPAN_BYTES)))
    random.fillWords(words.subarray(0, Math.ceil(size / 4)))
    writeFileSync(join(inFolder, `image-${String(file).padStart(6, '0')}.bin`), new Uint8Array(words.buffer, 0, size))
    bytes += size
    yield
  }
  return { files: count, bytes }
}
