import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from '../macro/median.mjs'
import { Random } from '../macro/random.mjs'
import { loadSources } from './load-sources.mjs'

const USAGE = 'Usage: node bench/micro/capture.mjs [--files 1000] [--runs 9]'
const MEAN_BYTES = 4096

/**
 * What it costs to capture a run in a working tree of many files: the first time, again when nothing has changed, and when ten files have. Git's own commands that say the same are timed beside.
 * @param {string[]} args
 */
async function main(args) {
  const { values } = parseArgs({ args, options: { files: { type: 'string', default: '1000' }, runs: { type: 'string', default: '9' } } })
  const [files, runs] = [Number(values.files), Number(values.runs)]
  if (![files, runs].every((value) => Number.isInteger(value) && value > 0)) throw new Error(USAGE)
  const varve = await loadSources(['node/capture/capture-run', 'node/open-repository'])
  const folder = mkdtempSync(join(tmpdir(), 'varve-bench-capture-'))
  try {
    const bytes = makeRepository(folder, files)
    const repository = await varve.openRepository(join(folder, '.varve'))
    const capture = async () => {
      const started = performance.now()
      const captured = await repository.blocks.withSession(async (/** @type {any} */ session) => {
        const { chunker } = repository.blocks.config
        const found = await varve.captureRun(folder, { session, chunker, repositoryFolder: join(folder, '.varve'), argv: process.argv, variables: process.env })
        await session.checkpoint()
        return found
      })
      return { ms: performance.now() - started, captured }
    }
    const first = await capture()
    /** @type {Record<'clean' | 'changed' | 'git', number[]>} */
    const times = { clean: [], changed: [], git: [] }
    for (let run = 0; run < runs; run++) {
      times.clean.push((await capture()).ms)
      for (let file = 0; file < Math.min(10, files); file++) writeFileSync(join(folder, nameOf(file)), `// ${run}\n`)
      times.changed.push((await capture()).ms)
      git(folder, 'checkout', '-q', '.')
      const started = performance.now()
      git(folder, 'status', '--porcelain')
      times.git.push(performance.now() - started)
    }
    const { capture: found, code } = first.captured
    if (code.files !== files || found.git.tree !== git(folder, 'rev-parse', 'HEAD^{tree}')) throw new Error('What was captured is not what is there')
    await repository.close()
    const result = { job: 'capture', files, bytes, runs, firstMs: first.ms, cleanMs: median(times.clean), cleanWorstMs: Math.max(...times.clean), changedMs: median(times.changed), gitStatusMs: median(times.git), root: code.root.toString() }
    console.log(JSON.stringify(result, (_key, value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Source files in folders of thirty, committed, with the repository of varve not ignored. @param {string} folder @param {number} files */
function makeRepository(folder, files) {
  const random = new Random(5)
  let bytes = 0
  git(folder, 'init', '-q')
  for (let file = 0; file < files; file++) {
    const words = random.fillWords(new Uint32Array(Math.ceil((MEAN_BYTES / 2 + random.below(MEAN_BYTES)) / 7)))
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
