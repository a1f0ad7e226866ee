import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openRepository } from 'varve'
import { median } from '../macro/median.mjs'
import { ownPeakBytes } from '../macro/own-peak.mjs'
import { Random } from '../macro/random.mjs'

const USAGE = 'Usage: node bench/micro/random-read.mjs --repo <repository> --revision <ref> --folder <the folder that was stored> [--reads 400]'
const READ_SIZE_BYTES = 4096
const WARMING_READS = 50

/**
 * @typedef {object} RandomReads milliseconds
 * @property {number} openMs
 * @property {number} firstMs the first read after opening
 * @property {number} medianMs
 * @property {number} p90Ms
 * @property {number} fileMs median of reading the same bytes from the file itself
 * @property {number} peakBytes
 */

/**
 * Reads 4 KiB at random offsets of a stored folder's largest file, each checked against the file, through the library. The pages are warm: the reads before count as
 * warming. Prints one line of JSON.
 * @param {string[]} args
 * @returns {Promise<RandomReads>}
 */
async function main(args) {
  const { values } = parseArgs({ args, options: { repo: { type: 'string' }, revision: { type: 'string' }, folder: { type: 'string' }, reads: { type: 'string', default: '400' } } })
  const { repo, revision, folder } = values
  if (repo === undefined || revision === undefined || folder === undefined || !(Number(values.reads) > 0)) throw new Error(USAGE)
  const [path = ''] = readdirSync(folder)
  const size = statSync(join(folder, path)).size
  const file = openSync(join(folder, path), 'r')
  const random = new Random(0xe)
  /** @type {number[]} */
  const own = []
  /** @type {number[]} */
  const direct = []
  const begin = performance.now()
  const repository = await openRepository(repo)
  const openMs = performance.now() - begin
  for (let number = 0; number < WARMING_READS + Number(values.reads); number++) {
    const start = Math.floor((random.next() / 2 ** 32) * (size - READ_SIZE_BYTES))
    const before = performance.now()
    const bytes = await repository.read(revision, path, { start, end: start + READ_SIZE_BYTES })
    own.push(performance.now() - before)
    const expected = new Uint8Array(READ_SIZE_BYTES)
    const reading = performance.now()
    readSync(file, expected, 0, READ_SIZE_BYTES, start)
    direct.push(performance.now() - reading)
    if (Buffer.compare(bytes, expected) !== 0) throw new Error(`Other bytes at ${start}`)
  }
  closeSync(file)
  await repository.close()
  const counted = own.slice(WARMING_READS).sort((a, b) => a - b)
  return {
    openMs, firstMs: own[0] ?? 0, medianMs: median(counted), p90Ms: counted[Math.floor(counted.length * 0.9)] ?? 0, fileMs: median(direct.slice(WARMING_READS)),
    peakBytes: ownPeakBytes(),
  }
}

try {
  console.log(JSON.stringify(await main(process.argv.slice(2))))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
