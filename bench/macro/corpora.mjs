import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { writeIncompressibleFiles } from './corpora/incompressible-files.mjs'
import { writeJsonFiles } from './corpora/json-files.mjs'
import { writeTableFile } from './corpora/table-file.mjs'

/** Part of the cache's names: raise it when a generator changes. */
const GENERATION = 1
/** varve's stat cache trusts files from 40 seconds after their last change on. An unchanged snapshot of younger ones reads them all again. */
const REST_MS = 45_000
/** A generator yields after each file or segment; the event loop, and with it Ctrl-C, gets a turn after so many. */
const STEPS_A_TURN = 50

/** @typedef {Generator<void, { files: number, bytes: number }, void>} Writing */

/**
 * @typedef {object} Corpus
 * @property {string} name one letter
 * @property {string} title
 * @property {string} folder
 * @property {string} inserted the same with 100 bytes inserted into the middle of its file; not there before `prepareInserted`
 * @property {string} changed the same with ten of its files changed and one added; not there before `changeFiles`
 * @property {number} files
 * @property {number} bytes
 * @property {number} writtenMs when it was generated, since the epoch
 */

/** @type {Record<string, { title: string, write: (folder: string, scale: number) => Writing }>} */
const GENERATORS = {
  A: { title: 'incompressible files of 10–200 KB', write: writeIncompressibleFiles },
  B: { title: 'JSON files of 0.5–8 KB', write: writeJsonFiles },
  C: { title: 'one file, half CSV, half float32 with repeats', write: writeTableFile },
}

/** The names that `--corpora` takes. */
export const CORPUS_NAMES = Object.keys(GENERATORS)

/**
 * The corpus from the cache in the work folder, generated first if it is not there. Equal names and scales have equal bytes on every machine.
 * @param {string} name
 * @param {number} scale 1 is the size in the README
 * @param {string} work
 * @param {AbortSignal} signal
 * @param {(message: string) => void} report
 * @returns {Promise<Corpus>}
 */
export async function prepareCorpus(name, scale, work, signal, report) {
  const generator = GENERATORS[name]
  if (generator === undefined) throw new Error(`There is no corpus ${name}; the corpora are ${CORPUS_NAMES.join(', ')}`)
  if (endianness() !== 'LE') throw new Error('The generators write numbers as the processor holds them, and need a little-endian one')
  const { title } = generator
  const home = join(work, 'corpora', `${name}-scale-${scale}-generation-${GENERATION}`)
  const folder = join(home, 'files')
  const facts = join(home, 'corpus.json')
  if (!existsSync(facts)) {
    report(`generating corpus ${name}: ${title}`)
    const unfinished = join(work, 'corpora', `unfinished-${process.pid}`)
    try {
      mkdirSync(join(unfinished, 'files'), { recursive: true })
      const totals = await finish(generator.write(join(unfinished, 'files'), scale), signal)
      writeFileSync(join(unfinished, 'corpus.json'), JSON.stringify(totals))
      renameSync(unfinished, home)
    } finally {
      rmSync(unfinished, { recursive: true, force: true })
    }
  }
  const { files, bytes } = JSON.parse(readFileSync(facts, 'utf8'))
  return { name, title, folder, inserted: join(home, 'inserted'), changed: join(home, 'changed'), files, bytes, writtenMs: statSync(facts).mtimeMs }
}

/**
 * Waits until stat caches trust the files.
 * @param {Corpus[]} corpora
 * @param {AbortSignal} signal
 * @param {(message: string) => void} report
 */
export async function restCorpora(corpora, signal, report) {
  const wait = Math.max(0, ...corpora.map(({ writtenMs }) => writtenMs + REST_MS - Date.now()))
  if (wait === 0) return
  report(`waiting ${Math.ceil(wait / 1000)} s until stat caches trust the new files`)
  await pause(wait, undefined, { signal })
}

/** @param {Writing} writing @param {AbortSignal} signal */
async function finish(writing, signal) {
  for (let step = 0; ; step++) {
    const { done, value } = writing.next()
    if (done === true) return value
    if (step % STEPS_A_TURN === 0) await nextTurn()
    if (signal.aborted) writing.return({ files: 0, bytes: 0 })
    signal.throwIfAborted()
  }
}
