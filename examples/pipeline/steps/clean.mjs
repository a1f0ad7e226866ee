import { defineRecipe } from 'varve'
import { readRows, writeRows } from './lib/rows.mjs'
import { numbers } from './lib/schema.mjs'

export const clean = defineRecipe({
  name: 'clean', inputs: ['rows'], outputs: ['rows'], params: numbers({ lowest: -40, highest: 60 }),
  async run({ inputs, outputs, params }) {
    for await (const path of inputs.rows.files()) {
      const rows = readRows(await inputs.rows.read(path)).filter(({ celsius }) => celsius >= params.lowest && celsius <= params.highest)
      await outputs.rows.write(path, writeRows(rows))
    }
  },
})
