import { defineRecipe } from 'varve'
import { isoDates } from './lib/dates.mjs'
import { writeRows } from './lib/rows.mjs'

/** The table as it is published, taken apart into a file for each country. */
export const parse = defineRecipe({
  name: 'parse', inputs: ['table'], outputs: ['counts'],
  async run({ inputs, outputs, log }) {
    const lines = new TextDecoder().decode(await inputs.table.read('countries.csv')).trim().split('\n').slice(1)
    // The last three are numbers; names of countries may have commas in them.
    const rows = lines.map((line) => line.trim().split(',')).map((cells) => ({ date: cells[0], country: cells.slice(1, -3).join(',').replaceAll('"', ''), cases: Number(cells.at(-3)), deaths: Number(cells.at(-1)) }))
    const dates = isoDates(rows.map(({ date }) => date))
    const countries = new Map()
    for (const [at, { country, cases, deaths }] of rows.entries()) {
      const counts = countries.get(country) ?? []
      counts.push({ date: dates[at], cases, deaths })
      countries.set(country, counts)
    }
    for (const [country, counts] of countries) await outputs.counts.write(`${country.replaceAll(/[^\p{L}\p{N}]+/gu, '-')}.jsonl`, writeRows(counts))
    log(rows.length, 'rows of', countries.size, 'countries')
  },
})
