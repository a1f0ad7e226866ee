import { createHash } from 'node:crypto'
import { defineRecipe } from 'varve'
import { readRows, writeRows } from './lib/rows.mjs'
import { numbers } from './lib/schema.mjs'

/** A row is for testing by the hash of its day: more data later moves no row from one side to the other. */
const isTest = ({ day }, share) => createHash('sha256').update(day).digest().readUInt32BE() / 2 ** 32 < share

export const split = defineRecipe({
  name: 'split', inputs: ['rows'], outputs: ['train', 'test'], params: numbers({ testShare: 0.2 }),
  async run({ inputs, outputs, params }) {
    for await (const path of inputs.rows.files()) {
      const rows = readRows(await inputs.rows.read(path))
      await outputs.test.write(path, writeRows(rows.filter((row) => isTest(row, params.testShare))))
      await outputs.train.write(path, writeRows(rows.filter((row) => !isTest(row, params.testShare))))
    }
  },
})
