import { median } from '../macro/median.mjs'

/** @typedef {import('./judge.mjs').Goal} Goal */
/** @typedef {Session['corpora'][number]} Corpus */
/** @typedef {import('../macro/session.mjs').Session} Session */
/** @typedef {import('../macro/jobs.mjs').JobName} JobName */

const PEER = { first: { A: 0.4, B: 0.2 }, unchanged: { A: 0.25, B: 0.25 }, verify: { A: 0.5, B: 0.5, C: 0.5 } }
const MAX_INSERTED_STORED_BYTES = 3e6

/** Times are varve's as a multiple of the other's. @type {import('./judge.mjs').GoalGroup} */
export function corpusGoals({ corpora }) {
  return corpora.flatMap((corpus) => {
    const order = corpus.rows.map(title)
    return goalsOf(corpus).sort((a, b) => order.indexOf(a.job) - order.indexOf(b.job))
  })
}

/** @param {Corpus} corpus */
function goalsOf(corpus) {
  return [
    ...['first', 'unchanged', 'verify'].flatMap((job) => fasterPeer(corpus, /** @type {JobName} */ (job), PEER[job][corpus.name])),
    ...(corpus.name === 'A' ? atMost(corpus, 'first', 'openssl', 1.5) : []),
    ...(corpus.name === 'B' ? [...atMost(corpus, 'first', 'tar', 1.5), ...nearFind(corpus)] : []),
    ...(corpus.name === 'C' ? goalsOfOneFile(corpus) : []),
    ...opens(corpus),
    ...atMost(corpus, 'checkout', 'cp', 1.2),
  ]
}

/** @param {Corpus} corpus */
function goalsOfOneFile(corpus) {
  return [
    ...beatsRestic(corpus),
    ...inserted(corpus),
    ...rate(corpus, 'first-unsynced', 1.5e9),
    ...atLeastAsFast(corpus, 'first-unsynced', 1.2),
    ...rate(corpus, 'verify', 2.5e9),
    ...rate(corpus, 'verify-uncompressed', 2.5e9),
  ]
}

/** @param {Corpus} corpus @param {JobName} job @param {number | undefined} limit @returns {Goal[]} */
function fasterPeer(corpus, job, limit) {
  const peer = rowOf(corpus, job)?.peers[0]
  return peer === undefined || limit === undefined ? [] : atMost(corpus, job, peer.subject, limit, 'the faster peer')
}

/** @param {Corpus} corpus @param {JobName} job @param {string} subject @param {number} limit @param {string} [called] @returns {Goal[]} */
function atMost(corpus, job, subject, limit, called = subject) {
  const row = rowOf(corpus, job)
  const other = [...(row?.peers ?? []), ...(row?.natives ?? [])].find((comparison) => comparison.subject === subject)
  if (row?.seconds == null || other?.speedRatio == null) return []
  const ratio = 1 / other.speedRatio
  return [{ job: title(row), goal: `≤ ${limit} × ${called}`, measured: `${seconds(row.seconds)}, ${ratio.toFixed(2)} × ${subject} (${seconds(other.seconds)})`, met: ratio <= limit }]
}

/** @param {Corpus} corpus @param {JobName} job @param {number} factor @returns {Goal[]} */
function atLeastAsFast(corpus, job, factor) {
  const row = rowOf(corpus, job)
  const other = row?.natives.find(({ subject }) => subject === 'openssl')
  if (row?.seconds == null || other?.speedRatio == null) return []
  return [{ job: title(row), goal: `≥ ${factor} × as fast as openssl`, measured: `${other.speedRatio.toFixed(2)} × (openssl ${seconds(other.seconds)})`, met: other.speedRatio >= factor }]
}

/** @param {Corpus} corpus @param {JobName} job @param {number} bytesPerSecond @returns {Goal[]} */
function rate(corpus, job, bytesPerSecond) {
  const row = rowOf(corpus, job)
  if (row?.seconds == null) return []
  const measured = corpus.bytes / row.seconds
  return [{ job: title(row), goal: `≥ ${bytesPerSecond / 1e9} GB/s`, measured: `${(measured / 1e9).toFixed(2)} GB/s (${seconds(row.seconds)})`, met: measured >= bytesPerSecond }]
}

/** @param {Corpus} corpus @returns {Goal[]} */
function beatsRestic(corpus) {
  const row = rowOf(corpus, 'first')
  const { varve, restic } = row?.storedBytes ?? {}
  const stored = row === undefined || varve === undefined || restic === undefined ? [] : [{ job: title(row), goal: 'stores ≤ restic', measured: `${megabytes(varve)}, restic ${megabytes(restic)}`, met: varve <= restic }]
  return [...atMost(corpus, 'first', 'restic', 0.5), ...stored]
}

/** @param {Corpus} corpus @returns {Goal[]} */
function nearFind(corpus) {
  const row = rowOf(corpus, 'unchanged')
  const [find, node] = ['find', 'node'].map((name) => row?.natives.find(({ subject }) => subject === name))
  if (row?.seconds == null || find === undefined || node === undefined) return []
  const ratio = (row.seconds - node.seconds) / find.seconds
  return [{ job: title(row), goal: '≤ 3 × find -printf, plus start-up', measured: `${ratio.toFixed(2)} × find (${seconds(find.seconds)}) above node -e 0 (${seconds(node.seconds)})`, met: ratio <= 3 }]
}

/** @param {Corpus} corpus @returns {Goal[]} */
function opens(corpus) {
  const found = corpus.probes.opens
  return found === undefined ? [] : [{ job: `${corpus.name} unchanged snapshot`, goal: 'opens no content file', measured: `${found.files} of ${corpus.files.toLocaleString('en')} files, ${found.folders} folders`, met: found.files === 0 }]
}

/** A verify-speed pass is the fastest of varve's own verifications and of openssl, in the same run. @param {Corpus} corpus @returns {Goal[]} */
function inserted(corpus) {
  const row = rowOf(corpus, 'inserted')
  if (row?.seconds == null) return []
  const own = corpus.trials.filter(({ job, kind }) => job === 'inserted' && kind === 'varve')
  const passes = corpus.trials.filter(({ job, kind, subject }) => (kind === 'varve' && (job === 'verify' || job === 'verify-uncompressed')) || (job === 'inserted' && subject === 'openssl'))
  const ratios = own.flatMap((trial) => {
    const fastest = Math.min(...passes.filter(({ run }) => run === trial.run).map(({ seconds }) => seconds))
    return Number.isFinite(fastest) ? [trial.seconds / fastest] : []
  })
  const stored = row.storedBytes.varve ?? 0
  return [
    ...(ratios.length === 0 ? [] : [{ job: title(row), goal: '≤ 1.2 × a verify-speed pass', measured: `${seconds(row.seconds)}, ${median(ratios).toFixed(2)} × the fastest of verify and openssl`, met: median(ratios) <= 1.2 }]),
    { job: title(row), goal: 'stores ≤ 3 MB', measured: megabytes(stored), met: stored <= MAX_INSERTED_STORED_BYTES },
  ]
}

/** @param {Corpus} corpus @param {JobName} job */
const rowOf = (corpus, job) => corpus.rows.find(({ name }) => name === job)

/** @param {import('../macro/summary.mjs').Row} row */
const title = ({ corpus, job }) => `${corpus} ${job}`

/** @param {number} value */
const seconds = (value) => `${value.toFixed(2)} s`

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)} MB`
