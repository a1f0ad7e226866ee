import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Random } from '../macro/random.mjs'
import { timePieces } from './rounds.mjs'

const USAGE = 'Usage: node bench/micro/run.mjs [--megabytes 64] [--entries 100000] [--rounds 7]'
const LARGEST_OPTION = 1_000_000
const MIB = 1024 * 1024

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({ args, options: { megabytes: { type: 'string', default: '64' }, entries: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '7' } } })
  const [megabytes, entries, rounds] = [values.megabytes, values.entries, values.rounds].map(wholeNumber)
  if (!existsSync(new URL('../../dist/manifest.js', import.meta.url))) throw new Error('There is no dist/manifest.js: run npm run build first')
  const { hashingPieces } = await import('./hashing.mjs')
  const { chunkingPieces } = await import('./chunking.mjs')
  const { manifestPiece } = await import('./manifest.mjs')

  const content = new Uint8Array(new Random(1).fillWords(new Uint32Array((megabytes * MIB) / 4)).buffer)
  const pieces = [...hashingPieces(content), ...chunkingPieces(content), manifestPiece(entries)]
  const seconds = await timePieces(pieces, rounds)
  const reference = content.length / seconds[0]
  console.log('| piece | speed | beside crypto.hash, 256 KiB at a time |\n| --- | --- | --- |')
  for (const [index, { name, unit, amount }] of pieces.entries()) {
    const rate = amount / seconds[index]
    if (unit === 'bytes') console.log(`| ${name} | ${(rate / 1e6).toFixed(0)} MB/s | ${(rate / reference).toFixed(2)}× |`)
    else console.log(`| ${name} | ${(1e6 / rate).toFixed(2)} µs an entry, ${Math.round(rate).toLocaleString('en')} entries/s | |`)
  }
  console.log(`\nMedians of ${rounds} rounds over ${megabytes} MiB of random bytes and ${entries} entries, Node ${process.versions.node}.`)
}

/** @param {string} text */
function wholeNumber(text) {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > LARGEST_OPTION) throw new Error(`"${text}" is not a whole number from 1 to ${LARGEST_OPTION}\n${USAGE}`)
  return value
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
