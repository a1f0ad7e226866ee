import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const ENTRIES = 1_000_000
const BLOCKS = 4_000_000
const BLOCKS_PER_PACK = 1000
const FILES = 100_000
const MAPPED_FILES = 10_000

/**
 * Benches of the library and of starting, each a program that prints one line of JSON at its end. `scale` multiplies what they work on.
 * @type {Record<string, (scale: number, runs: number, work: string) => string[]>}
 */
const PIECES = {
  'start-up': (_scale, runs) => ['start-up.mjs', '--rounds', String(runs * 7)],
  diff: (scale, runs, work) => ['manifest-diff.mjs', '--entries', scaled(ENTRIES, scale), '--runs', String(runs * 3), '--work', join(work, 'manifests')],
  index: (scale, runs, work) => ['index-open.mjs', '--blocks', scaled(BLOCKS, scale), '--packs', scaled(BLOCKS / BLOCKS_PER_PACK, scale), '--runs', String(runs * 3), '--work', join(work, 'indexes')],
  derive: (scale, runs, work) => ['derive.mjs', '--files', scaled(FILES, scale), '--mapped', scaled(MAPPED_FILES, scale), '--runs', String(runs * 3), '--work', join(work, 'derivations')],
}

/** The names that `--jobs` takes for the pieces. */
export const PIECE_NAMES = Object.keys(PIECES)

/**
 * Runs the named pieces, one after the other.
 * @param {readonly string[]} names
 * @param {{ scale: number, runs: number, work: string, signal: AbortSignal, report: (message: string) => void }} plan
 * @returns {Promise<Record<string, Record<string, number | string>>>} what each printed, by name
 */
export async function measurePieces(names, { scale, runs, work, signal, report }) {
  /** @type {Record<string, Record<string, number | string>>} */
  const results = {}
  for (const name of PIECE_NAMES.filter((name) => names.includes(name))) {
    const [program = '', ...args] = PIECES[name](scale, runs, work)
    const line = await lastLineOf([fileURLToPath(new URL(`../micro/${program}`, import.meta.url)), ...args], signal)
    report(`${name}: ${line}`)
    results[name] = JSON.parse(line)
  }
  return results
}

/** @param {string[]} argv @param {AbortSignal} signal @throws Error if the program fails */
export async function lastLineOf(argv, signal) {
  signal.throwIfAborted()
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'], signal })
  const [[exitCode], printed] = await Promise.all([once(child, 'exit'), text(child.stdout)])
  if (exitCode !== 0) throw new Error(`Exit code ${exitCode}: ${argv.join(' ')}`)
  return printed.trimEnd().split('\n').at(-1) ?? ''
}

/** @param {number} amount @param {number} scale */
function scaled(amount, scale) {
  return String(Math.max(10, Math.round(amount * Math.min(1, scale))))
}
