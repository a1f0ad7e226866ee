import { markdownTable } from './markdown.mjs'

/** @typedef {import('./session.mjs').Session} Session */
/** @typedef {import('./summary.mjs').Row} Row */

const HEADINGS = ['job', 'varve s', 'MB/s', 'beside the faster peer', 'beside native tools', 'peak MB', 'stored MB (varve / restic / borg)']
const STORED_OF = ['varve', 'restic', 'borg']
const NOTHING = '—'

/**
 * The result as Markdown, which also reads well in a terminal: one table, the roots, and what it was measured with.
 * @param {Session} session
 */
export function renderTable(session) {
  const rows = session.corpora.flatMap(({ rows }) => rows.map(cells))
  return [...(rows.length === 0 ? [] : [markdownTable(HEADINGS, rows), '']), ...notes(session)].join('\n')
}

/** @param {Row} row */
function cells({ corpus, job, seconds, megabytesPerSecond, peakBytes, peers, natives, storedBytes, transfer }) {
  const stored = STORED_OF.map((subject) => storedBytes[subject]).map((bytes) => (bytes === undefined ? NOTHING : megabytes(bytes)))
  return [
    `${corpus} ${job}`,
    seconds?.toFixed(2) ?? NOTHING,
    megabytesPerSecond?.toFixed(0) ?? NOTHING,
    // Two ways of sending files are two questions, and not the faster and the slower of one.
    peers.slice(0, transfer === null ? 1 : peers.length).map(comparison).join(', ') || NOTHING,
    natives.map(comparison).join(', ') || NOTHING,
    peakBytes === null ? NOTHING : megabytes(peakBytes),
    Object.keys(storedBytes).length === 0 ? '' : stored.join(' / '),
  ]
}

/** @param {import('./summary.mjs').Comparison} comparison */
function comparison({ subject, seconds, speedRatio }) {
  const time = `${subject} ${seconds.toFixed(2)} s`
  return speedRatio === null ? time : `${speedRatio.toFixed(2)}× (${time})`
}

/** @param {Session} session */
function notes({ corpora, pieces, growth, machine, load, versions, missing, scale, runs, date }) {
  return [
    ...transferNotes(corpora),
    ...corpora.map(({ name, title, files, bytes, root }) => `- ${name}: ${title}; ${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'}, ${megabytes(bytes)} MB; root ${root ?? NOTHING}`),
    ...corpora.flatMap(({ name, insertedRoot }) => (insertedRoot === null ? [] : [`- ${name} with 100 bytes inserted: root ${insertedRoot}`])),
    ...(pieces.diff === undefined ? [] : [`- diff: roots ${pieces.diff.before} and ${pieces.diff.after}`]),
    ...(growth === null ? [] : growth.points.slice(-1).map(({ files, root }) => `- growth: ${files.toLocaleString('en')} files; root ${root}`)),
    `- Scale ${scale}${scale < 1 ? ' (small: start-up weighs more than at scale 1)' : ''}, medians of ${runs} ${runs === 1 ? 'run' : 'runs'}, ${date}.`,
    `- ${machine}; load average ${load.toFixed(1)} when it began.`,
    `- ${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join('; ')}.`,
    ...(missing.length === 0 ? [] : [`- Not installed, and left out: ${missing.join(', ')}.`]),
  ]
}

/** @param {Session['corpora']} corpora */
function transferNotes(corpora) {
  return corpora.flatMap(({ rows }) => rows.flatMap(({ corpus, job, transfer }) => {
    if (transfer === null) return []
    const { newBytes, packs, requests } = transfer
    const calls = Object.entries(requests).map(([method, { count }]) => `${count} ${method}`).join(', ')
    const [sent, received] = ['bytesSent', 'bytesReceived'].map((bytes) => megabytes(Object.values(requests).reduce((sum, of) => sum + of[bytes], 0)))
    return [`- ${corpus} ${job}: ${megabytes(newBytes)} MB of blocks${packs === null ? '' : ` in ${packs} ${packs === 1 ? 'pack' : 'packs'}`}; requests ${calls}; ${sent} MB sent, ${received} MB received.`]
  }))
}

/** @param {number} bytes */
function megabytes(bytes) {
  const value = bytes / 1e6
  return value.toFixed(value < 100 ? 1 : 0)
}
