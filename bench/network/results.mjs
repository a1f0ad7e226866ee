import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { firstDifference } from '../macro/tree.mjs'
import { VARVE_CLI } from '../macro/subjects/varve.mjs'

/**
 * @typedef {object} Transfer what varve says it moved
 * @property {number} newBytes that the new blocks take
 * @property {number | null} packs that were stored and looked at again; null for a clone
 * @property {Record<string, { count: number, bytesSent: number, bytesReceived: number, failed: number }>} requests by method
 */

/**
 * Reads what `varve --json push` or `clone` printed.
 * @param {string} stdout
 * @param {import('../macro/jobs.mjs').JobName} job
 * @param {import('../macro/subjects.mjs').Place} place
 * @param {readonly import('../macro/measure-corpus.mjs').Result[]} earlier
 * @returns {{ transfer: Transfer, root?: string }}
 * @throws Error if it is not that, if nothing went over, or if a clone has another root than was snapshotted
 */
export function readTransfer(stdout, job, place, earlier) {
  const { refs, bytes, requests, verified } = JSON.parse(stdout)
  if (refs?.length !== 1 || refs[0].ref !== 'bench' || !(bytes > 0)) throw new Error(`varve ${job} moved nothing: ${stdout.slice(0, 500)}`)
  const transfer = { newBytes: bytes, packs: verified?.packs ?? null, requests }
  if (job !== 'clone') return { transfer }
  const [{ root }] = JSON.parse(varve(['--json', '--repo', join(place.clone, '.varve'), 'show', 'bench']))
  const pushed = earlier.find((result) => result.root !== undefined && result.job === 'first')
  if (pushed !== undefined && pushed.root !== root) throw new Error(`varve clone gives the root ${root}, and the snapshot had ${pushed.root}`)
  return { transfer, root }
}

/**
 * What came back must be what was sent: looked at once.
 * @param {import('../macro/corpora.mjs').Corpus} corpus
 * @param {import('../macro/subjects.mjs').Subject} subject
 * @param {import('../macro/subjects.mjs').Place} place
 * @param {number} run
 */
export function checkClone(corpus, { name, kind }, place, run) {
  if (run > 0) return
  if (kind === 'varve') return void varve(['--repo', join(place.clone, '.varve'), 'verify'])
  const path = kind === 'native' ? firstDifference(place.repository, place.clone) : firstDifference(corpus.folder, name === 'dvc' ? join(place.clone, 'data') : place.clone)
  if (path !== undefined) throw new Error(`${name} brought corpus ${corpus.name} back with another ${path}`)
}

/** @param {string[]} args */
function varve(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [VARVE_CLI, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (status !== 0) throw new Error(`varve ${args.join(' ')} ended with exit code ${status}: ${stderr}`)
  return stdout
}
