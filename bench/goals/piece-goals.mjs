import { median } from '../macro/median.mjs'

/** @typedef {import('./judge.mjs').Goal} Goal */

const MAX_INDEX_HEAP_KB = 4000
const MAX_SLOPE = 1.05

/** Of the library, of starting, and of growth. @type {import('./judge.mjs').GoalGroup} */
export function pieceGoals({ pieces, corpora, growth }) {
  const { diff, index, derive, 'start-up': startUp } = pieces
  return [
    ...(diff === undefined ? [] : diffGoals(diff)),
    ...(index === undefined ? [] : indexGoals(index)),
    ...corpora.filter(({ probes }) => probes.randomReads.length > 0).map(randomReadGoal),
    ...(startUp === undefined ? [] : [limit('varve --version', 'above node -e 0', startUp.versionAboveMs, 60, startUp), limit('varve log', 'above node -e 0', startUp.logAboveMs, 120, startUp)]),
    ...(derive === undefined ? [] : deriveGoals(derive)),
    ...(growth === null ? [] : [growthGoal(growth)]),
  ]
}

/** @param {Record<string, any>} diff @returns {Goal[]} */
function diffGoals({ entries, differences, diffMs, diffCpuMs, nodesRead, openMs }) {
  const job = `diff of ${entries.toLocaleString('en')} entries that differ in ${differences}`
  return [
    { job, goal: '≤ 50 ms after opening', measured: `${diffMs} ms, of the processor ${diffCpuMs} ms (opening ${openMs} ms)`, met: diffMs <= 50 },
    { job, goal: '≤ 100 nodes read', measured: String(nodesRead), met: nodesRead <= 100 },
  ]
}

/** @param {Record<string, any>} index @returns {Goal[]} */
function indexGoals({ blocks, openMs, firstLookUpMs, coldLookUpMs, heapKB, heapAfterLookUpsKB, buffersAfterLookUpsKB }) {
  const job = `open ${blocks.toLocaleString('en')} blocks, find one`
  const lookUp = Math.max(firstLookUpMs, coldLookUpMs)
  const heap = Math.max(heapKB, heapAfterLookUpsKB)
  return [
    { job, goal: '≤ 100 ms to open warm', measured: `${openMs} ms`, met: openMs <= 100 },
    { job, goal: '≤ 5 ms a cold look-up', measured: `${coldLookUpMs} ms, the first ${firstLookUpMs} ms`, met: lookUp <= 5 },
    { job, goal: `≤ ${MAX_INDEX_HEAP_KB / 1000} MB of index on the JS heap`, measured: `${(heap / 1000).toFixed(2)} MB, ${(buffersAfterLookUpsKB / 1000).toFixed(2)} MB in buffers`, met: heap <= MAX_INDEX_HEAP_KB },
  ]
}

/** @param {Record<string, any>} derive @returns {Goal[]} */
function deriveGoals({ files, coldFewMs, coldManyMs, warmFewMs, warmManyMs, chainSteps, versionMs, reproAboveMs, oneStepAboveMs, steps, graphAboveMs, parseWarmMs, planWarmMs, mapped, changed, allMs, changedMs, unitsRan }) {
  const many = files.toLocaleString('en')
  const perStep = reproAboveMs / chainSteps
  return [
    { job: `remembered step of ${many} files`, goal: '≤ 30 ms', measured: `${warmManyMs} ms, first of a process ${coldManyMs} ms (of 10 files ${warmFewMs} and ${coldFewMs} ms)`, met: warmManyMs <= 30 },
    { job: `varve repro of ${chainSteps} remembered steps`, goal: '≤ 30 ms a step above varve --version', measured: `${perStep.toFixed(1)} ms (in all ${reproAboveMs} ms above ${versionMs} ms, one step alone ${oneStepAboveMs} ms)`, met: perStep <= 30 },
    { job: `varve graph of ${steps.toLocaleString('en')} steps`, goal: '≤ 1 s above varve --version', measured: `${graphAboveMs} ms (once compiled: reading ${parseWarmMs} ms, planning ${planWarmMs} ms)`, met: graphAboveMs <= 1000 },
    { job: `a recipe for each of ${mapped.toLocaleString('en')} files, ${changed} changed`, goal: `runs ${changed}`, measured: `${unitsRan} in ${changedMs} ms (all in ${allMs} ms)`, met: unitsRan === changed },
  ]
}

/** @param {import('../macro/session.mjs').Session['corpora'][number]} corpus @returns {Goal} */
function randomReadGoal({ name, probes: { randomReads } }) {
  const middle = (/** @type {(reads: typeof randomReads[number]) => number} */ of) => median(randomReads.map(of))
  const ms = middle(({ medianMs }) => medianMs)
  return {
    job: `${name} random read of 4 KiB`, goal: '≤ 2 ms, warm median',
    measured: `${ms.toFixed(2)} ms (p90 ${middle(({ p90Ms }) => p90Ms).toFixed(2)}, first ${middle(({ firstMs }) => firstMs).toFixed(1)}; the file itself ${middle(({ fileMs }) => fileMs).toFixed(3)})`, met: ms <= 2,
  }
}

/** @param {string} job @param {string} what @param {any} ms @param {number} most @param {Record<string, any>} startUp @returns {Goal} */
function limit(job, what, ms, most, { nodeMs }) {
  return { job, goal: `≤ ${most} ms ${what}`, measured: `${ms} ms (node -e 0 ${nodeMs} ms)`, met: ms <= most }
}

/** Start-up flattens the whole line, so that the steeper of the two fits counts. @param {import('../growth/measure.mjs').Growth} growth @returns {Goal} */
function growthGoal({ points, slope, slopeOfMany }) {
  const [least, most] = [points[0], points[points.length - 1]].map(({ files }) => files.toLocaleString('en'))
  return { job: `growth from ${least} to ${most} files`, goal: `slope ≤ ${MAX_SLOPE}`, measured: `${slope.toFixed(3)}; from 10,000 files on ${slopeOfMany.toFixed(3)}`, met: Math.max(slope, slopeOfMany) <= MAX_SLOPE }
}
