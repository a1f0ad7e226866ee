import { defineRecipe } from 'varve'

/** Called for each document by itself: it sees no other, so what a document gives can be kept as long as it stays as it is. */
export const words = defineRecipe({
  name: 'words', map: 'file', inputs: ['documents'], outputs: ['words'],
  async run({ file, outputs }) {
    const counts = {}
    for (const word of new TextDecoder().decode(await file.read()).toLowerCase().match(/\p{L}+/gu) ?? []) counts[word] = (counts[word] ?? 0) + 1
    await outputs.words.write(file.path.replace('.txt', '.json'), JSON.stringify(counts))
  },
})
