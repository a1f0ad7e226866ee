import { defineRecipe } from 'varve'
import { readRows, writeRows } from './lib/rows.mjs'
import { numbers } from './lib/schema.mjs'
import { windows } from './lib/windows.mjs'

/** Of each day the average of the days up to it, and by how much that grew, on a logarithmic scale. */
const featuresOf = (rows, days) => {
  const averages = windows(rows.map(({ cases }) => cases), days)
  return averages.map((average, at) => ({ date: rows[at].date, average, growth: Number(Math.log((1 + average) / (1 + (averages[at - 1] ?? average))).toFixed(6)) }))
}

export const features = defineRecipe({
  name: 'features', inputs: ['rows'], outputs: ['features'], params: numbers({ days: 7 }),
  async run({ inputs, outputs, params }) {
    for await (const path of inputs.rows.files()) await outputs.features.write(path, writeRows(featuresOf(readRows(await inputs.rows.read(path)), params.days)))
  },
})
