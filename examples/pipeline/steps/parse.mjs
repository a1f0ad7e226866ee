import { defineRecipe } from 'varve'
import { writeRows } from './lib/rows.mjs'

export const parse = defineRecipe({
  name: 'parse', inputs: ['raw'], outputs: ['rows'],
  async run({ inputs, outputs, log }) {
    for await (const path of inputs.raw.files()) {
      const lines = new TextDecoder().decode(await inputs.raw.read(path)).trim().split('\n').slice(1)
      const rows = lines.map((line) => line.split(',')).map(([day, celsius]) => ({ day, celsius: Number(celsius) }))
      await outputs.rows.write(path.replace('.csv', '.jsonl'), writeRows(rows))
      log(path, rows.length, 'rows')
    }
  },
})
