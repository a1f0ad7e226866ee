import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from '../macro/median.mjs'
import { loadSources } from './load-sources.mjs'
import { secondsSince } from './processor-time.mjs'
import { sizeOf } from './stored-size.mjs'

const USAGE = 'Usage: node bench/micro/repack.mjs --versions <folder of one file’s versions, in the order of their names> [--rounds 9] [--compression auto|max] [--read-cost 3]'
const PATH = 'table'

/**
 * Versions of a file as snapshots of one ref, before and after `repack`, beside the same versions without deltas. Repositories are in memory. Prints one line of JSON:
 * sizes in bytes; speed of storing all versions but the first; for each version, oldest first, what reading it costs as a multiple of reading it without deltas.
 * Times are processor time, which a machine that is shared changes less than the time of day.
 * @param {string[]} args
 */
async function main(args) {
  const options = { versions: { type: 'string' }, rounds: { type: 'string', default: '9' }, compression: { type: 'string', default: 'auto' }, 'read-cost': { type: 'string', default: '3' } }
  const { values } = parseArgs({ args, options: /** @type {any} */ (options) })
  const folder = values.versions
  const rounds = Number(values.rounds)
  if (typeof folder !== 'string' || !existsSync(folder) || !Number.isInteger(rounds) || rounds < 1) throw new Error(USAGE)
  const varve = await loadSources(['dataset/repository', 'repository/index', 'storage/memory-storage', 'node/node-platform'])
  const versions = readdirSync(folder).filter((name) => !name.startsWith('.') && !name.endsWith('.md')).sort().map((name) => readFileSync(join(folder, name)))

  await stored(varve, versions, () => 'all')
  const alone = await stored(varve, versions, (number) => `version-${number}`)
  const { storage, megabytesPerSecond } = await stored(varve, versions, () => 'all')
  const names = versions.map((_, number) => `all~${versions.length - 1 - number}`)
  const bytesAtIngest = await sizeOf(storage)
  const readAtIngest = await readRatios(varve, storage, alone.storage, names, rounds)
  const start = process.cpuUsage()
  const report = await (await open(varve, storage)).repack({ graceMs: 0, compression: values.compression, maxReadCost: Number(values['read-cost']) })
  const repackSeconds = secondsSince(start)
  const repository = await open(varve, storage)
  for (const [number, name] of names.entries()) if (!versions[number].equals(await repository.read(name, PATH))) throw new Error(`${name} is not what was stored`)
  const { ok } = await repository.verify()
  const readAfterRepack = await readRatios(varve, storage, alone.storage, names, rounds)
  console.log(JSON.stringify({
    node: process.versions.node, versions: versions.length, plainBytes: versions.reduce((sum, { length }) => sum + length, 0), bytesAlone: await sizeOf(alone.storage), bytesAtIngest, bytesAfterRepack: await sizeOf(storage),
    packs: report.packs, recoded: report.recoded.blocks, ok, repackSeconds, ingestMegabytesPerSecond: { deltas: megabytesPerSecond, alone: alone.megabytesPerSecond }, readAtIngest, readAfterRepack,
  }))
}

/** @param {any} varve @param {any} storage */
async function open(varve, storage) {
  return new varve.Repository(await varve.BlockRepository.open(storage, { platform: varve.nodePlatform }))
}

/** @param {any} varve @param {readonly Buffer[]} versions @param {(number: number) => string} refOf */
async function stored(varve, versions, refOf) {
  const storage = new varve.MemoryStorage()
  const repository = new varve.Repository(await varve.BlockRepository.create(storage, { platform: varve.nodePlatform }))
  let seconds = 0
  let bytes = 0
  for (const [number, content] of versions.entries()) {
    const start = process.cpuUsage()
    await repository.snapshot([{ path: PATH, content }], { ref: refOf(number) })
    if (number === 0) continue
    seconds += secondsSince(start)
    bytes += content.length
  }
  return { storage, megabytesPerSecond: round(bytes / seconds / 1e6) }
}

/** Each from a repository just opened, with nothing in memory. @param {any} varve @param {any} storage @param {any} alone @param {readonly string[]} names @param {number} rounds */
async function readRatios(varve, storage, alone, names, rounds) {
  const ratios = []
  for (const [number, name] of names.entries()) {
    const seconds = { deltas: /** @type {number[]} */ ([]), alone: /** @type {number[]} */ ([]) }
    for (let turn = 0; turn < rounds; turn++) {
      seconds.deltas.push(await readSeconds(varve, storage, name))
      seconds.alone.push(await readSeconds(varve, alone, `version-${number}`))
    }
    ratios.push(round(median(seconds.deltas) / median(seconds.alone)))
  }
  return ratios
}

/** @param {any} varve @param {any} storage @param {string} name */
async function readSeconds(varve, storage, name) {
  const repository = await open(varve, storage)
  const start = process.cpuUsage()
  await repository.read(name, PATH)
  return secondsSince(start)
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
