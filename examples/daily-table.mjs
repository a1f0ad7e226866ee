import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** As it was on 1 September 2020. */
const BESIDE = fileURLToPath(new URL('../../shared/data/covid-19/2020-09-01.csv', import.meta.url))

/**
 * A daily table, `Date,Country,Confirmed,Recovered,Deaths`, counted from the first day on: the file that `DAILY_TABLE` names, a version of `countries-aggregated.csv` of github.com/datasets/covid-19 (PDDL),
 * or one that lies beside the project; else made up in that shape, the same each time.
 */
export function dailyTable() {
  const file = process.env.DAILY_TABLE ?? BESIDE
  if (existsSync(file)) return { source: `${basename(file)} of datasets/covid-19`, table: readFileSync(file, 'utf8') }
  return { source: `made up, since there is no ${process.env.DAILY_TABLE === undefined ? '../shared/data/covid-19; DAILY_TABLE may name another file' : file}`, table: madeUpTable({ countries: 120, days: 200 }) }
}

function madeUpTable({ countries, days }) {
  const lines = ['Date,Country,Confirmed,Recovered,Deaths']
  const random = generator(1)
  for (let country = 0; country < countries; country++) {
    const height = 50 + 5000 * random()
    let [confirmed, deaths] = [0, 0]
    for (let day = 0; day < days; day++) {
      const isCorrection = random() < 0.01
      confirmed = Math.max(0, confirmed + (isCorrection ? -20 : Math.round(height * (1 + Math.sin(day / 30)) * random())))
      deaths += Math.round(confirmed * 1e-4 * random())
      lines.push(`${new Date(Date.UTC(2020, 0, 22 + day)).toISOString().slice(0, 10)},Country ${country},${confirmed},${Math.floor(confirmed / 2)},${deaths}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Mulberry32 by Tommy Ettinger: numbers from 0 up to 1. */
function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
