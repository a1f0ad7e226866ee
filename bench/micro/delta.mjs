import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { Random } from '../macro/random.mjs'
import { timePieces } from './rounds.mjs'

const USAGE = 'Usage: node bench/micro/delta.mjs [--versions <folder of one table’s versions, in the order of their names>] [--rounds 7]'
const MADE_UP_VERSIONS = 8
const MADE_UP_ROWS = 60_000
const MAX_BASES = 4

/**
 * Each version of a table against the one before it, chunk by chunk. No repository: this is what the codec does to bytes in memory.
 * @param {string[]} args
 */
async function main(args) {
  const { values } = parseArgs({ args, options: { versions: { type: 'string' }, rounds: { type: 'string', default: '7' } } })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`"${values.rounds}" is not a whole number above 0\n${USAGE}`)
  const codec = await loadCodec()
  const folder = values.versions
  const versions = (folder === undefined ? madeUpVersions() : readdirSync(folder).sort().map((name) => readFileSync(join(folder, name)))).map((content) => chunksOf(codec, content))
  if (versions.length < 2) throw new Error(`${folder} holds fewer than two versions\n${USAGE}`)

  const encoder = new codec.DeltaEncoder()
  const deltas = versions.slice(1).map((chunks, index) => deltasOf(codec, encoder, chunks, versions[index]))
  const all = deltas.flat()
  const newest = versions[versions.length - 1]
  const [oldestAlone, newestAlone] = [versions[0], newest].map((chunks) => chunks.map(({ bytes }) => ({ ...codec.compressBlock(codec.nodePlatform, bytes, 'auto'), size: bytes.length })))
  const open = ({ codec: number, payload, size }) => codec.decompressBlock(codec.nodePlatform, number, payload, size)
  for (const delta of all) if (!Buffer.from(undo(codec, delta)).equals(delta.bytes)) throw new Error('A delta does not give its block back')

  const changed = { unit: /** @type {const} */ ('bytes'), amount: total(all, ({ bytes }) => bytes.length) }
  const read = { unit: /** @type {const} */ ('bytes'), amount: total(newest, ({ bytes }) => bytes.length) }
  const hasher = codec.nodePlatform.hasher('sha2-256')
  /** @type {import('./rounds.mjs').Piece[]} */
  const pieces = [
    { name: 'compress blocks by themselves, fast', ...changed, run: () => all.forEach(({ bytes }) => codec.compressBlock(codec.nodePlatform, bytes, 'auto')) },
    { name: 'find the delta, 1 candidate', ...changed, run: () => all.forEach(({ bytes, source }) => encoder.encode(bytes, source)) },
    { name: 'find the delta, 4 candidates', ...changed, run: () => all.forEach(({ bytes, source }) => encoder.encode(bytes, source, 4)) },
    { name: 'compress the instructions, fast', ...changed, run: () => all.forEach(({ instructions }) => codec.squeeze(codec.nodePlatform, instructions, 'fast')) },
    { name: 'undo the delta', ...changed, run: () => all.forEach((delta) => undo(codec, delta)) },
    { name: 'read the newest version, stored by itself', ...read, run: () => newestAlone.forEach((block) => hasher.digest(open(block))) },
    { name: `read it through a chain of ${deltas.length}`, ...read, run: () => { oldestAlone.forEach(open); all.forEach((delta) => undo(codec, delta)); newest.forEach(({ bytes }) => hasher.digest(bytes)) } },
  ]
  const seconds = await timePieces(pieces, rounds)
  console.log('| piece | MB/s of blocks |\n| --- | --- |')
  for (const [index, { name, amount }] of pieces.entries()) console.log(`| ${name} | ${(amount / seconds[index] / 1e6).toFixed(0)} |`)
  const whole = total(all, ({ bytes }) => codec.compressBlock(codec.nodePlatform, bytes, 'auto').payload.length)
  const stored = total(all, ({ packed }) => packed.payload.length)
  console.log(`\n${all.length} blocks of ${mega(changed.amount)} MB take ${mega(whole)} MB by themselves and ${mega(stored)} MB as deltas, digests of the bases not counted.`)
  console.log(`Medians of ${rounds} rounds over ${versions.length} ${folder === undefined ? 'made-up versions' : 'versions'}, Node ${process.versions.node}. The chain reads the whole of each version once.`)
}

/** The codec is no public export: it is bundled from its sources. */
async function loadCodec() {
  const exports = ['codec/block-compression', 'codec/delta-encode', 'codec/delta-payload', 'chunker/index', 'node/node-platform']
  const folder = mkdtempSync(join(tmpdir(), 'varve-bench-delta-'))
  const outfile = join(folder, 'codec.mjs')
  await build({
    stdin: { contents: exports.map((name) => `export * from './${name}.ts'`).join('\n'), resolveDir: fileURLToPath(new URL('../../src', import.meta.url)) },
    bundle: true, outfile, platform: 'node', format: 'esm', target: 'node20',
  })
  try {
    return await import(pathToFileURL(outfile).href)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @param {any} codec @param {Uint8Array} content */
function chunksOf(codec, content) {
  /** @type {{ bytes: Uint8Array, start: number }[]} */
  const chunks = []
  let start = 0
  for (const chunk of codec.chunkStreamSync(new codec.ChunkWindow(), [content])) {
    chunks.push({ bytes: chunk.slice(), start })
    start += chunk.length
  }
  return chunks
}

/** Deltas of all chunks that the version before does not hold. @param {any} codec @param {any} encoder @param {any[]} chunks @param {any[]} before */
function deltasOf(codec, encoder, chunks, before) {
  const deltas = []
  let drift = 0
  for (const { bytes, start } of chunks) {
    const from = start + drift
    const bases = before.filter((base) => base.start < from + bytes.length && base.start + base.bytes.length > from).slice(0, MAX_BASES)
    if (bases.length === 0 || before.some((base) => Buffer.from(base.bytes).equals(bytes))) continue
    const source = Buffer.concat(bases.map((base) => base.bytes))
    const { instructions, sourceEnd } = encoder.encode(bytes, source)
    if (sourceEnd > 0) drift = bases[0].start + sourceEnd - (start + bytes.length)
    deltas.push({ bytes, source, pieces: bases.map((base) => base.bytes), instructions, packed: codec.squeeze(codec.nodePlatform, instructions, 'fast') })
  }
  return deltas
}

/** @param {any} codec @param {any} delta @returns {Uint8Array} */
function undo(codec, { packed, instructions, pieces, bytes }) {
  return codec.undoDelta(codec.nodePlatform, { depth: 1, bases: [], encoding: packed.codec, instructionsSize: instructions.length, instructions: packed.payload }, pieces, bytes.length)
}

/** A table in which, from version to version, one row of a hundred is new, and one has another value. */
function madeUpVersions() {
  const random = new Random(1)
  const number = () => random.next() % 1_000_000
  let rows = Array.from({ length: MADE_UP_ROWS }, (_, row) => `${row},${number()},${number()},${number()}`)
  return Array.from({ length: MADE_UP_VERSIONS }, () => {
    rows = rows.flatMap((row, index) => {
      const die = random.next() % 100
      return die === 0 ? [row, `${index}+,${number()},${number()},${number()}`] : [die === 1 ? `${row.slice(0, row.lastIndexOf(','))},${number()}` : row]
    })
    return Buffer.from(`${rows.join('\n')}\n`)
  })
}

/** @template T @param {readonly T[]} items @param {(item: T) => number} size */
function total(items, size) {
  return items.reduce((sum, item) => sum + size(item), 0)
}

/** @param {number} bytes */
function mega(bytes) {
  return (bytes / 1e6).toFixed(2)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
