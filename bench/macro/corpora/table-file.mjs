import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../random.mjs'

const SIZE_BYTES = 2 * 1024 ** 3
const SEGMENT_SIZE_BYTES = 1024 * 1024
const STATIONS = 500
/** Long enough for every tool's chunks; borg's are 2 MiB on average. */
const RUN_SEGMENTS = 8
const FRESH_RUNS = 3
const SPACE_FOR_ROW_BYTES = 64
const [ZERO, COMMA, POINT, MINUS, NEWLINE] = [48, 44, 46, 45, 10]

/**
 * Corpus C, like a table beside its embeddings: at scale 1, one file of 2 GiB. The first half is CSV, the second float32 in runs of 8 MiB, every
 * fourth of which repeats one of the three before it.
 * @param {string} folder exists and is empty
 * @param {number} scale of the size
 * @returns {import('../corpora.mjs').Writing}
 */
export function* writeTableFile(folder, scale) {
  const random = new Random(0xc)
  const segments = Math.max(2, Math.round((SIZE_BYTES * scale) / SEGMENT_SIZE_BYTES))
  const file = openSync(join(folder, 'table-and-embeddings.bin'), 'wx')
  try {
    const nextCsv = csvSegments(random)
    const nextFloats = floatSegments(random)
    for (let segment = 0; segment < segments; segment++) {
      writeAll(file, segment < segments / 2 ? nextCsv() : nextFloats())
      yield
    }
  } finally {
    closeSync(file)
  }
  return { files: 1, bytes: segments * SEGMENT_SIZE_BYTES }
}

/** Rows such as `0042,00001234,-12.34,0567,1013.25` from a random walk a station. @param {Random} random */
function csvSegments(random) {
  const temperatures = new Int32Array(STATIONS)
  const buffer = new Uint8Array(SEGMENT_SIZE_BYTES + SPACE_FOR_ROW_BYTES)
  let row = 0
  let end = 0
  return () => {
    // The tail of a row that ran over the last segment begins this one.
    if (end > SEGMENT_SIZE_BYTES) buffer.copyWithin(0, SEGMENT_SIZE_BYTES, end)
    end = Math.max(0, end - SEGMENT_SIZE_BYTES)
    while (end < SEGMENT_SIZE_BYTES) {
      const station = row % STATIONS
      const temperature = Math.max(-4000, Math.min(4000, temperatures[station] + random.below(41) - 20))
      temperatures[station] = temperature
      end = putNumber(buffer, end, station, 4)
      buffer[end++] = COMMA
      end = putNumber(buffer, end, Math.floor(row / STATIONS), 8)
      buffer[end++] = COMMA
      if (temperature < 0) buffer[end++] = MINUS
      end = putNumber(buffer, end, Math.floor(Math.abs(temperature) / 100), 2)
      buffer[end++] = POINT
      end = putNumber(buffer, end, Math.abs(temperature) % 100, 2)
      buffer[end++] = COMMA
      end = putNumber(buffer, end, random.below(1001), 4)
      buffer[end++] = COMMA
      end = putNumber(buffer, end, 950 + random.below(100), 4)
      buffer[end++] = POINT
      end = putNumber(buffer, end, random.below(100), 2)
      buffer[end++] = NEWLINE
      row++
    }
    return buffer.subarray(0, SEGMENT_SIZE_BYTES)
  }
}

/** Decimal digits, with leading zeros. @param {Uint8Array} buffer @param {number} at @param {number} value @param {number} digits */
function putNumber(buffer, at, value, digits) {
  let rest = value
  for (let index = at + digits - 1; index >= at; index--) {
    buffer[index] = ZERO + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  return at + digits
}

/** Values of 24 bits in [-1, 1), each exact in float32. @param {Random} random */
function floatSegments(random) {
  const fresh = FRESH_RUNS * RUN_SEGMENTS
  /** @type {Uint8Array[]} */
  const kept = []
  const words = new Uint32Array(SEGMENT_SIZE_BYTES / 4)
  let made = 0
  let repeated = 0
  return () => {
    const at = made++ % (fresh + RUN_SEGMENTS)
    if (at === fresh) repeated = random.below(FRESH_RUNS) * RUN_SEGMENTS
    if (at >= fresh) return kept[repeated + at - fresh]
    random.fillWords(words)
    kept[at] = new Uint8Array(Float32Array.from(words, (word) => (word >>> 8) / 2 ** 23 - 1).buffer)
    return kept[at]
  }
}

/** @param {number} file @param {Uint8Array} bytes */
function writeAll(file, bytes) {
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset)
}
