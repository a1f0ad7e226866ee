import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { spawnSync } from 'node:child_process'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { openRepository } from 'varve'
import { diffManifests, editManifest, ManifestBuilder } from 'varve/manifest'
import { median } from '../macro/median.mjs'
import { ownPeakBytes } from '../macro/own-peak.mjs'

const USAGE = 'Usage: node bench/micro/manifest-diff.mjs [--entries 1000000] [--differences 10] [--runs 9] [--work <folder>]'
const RAW = 0x55
const SHA2_256 = 0x12
const FILES_PER_FOLDER = 200

/**
 * Two manifests of many entries that differ in a few, in a repository in a folder. Each run is a process of its own, so that nothing is compiled or
 * cached when it starts: it opens the repository, and then compares. The repository is kept in the work folder for the next time.
 * @param {string[]} args
 */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: { entries: { type: 'string', default: '1000000' }, differences: { type: 'string', default: '10' }, runs: { type: 'string', default: '9' }, work: { type: 'string', default: join(tmpdir(), 'varve-bench', 'manifests') }, one: { type: 'string' } },
  })
  if (values.one !== undefined) return void process.stdout.write(JSON.stringify(await compareOnce(values.one)))
  const [entries, differences, runs] = [values.entries, values.differences, values.runs].map(Number)
  if (![entries, differences, runs].every((value) => Number.isInteger(value) && value > 0) || differences > entries) throw new Error(USAGE)
  const folder = join(values.work, `${entries}-${differences}`)
  const built = await build(folder, entries, differences)
  /** @type {Awaited<ReturnType<typeof compareOnce>>[]} */
  const results = []
  for (let run = 0; run < runs; run++) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--one', folder], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    results.push(JSON.parse(stdout))
  }
  if (results.some(({ found }) => found !== differences)) throw new Error('The comparison found another number of differences than there are')
  if (built !== undefined) console.log(`built in ${built.toFixed(2)} s, stored`)
  console.log(JSON.stringify({
    job: 'diff', entries, differences, runs, openMs: rounded(results.map(({ openMs }) => openMs)), diffMs: rounded(results.map(({ diffMs }) => diffMs)), diffCpuMs: rounded(results.map(({ diffCpuMs }) => diffCpuMs)), nodesRead: results[0]?.reads,
    maxDiffMs: Math.max(...results.map(({ diffMs }) => Math.round(diffMs * 10) / 10)), peakBytes: Math.max(...results.map(({ peakBytes }) => peakBytes)), ...rootsIn(folder),
  }))
}

/** @param {string} folder */
async function compareOnce(folder) {
  const { before, after } = rootsIn(folder)
  const start = performance.now()
  const repository = await openRepository(join(folder, 'repository'))
  const opened = performance.now()
  const idle = process.cpuUsage()
  let reads = 0
  const source = { get: (/** @type {CID} */ cid) => (reads++, repository.blocks.get(cid)) }
  let found = 0
  for await (const { path } of diffManifests(source, CID.parse(before), CID.parse(after))) found += path.length > 0 ? 1 : 0
  const diffMs = performance.now() - opened
  const { user, system } = process.cpuUsage(idle)
  await repository.close()
  return { openMs: opened - start, diffMs, diffCpuMs: (user + system) / 1000, reads, found, peakBytes: ownPeakBytes() }
}

/** @param {string} folder @returns {{ before: string, after: string }} */
function rootsIn(folder) {
  return JSON.parse(readFileSync(join(folder, 'roots.json'), 'utf8'))
}

/** @param {string} folder @param {number} entries @param {number} differences @returns {Promise<number | undefined>} seconds, undefined if it was there */
async function build(folder, entries, differences) {
  if (existsSync(join(folder, 'roots.json'))) return undefined
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const start = performance.now()
  const repository = await openRepository(join(folder, 'repository'), { create: true })
  const session = await repository.blocks.session()
  const builder = new ManifestBuilder(session, 'fastcdc2020-64K-256K-1M')
  for (let number = 0; number < entries; number++) {
    const added = builder.add({ path: pathOf(number), value: valueOf(number, 'before') })
    if (added !== undefined) await added
  }
  const { root } = await builder.finish()
  const step = Math.floor(entries / differences)
  const edits = Array.from({ length: differences }, (_, index) => index * step + (step >> 1)).map((number) => ({ path: pathOf(number), value: valueOf(number, 'after') }))
  const edited = await editManifest(session, session, root, edits)
  await session.commit({ action: 'bench' })
  await session.close()
  await repository.close()
  writeFileSync(join(folder, 'roots.json'), JSON.stringify({ before: root.toString(), after: edited.root.toString() }))
  return (performance.now() - start) / 1000
}

/** @param {number} number */
function pathOf(number) {
  return Buffer.from(`part-${String(Math.floor(number / FILES_PER_FOLDER)).padStart(6, '0')}/${String(number).padStart(8, '0')}.jsonl`)
}

/** @param {number} number @param {string} version */
function valueOf(number, version) {
  const cid = CID.createV1(RAW, createDigest(SHA2_256, hash('sha256', `${number} ${version}`, 'buffer')))
  return { kind: /** @type {const} */ ('file'), size: 500 + (number % 7500), cid }
}

/** @param {readonly number[]} values */
function rounded(values) {
  return Math.round(median(values) * 10) / 10
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
