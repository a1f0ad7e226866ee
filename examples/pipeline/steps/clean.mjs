import { defineRecipe } from 'varve'
import { readRows, writeRows } from './lib/rows.mjs'
import { numbers } from './lib/schema.mjs'

/** Counts from the first day on become those of each day; days on which earlier ones were corrected are left out. */
export const clean = defineRecipe({
  name: 'clean', inputs: ['counts'], outputs: ['rows'], params: numbers({ fewest: 0 }),
  async run({ inputs, outputs, params }) {
    for await (const path of inputs.counts.files()) {
      const counts = readRows(await inputs.counts.read(path))
      const days = counts.map(({ date, cases, deaths }, at) => ({ date, cases: cases - (counts[at - 1]?.cases ?? 0), deaths: deaths - (counts[at - 1]?.deaths ?? 0) }))
      await outputs.rows.write(path, writeRows(days.filter(({ cases, deaths }) => cases >= params.fewest && deaths >= 0)))
    }
  },
})
