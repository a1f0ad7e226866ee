/** @typedef {import('./judge.mjs').Goal} Goal */

const MAX_PEAK_BYTES = 300e6
/** Two peaks are "the same" within this: a garbage collector's moods make a tenth by themselves. */
const SAME_WITHIN = 1.25

/** @type {import('./judge.mjs').GoalGroup} */
export function memoryGoals({ corpora, pieces, growth, memory }) {
  const peaks = [
    ...corpora.flatMap(({ rows, probes }) => [
      ...rows.flatMap(({ corpus, job, peakBytes }) => (peakBytes === null ? [] : [{ what: `${corpus} ${job}`, bytes: peakBytes }])),
      ...probes.randomReads.map(({ peakBytes }) => ({ what: 'random read', bytes: peakBytes })),
    ]),
    ...Object.entries(pieces).flatMap(([what, { peakBytes }]) => (typeof peakBytes === 'number' ? [{ what, bytes: peakBytes }] : [])),
    ...(growth?.points ?? []).flatMap(({ files, peakBytes }) => (peakBytes === null ? [] : [{ what: `growth, ${files.toLocaleString('en')} files`, bytes: peakBytes }])),
  ].sort((a, b) => b.bytes - a.bytes)
  return [...(peaks.length === 0 ? [] : [largest(peaks)]), ...[...memory, ...growthOfFiles(growth)].map(growthOfMemory)]
}

/** @param {{ what: string, bytes: number }[]} peaks largest first @returns {Goal} */
function largest(peaks) {
  const shown = peaks.filter(({ bytes }, index) => index === 0 || bytes > MAX_PEAK_BYTES).map(({ what, bytes }) => `${megabytes(bytes)} (${what})`)
  return { job: `peak memory of ${peaks.length} jobs`, goal: '≤ 300 MB', measured: shown.join(', '), met: peaks[0].bytes <= MAX_PEAK_BYTES }
}

/** The most files beside a tenth of them. @param {import('../growth/measure.mjs').Growth | null} growth @returns {import('../macro/memory-growth.mjs').MemoryGrowth[]} */
function growthOfFiles(growth) {
  const points = growth?.points ?? []
  const most = points.at(-1)
  const tenth = points.find(({ files }) => files * 10 === most?.files)
  if (most?.peakBytes == null || tenth?.peakBytes == null) return []
  return [{ corpus: most.files.toLocaleString('en'), job: 'tiny files', partBytes: tenth.peakBytes, wholeBytes: most.peakBytes }]
}

/** @param {import('../macro/memory-growth.mjs').MemoryGrowth} growth @returns {Goal} */
function growthOfMemory({ corpus, job, partBytes, wholeBytes }) {
  const ratio = wholeBytes / partBytes
  return { job: `peak memory, ${corpus} ${job}`, goal: `≤ ${SAME_WITHIN} × that of a tenth of the data`, measured: `${megabytes(wholeBytes)}, ${ratio.toFixed(2)} × ${megabytes(partBytes)}`, met: ratio <= SAME_WITHIN }
}

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
