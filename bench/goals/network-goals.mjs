/** @typedef {import('./judge.mjs').Goal} Goal */
/** @typedef {import('../macro/summary.mjs').Row} Row */

const FASTER_THAN_PEERS = 10
const OF_ONE_FILE = 0.8
const MOST_PACKS = 10
const MOVED_FACTOR = 1.5
const MOVED_MORE_BYTES = 1024 * 1024

/** Of push and clone, beside other programs and the same server. @type {import('./judge.mjs').GoalGroup} */
export function networkGoals({ corpora }) {
  return corpora.flatMap(({ name, rows }) => [
    ...rows.filter((row) => row.name === 'push' || row.name === 'clone').flatMap((row) => (name === 'B' ? row.peers.flatMap((peer) => fasterThan(row, peer)) : name === 'A' ? nearOneFile(row) : [])),
    ...rows.filter((row) => name === 'B' && row.name === 'push').flatMap(fewPacks),
    ...rows.filter((row) => row.name === 'push-changed').flatMap(littleMoved),
  ])
}

/** @param {Row} row @param {import('../macro/summary.mjs').Comparison} peer @returns {Goal[]} */
function fasterThan(row, { subject, seconds, speedRatio }) {
  if (row.seconds === null || speedRatio === null) return []
  return [{ job: title(row), goal: `≥ ${FASTER_THAN_PEERS} × as fast as ${subject}`, measured: `${row.seconds.toFixed(2)} s, ${speedRatio.toFixed(1)} × (${subject} ${seconds.toFixed(2)} s)`, met: speedRatio >= FASTER_THAN_PEERS }]
}

/** @param {Row} row @returns {Goal[]} */
function nearOneFile(row) {
  const file = row.natives.find(({ subject }) => subject === 'rclone of one file')
  if (row.seconds === null || file?.speedRatio == null) return []
  return [{ job: title(row), goal: `≥ ${OF_ONE_FILE} × the rate of one rclone of one file`, measured: `${row.megabytesPerSecond?.toFixed(0)} MB/s, ${file.speedRatio.toFixed(2)} × (${file.seconds.toFixed(2)} s)`, met: file.speedRatio >= OF_ONE_FILE }]
}

/** @param {Row} row @returns {Goal[]} */
function fewPacks(row) {
  const packs = row.transfer?.packs
  return packs == null ? [] : [{ job: title(row), goal: `travels as ≤ ${MOST_PACKS} packs`, measured: String(packs), met: packs <= MOST_PACKS }]
}

/** @param {Row} row @returns {Goal[]} */
function littleMoved(row) {
  if (row.transfer === null) return []
  const { newBytes, requests } = row.transfer
  const moved = Object.values(requests).reduce((sum, { bytesSent, bytesReceived }) => sum + bytesSent + bytesReceived, 0)
  const most = MOVED_FACTOR * newBytes + MOVED_MORE_BYTES
  return [{ job: title(row), goal: `moves ≤ ${MOVED_FACTOR} × what is new, and 1 MiB`, measured: `${(moved / 1e6).toFixed(2)} MB for ${(newBytes / 1e6).toFixed(2)} MB`, met: moved <= most }]
}

/** @param {Row} row */
const title = ({ corpus, job }) => `${corpus} ${job}`
