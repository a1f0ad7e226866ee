import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../random.mjs'

const FILES = 100_000
const FILES_PER_FOLDER = 200
const MIN_SIZE_BYTES = 500
const SIZE_SPAN_BYTES = 7_500
const LABELS = ['cat', 'dog', 'horse', 'lorry', 'ship', 'aeroplane', 'frog', 'deer', 'bird', 'car']
const SOURCES = ['camera-north', 'camera-south', 'upload', 'archive']

/**
 * Corpus B, like annotations: at scale 1, 100,000 files of JSON lines, 0.5 to 8 KB, in 500 folders, 232 MB.
 * @param {string} folder exists and is empty
 * @param {number} scale of the number of files
 * @returns {import('../corpora.mjs').Writing}
 */
export function* writeJsonFiles(folder, scale) {
  const random = new Random(0xb)
  const count = Math.max(1, Math.round(FILES * scale))
  let bytes = 0
  for (let file = 0; file < count; file++) {
    const inFolder = join(folder, `part-${String(Math.floor(file / FILES_PER_FOLDER)).padStart(3, '0')}`)
    if (file % FILES_PER_FOLDER === 0) mkdirSync(inFolder)
    const text = jsonLines(random, file)
    writeFileSync(join(inFolder, `${String(file).padStart(6, '0')}.jsonl`), text)
    bytes += text.length
    yield
  }
  return { files: count, bytes }
}

/** @param {Random} random @param {number} file */
function jsonLines(random, file) {
  const draw = () => random.below(SIZE_SPAN_BYTES)
  const limit = MIN_SIZE_BYTES + Math.min(draw(), draw(), draw())
  let text = ''
  for (let number = 0; ; number++) {
    const line = `${JSON.stringify(record(random, file, number))}\n`
    if (text.length + line.length > limit) return text
    text += line
  }
}

/** @param {Random} random @param {number} file @param {number} number */
function record(random, file, number) {
  return {
    id: `${file}-${number}`,
    label: LABELS[random.below(LABELS.length)],
    source: SOURCES[random.below(SOURCES.length)],
    score: random.below(10_000) / 10_000,
    box: [random.below(1920), random.below(1080), random.below(400), random.below(400)],
    checksum: random.next().toString(16),
    reviewed: random.below(3) === 0,
  }
}
