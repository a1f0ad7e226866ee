import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { countOpens, hasStrace } from './strace.mjs'
import { varve } from './subjects/varve.mjs'

const RANDOM_READ = fileURLToPath(new URL('../micro/random-read.mjs', import.meta.url))

/**
 * What is asked of varve's main repository besides the time of commands.
 * @typedef {object} Probes
 * @property {{ files: number, folders: number }} [opens] what an unchanged snapshot opened below the corpus; undefined where strace cannot tell
 * @property {import('../micro/random-read.mjs').RandomReads[]} randomReads one a run
 *
 * @typedef {object} Asked
 * @property {import('./corpora.mjs').Corpus} corpus
 * @property {import('./subjects.mjs').Place} place
 * @property {string} scratch
 * @property {(message: string) => void} report
 */

/** @param {Asked} asked */
export function probeOpens({ corpus, place, scratch, report }) {
  const command = varve.command('unchanged', place)
  if (command === undefined || !hasStrace()) return undefined
  const opens = countOpens(command, corpus.folder, scratch)
  // Every folder must be listed: if none was, the trace saw nothing, and no files would mean nothing.
  if (opens.folders === 0) throw new Error(`The trace of an unchanged snapshot shows no opened folder of corpus ${corpus.name}`)
  report(`${corpus.name}, unchanged snapshot: opens ${opens.files} files, ${opens.folders} folders`)
  return opens
}

/** @param {Asked} asked @returns {import('../micro/random-read.mjs').RandomReads} */
export function probeRandomReads({ corpus, place, report }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [RANDOM_READ, '--repo', place.repository, '--revision', 'bench', '--folder', corpus.folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The random reads failed: ${stderr}`)
  const reads = JSON.parse(stdout)
  report(`${corpus.name}, random reads of 4 KiB: median ${reads.medianMs.toFixed(2)} ms`)
  return reads
}
