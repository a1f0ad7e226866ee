import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { openRepository } from 'varve'
import { median } from '../macro/median.mjs'
import { ownPeakBytes } from '../macro/own-peak.mjs'

const USAGE = 'Usage: node bench/micro/index-open.mjs [--blocks 4000000] [--packs 4000] [--runs 9] [--work <folder>]'
const RAW = 0x55
const SHA2_256 = 0x12
/** A block's header in its pack, and the digits that are its content. */
const STORED_SIZE_BYTES = 60
const LOOK_UPS = 20

/**
 * A repository of many tiny blocks. Each run is a process of its own: it opens the repository, warm in the page cache, finds blocks in pages that it has not read,
 * and looks at the heap. The repository is kept in the work folder for the next time.
 * @param {string[]} args
 */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: { blocks: { type: 'string', default: '4000000' }, packs: { type: 'string', default: '4000' }, runs: { type: 'string', default: '9' }, work: { type: 'string', default: join(tmpdir(), 'varve-bench', 'indexes') }, one: { type: 'string' } },
  })
  const [blocks, packs, runs] = [values.blocks, values.packs, values.runs].map(Number)
  if (![blocks, packs, runs].every((value) => Number.isInteger(value) && value > 0)) throw new Error(USAGE)
  if (values.one !== undefined) return void process.stdout.write(JSON.stringify(await openOnce(values.one, blocks)))
  const folder = join(values.work, `${blocks}-${packs}`)
  await build(folder, blocks, packs)
  /** @type {Awaited<ReturnType<typeof openOnce>>[]} */
  const results = []
  for (let run = 0; run < runs; run++) {
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), '--one', folder, '--blocks', String(blocks)], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    results.push(JSON.parse(stdout))
  }
  const middle = (/** @type {(result: typeof results[number]) => number} */ of) => Math.round(median(results.map(of)) * 100) / 100
  console.log(JSON.stringify({
    job: 'open index', blocks, packs, runs, openMs: middle(({ openMs }) => openMs), firstLookUpMs: middle(({ firstMs }) => firstMs), coldLookUpMs: middle(({ coldMs }) => coldMs),
    absentLookUpMs: middle(({ absentMs }) => absentMs), heapKB: middle(({ heapKB }) => heapKB), arrayBuffersKB: middle(({ arrayBuffersKB }) => arrayBuffersKB),
    heapAfterLookUpsKB: middle(({ heapAfterLookUpsKB }) => heapAfterLookUpsKB), buffersAfterLookUpsKB: middle(({ buffersAfterLookUpsKB }) => buffersAfterLookUpsKB),
    peakBytes: Math.max(...results.map(({ peakBytes }) => peakBytes)),
  }))
}

/** @param {string} folder @param {number} blocks */
async function openOnce(folder, blocks) {
  const collect = globalThis.gc ?? (() => undefined)
  collect()
  const before = process.memoryUsage()
  const start = performance.now()
  const repository = await openRepository(join(folder, 'repository'))
  const openMs = performance.now() - start
  collect()
  const opened = process.memoryUsage()
  const times = []
  for (let index = 0; index < LOOK_UPS; index++) {
    const cid = cidOf(Math.floor((index + 0.5) * (blocks / LOOK_UPS)))
    const begin = performance.now()
    if (!(await repository.blocks.has(cid))) throw new Error('A block is not found')
    times.push(performance.now() - begin)
  }
  const begin = performance.now()
  if (await repository.blocks.has(cidOf(-1))) throw new Error('A block is found that was never stored')
  const absentMs = performance.now() - begin
  collect()
  const after = process.memoryUsage()
  await repository.close()
  return {
    openMs, firstMs: times[0] ?? 0, coldMs: median(times.slice(1)), absentMs, heapKB: (opened.heapUsed - before.heapUsed) / 1000, arrayBuffersKB: (opened.arrayBuffers - before.arrayBuffers) / 1000,
    heapAfterLookUpsKB: (after.heapUsed - before.heapUsed) / 1000, buffersAfterLookUpsKB: (after.arrayBuffers - before.arrayBuffers) / 1000, peakBytes: ownPeakBytes(),
  }
}

/** @param {string} folder @param {number} blocks @param {number} packs */
async function build(folder, blocks, packs) {
  const done = join(folder, 'done')
  if (existsSync(done)) return
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const start = performance.now()
  const repository = await openRepository(join(folder, 'repository'), { create: true })
  const session = await repository.blocks.session({ compression: 'none', packSizeBytes: Math.ceil((blocks * STORED_SIZE_BYTES) / packs) })
  for (let number = 0; number < blocks; number++) {
    const stored = session.put(RAW, contentOf(number))
    if (stored instanceof Promise) await stored
  }
  await session.commit({ action: 'bench' })
  await session.close()
  await repository.close()
  writeFileSync(done, '')
  console.log(`built in ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

/** @param {number} number */
function contentOf(number) {
  return Buffer.from(String(number).padStart(12, '0'))
}

/** @param {number} number */
function cidOf(number) {
  return CID.createV1(RAW, createDigest(SHA2_256, hash('sha256', contentOf(number), 'buffer')))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
