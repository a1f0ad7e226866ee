import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CORPUS_NAMES } from './corpora.mjs'
import { JOB_NAMES } from './jobs.mjs'
import { PIECE_NAMES } from './pieces.mjs'
import { SUBJECT_GROUPS } from './subjects.mjs'

const EVERY_JOB = [...JOB_NAMES, 'random-read', ...PIECE_NAMES, 'memory', 'growth']

export const USAGE = `Usage: npm run bench -- [options]
  --scale <number>     size of the corpora, 1 is that of the README (default 0.05)
  --corpora <names>    of ${CORPUS_NAMES.join(',')} (default all)
  --subjects <names>   of ${SUBJECT_GROUPS.join(',')} (default all that are installed)
  --jobs <names>       of ${EVERY_JOB.slice(0, 8).join(',')},
                       ${EVERY_JOB.slice(8).join(',')} (default all)
  --runs <number>      trials of each command; the median counts (default 3)
  --limit <seconds>    time allowed for one command (default 600)
  --work <folder>      corpora are kept here, repositories removed (default varve-bench in the system's temporary folder)
  --json <file>        write every trial
  --markdown <file>    put the tables between the markers in this file, and growth.svg beside it`

const DEFAULTS = {
  scale: '0.05',
  corpora: CORPUS_NAMES.join(','),
  subjects: SUBJECT_GROUPS.join(','),
  jobs: EVERY_JOB.join(','),
  runs: '3',
  limit: '600',
  work: join(tmpdir(), 'varve-bench'),
}

/** @typedef {ReturnType<typeof readOptions>} Options */

/**
 * @param {string[]} args
 * @throws Error with a message for people if an option is unknown or out of range
 */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      scale: { type: 'string', default: DEFAULTS.scale },
      corpora: { type: 'string', default: DEFAULTS.corpora },
      subjects: { type: 'string', default: DEFAULTS.subjects },
      jobs: { type: 'string', default: DEFAULTS.jobs },
      runs: { type: 'string', default: DEFAULTS.runs },
      limit: { type: 'string', default: DEFAULTS.limit },
      work: { type: 'string', default: DEFAULTS.work },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    help: values.help,
    scale: numberBetween('--scale', values.scale, 0.0001, 10),
    corpora: namesAmong('--corpora', values.corpora, CORPUS_NAMES),
    subjects: namesAmong('--subjects', values.subjects, SUBJECT_GROUPS),
    jobs: namesAmong('--jobs', values.jobs, EVERY_JOB),
    runs: Math.round(numberBetween('--runs', values.runs, 1, 100)),
    limitSeconds: numberBetween('--limit', values.limit, 1, 86_400),
    work: resolve(values.work),
    json: values.json,
    markdown: values.markdown,
  }
}

/** @param {string} option @param {string} text @param {number} least @param {number} most */
function numberBetween(option, text, least, most) {
  const value = Number(text)
  if (!(value >= least && value <= most)) throw new Error(`${option} is a number from ${least} to ${most}, not "${text}"`)
  return value
}

/** @param {string} option @param {string} text @param {string[]} known */
function namesAmong(option, text, known) {
  const names = text.split(',').filter((name) => name !== '')
  const unknown = names.find((name) => !known.includes(name))
  if (names.length === 0 || unknown !== undefined) throw new Error(`${option} takes names of ${known.join(', ')}, not "${text}"`)
  return [...new Set(names)]
}
