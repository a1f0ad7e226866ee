import { defineRecipe } from 'varve'
import { readRows, writeRows } from './lib/rows.mjs'

/** The year as an angle, so that December is beside January, and the temperature in units of ten degrees. */
const featuresOf = ({ day, celsius }) => {
  const angle = (2 * Math.PI * (Date.parse(day) - Date.parse(`${day.slice(0, 4)}-01-01`))) / (365.25 * 86_400_000)
  return { season: [Math.cos(angle), Math.sin(angle)].map((value) => Math.round(value * 1e6) / 1e6), temperature: Math.round(celsius * 100) / 1000 }
}

export const features = defineRecipe({
  name: 'features', inputs: ['rows'], outputs: ['features'],
  async run({ inputs, outputs }) {
    for await (const path of inputs.rows.files()) await outputs.features.write(path, writeRows(readRows(await inputs.rows.read(path)).map(featuresOf)))
  },
})
