import { createHash } from 'node:crypto'
import { defineRecipe } from 'varve'
import { numbers } from './lib/schema.mjs'

/** By the hash of its name: more data later moves no country from one side to the other, and no average is taken over days of both. */
const isTest = (path, share) => createHash('sha256').update(path).digest().readUInt32BE() / 2 ** 32 < share

export const split = defineRecipe({
  name: 'split', inputs: ['rows'], outputs: ['train', 'test'], params: numbers({ testShare: 0.2 }),
  async run({ inputs, outputs, params }) {
    for await (const path of inputs.rows.files()) await outputs[isTest(path, params.testShare) ? 'test' : 'train'].write(path, await inputs.rows.read(path))
  },
})
