import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from '../macro/median.mjs'
import { loadSources } from './load-sources.mjs'
import { secondsSince } from './processor-time.mjs'
import { sizeOf } from './stored-size.mjs'

const USAGE = 'Usage: node bench/micro/delta-storage.mjs --versions <folder of one file’s versions, in the order of their names> [--rounds 9]'
const PATH = 'table'
/** Snapshots that the time of a commit is the mean of. */
const COMMITS = 10
const STORAGES = /** @type {const} */ (['memory', 'folder'])

/**
 * Versions of a file as snapshots of one ref, as they are right after they were stored: what they take, how fast those after the first are stored, and what reading each
 * costs beside reading it where nothing is a delta. Every round stores all versions anew, and reads each of both in turn from a repository just opened; the figures are medians of
 * the rounds' ratios. The time of a commit is that of a snapshot of a few bytes, which is part of each: what small versions take in a folder is mostly that. Times are processor time, which a machine that is shared changes less than the time of day; speeds are of the whole snapshot, commit included.
 * @param {string[]} args
 */
async function main(args) {
  const { values } = parseArgs({ args, options: { versions: { type: 'string' }, rounds: { type: 'string', default: '9' } } })
  const { versions: folder } = values
  const rounds = Number(values.rounds)
  if (folder === undefined || !existsSync(folder) || !Number.isInteger(rounds) || rounds < 1) throw new Error(USAGE)
  const names = readdirSync(folder).filter((name) => !name.startsWith('.') && !name.endsWith('.md')).sort()
  const versions = names.map((name) => readFileSync(join(folder, name)))
  if (versions.length < 2) throw new Error(`${folder} holds fewer than two versions\n${USAGE}`)
  const varve = await loadSources(['dataset/repository', 'repository/index', 'storage/memory-storage', 'node/node-platform', 'node/folder-storage'])
  console.log(`${versions.length} versions, ${mega(versions.reduce((sum, { length }) => sum + length, 0))} MB, ${rounds} rounds, Node ${process.versions.node}\n`)
  console.log('| storage | stored | without deltas | ingest | without deltas | commit | read oldest | read newest | dearest |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
  for (const name of STORAGES) console.log(await row(varve, name, versions, rounds))
}

/** @param {any} varve @param {'memory' | 'folder'} name @param {readonly Buffer[]} versions @param {number} rounds */
async function row(varve, name, versions, rounds) {
  const speeds = { deltas: /** @type {number[]} */ ([]), alone: /** @type {number[]} */ ([]) }
  const ratios = versions.map(() => /** @type {number[]} */ ([]))
  const commits = /** @type {number[]} */ ([])
  let sizes = { deltas: 0, alone: 0 }
  for (let round = 0; round < rounds; round++) {
    const work = mkdtempSync(join(tmpdir(), 'varve-bench-deltas-'))
    try {
      const make = (/** @type {string} */ which) => (name === 'memory' ? new varve.MemoryStorage() : new varve.FolderStorage(join(work, which)))
      const deltas = await stored(varve, make('deltas'), versions, () => 'all')
      const alone = await stored(varve, make('alone'), versions, (number) => `version-${number}`)
      speeds.deltas.push(deltas.megabytesPerSecond)
      speeds.alone.push(alone.megabytesPerSecond)
      sizes = { deltas: await sizeOf(deltas.storage), alone: await sizeOf(alone.storage) }
      for (const [number, content] of versions.entries()) {
        const seconds = await readSeconds(varve, deltas.storage, `all~${versions.length - 1 - number}`, content)
        ratios[number].push(seconds / (await readSeconds(varve, alone.storage, `version-${number}`, content)))
      }
      commits.push(await commitSeconds(varve, deltas.storage))
      await deltas.storage.close?.()
      await alone.storage.close?.()
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }
  const costs = ratios.map(median)
  const reads = [costs[0], costs[costs.length - 1], Math.max(...costs)].map((ratio) => `${ratio.toFixed(2)} ×`)
  return `| ${[name, `${mega(sizes.deltas)} MB`, `${mega(sizes.alone)} MB`, `${median(speeds.deltas).toFixed(0)} MB/s`, `${median(speeds.alone).toFixed(0)} MB/s`, `${(median(commits) * 1000).toFixed(1)} ms`, ...reads].join(' | ')} |`
}

/** Speed: of all versions but the first. @param {any} varve @param {any} storage @param {readonly Buffer[]} versions @param {(number: number) => string} refOf */
async function stored(varve, storage, versions, refOf) {
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
  return { storage, megabytesPerSecond: bytes / seconds / 1e6 }
}

/** Of a snapshot of a few bytes. @param {any} varve @param {any} storage */
async function commitSeconds(varve, storage) {
  const repository = new varve.Repository(await varve.BlockRepository.open(storage, { platform: varve.nodePlatform }))
  const start = process.cpuUsage()
  for (let commit = 0; commit < COMMITS; commit++) await repository.snapshot([{ path: PATH, content: Buffer.from(`commit ${commit}`) }], { ref: 'small' })
  return secondsSince(start) / COMMITS
}

/** @param {any} varve @param {any} storage @param {string} name @param {Buffer} expected */
async function readSeconds(varve, storage, name, expected) {
  const repository = new varve.Repository(await varve.BlockRepository.open(storage, { platform: varve.nodePlatform }))
  const start = process.cpuUsage()
  const bytes = await repository.read(name, PATH)
  const seconds = secondsSince(start)
  if (!expected.equals(bytes)) throw new Error(`${name} is not what was stored`)
  return seconds
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
