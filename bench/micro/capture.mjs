import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median } from '../macro/median.mjs'
import { Random } from '../macro/random.mjs'
import { loadSources } from './load-sources.mjs'

const USAGE = 'Usage: node bench/micro/capture.mjs [--files 1000] [--runs 9]'
const MEAN_BYTES = 4096
const CHANGED_FILES = 10

/**
 * What it costs to capture a run in a working tree of many files: the first time, again when nothing has changed, and when ten files have. Each is the first capture of a process of its own, as for `varve run`, and, for the clean tree, a later one
 * of the same process too. Two commands of git are timed beside.
 * @param {string[]} args
 */
async function main(args) {
  const { values } = parseArgs({ args, options: { files: { type: 'string', default: '1000' }, runs: { type: 'string', default: '9' }, one: { type: 'string' } } })
  if (values.one !== undefined) {
    console.log(JSON.stringify(await captureTwice(values.one)))
    return
  }
  const [files, runs] = [Number(values.files), Number(values.runs)]
  if (![files, runs].every((value) => Number.isInteger(value) && value > 0)) throw new Error(USAGE)
  const folder = mkdtempSync(join(tmpdir(), 'varve-bench-capture-'))
  try {
    const bytes = makeRepository(folder, files)
    const capture = () => JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--one', folder], { encoding: 'utf8' }))
    const first = capture()
    if (first.files !== files || first.tree !== git(folder, 'rev-parse', 'HEAD^{tree}')) throw new Error('What was captured is not what is there')
    /** @type {Record<'clean' | 'processor' | 'again' | 'changed' | 'git', number[]>} */
    const times = { clean: [], processor: [], again: [], changed: [], git: [] }
    for (let run = 0; run < runs; run++) {
      const clean = capture()
      if (clean.root !== first.root) throw new Error('The same tree has another root')
      times.clean.push(clean.firstMs)
      times.processor.push(clean.processorMs)
      times.again.push(clean.againMs)
      for (let file = 0; file < Math.min(CHANGED_FILES, files); file++) writeFileSync(join(folder, nameOf(file)), `// ${run}\n`)
      times.changed.push(capture().firstMs)
      git(folder, 'checkout', '-q', '.')
      const started = performance.now()
      git(folder, 'status', '--porcelain')
      git(folder, 'ls-files', '-s')
      times.git.push(performance.now() - started)
    }
    const result = { job: 'capture', files, bytes, runs, newMs: first.firstMs, cleanMs: median(times.clean), cleanWorstMs: Math.max(...times.clean), cleanProcessorMs: median(times.processor), againMs: median(times.again), changedMs: median(times.changed), gitMs: median(times.git), root: first.root }
    console.log(JSON.stringify(result, (_key, value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} folder */
async function captureTwice(folder) {
  const varve = await loadSources(['node/capture/capture-run', 'node/open-repository'])
  const repository = await varve.openRepository(join(folder, '.varve'), { create: true })
  const capture = () => repository.blocks.withSession(async (/** @type {any} */ session) => {
    const started = performance.now()
    const used = process.cpuUsage()
    const { capture: found, code } = await varve.captureRun(folder, { session, chunker: repository.blocks.config.chunker, repositoryFolder: join(folder, '.varve'), cache: { folder: join(folder, '.varve/cache'), identity: repository.blocks.config.id, trustAfterMs: 0 }, argv: process.argv, variables: process.env })
    const ms = performance.now() - started
    const { user, system } = process.cpuUsage(used)
    await session.checkpoint()
    return { ms, processorMs: (user + system) / 1000, files: code.files, root: code.root.toString(), tree: found.git.tree }
  })
  const { ms: firstMs, ...rest } = await capture()
  const { ms: againMs } = await capture()
  await repository.close()
  return { ...rest, firstMs, againMs }
}

/** Source files in folders of thirty, committed. @param {string} folder @param {number} files */
function makeRepository(folder, files) {
  const random = new Random(5)
  let bytes = 0
  git(folder, 'init', '-q')
  for (let file = 0; file < files; file++) {
    const words = random.fillWords(new Uint32Array(Math.ceil((MEAN_BYTES / 2 + random.below(MEAN_BYTES)) / 8)))
    const content = Array.from(words, (word) => `x${word.toString(36)}`).join('\n')
    mkdirSync(dirname(join(folder, nameOf(file))), { recursive: true })
    writeFileSync(join(folder, nameOf(file)), content)
    bytes += content.length
  }
  git(folder, 'add', '-A')
  git(folder, '-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '-q', '-m', 'All')
  return bytes
}

/** @param {number} file */
function nameOf(file) {
  return `src/part-${Math.floor(file / 30)}/module-${file}.mjs`
}

/** @param {string} folder @param {readonly string[]} words */
function git(folder, ...words) {
  return execFileSync('git', words, { cwd: folder, encoding: 'utf8' }).trim()
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
