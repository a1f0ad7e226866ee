import { defineRecipe } from 'varve'

/** What a recipe should not do: its result has the time in it, so that nobody can make it again. No step of the pipeline; the example shows what becomes of it. */
export const card = defineRecipe({
  name: 'card', inputs: ['features'], outputs: ['card'],
  async run({ inputs, outputs }) {
    let countries = 0
    for await (const _path of inputs.features.files()) countries++
    await outputs.card.write('card.json', JSON.stringify({ countries, made: Date.now() }))
  },
})
