import { describe, expect, it } from 'vitest'
import { reconstruct } from '../../../src/node/derive/reconstruct.ts'
import { rebuild } from '../../../src/node/derive/rebuild.ts'
import { explainRevision } from '../../../src/recipe/explain.ts'
import { evictDerived, Project } from './project.ts'

/** A recipe that turns every file around: twice, and it is what it was. */
const turned = (name: string, expression: string): string => `export const ${name} = defineRecipe({ name: '${name}', inputs: ['raw'], outputs: ['out'], environment: 'none', async run({ inputs, outputs }) {
  for await (const path of inputs.raw.files()) await outputs.out.write(path, ${expression})
} })
`
const SAME = 'await inputs.raw.read(path)'
const MODULE = `import { defineRecipe } from 'varve'\n${turned('same', SAME)}${turned('turn', `(${SAME}).reverse()`)}${turned('back', `(${SAME}).reverse()`)}`

describe('a source that a recipe gave too', () => {
  it('is told apart from what was derived, and no recipe that made it from itself comes before one that did not', async () => {
    await using project = new Project()
    project.write('turn.mjs', MODULE)
    const repository = await project.open()
    const { root, snapshot } = await repository.snapshot([{ path: 'a.txt', content: 'abc' }], { ref: 'raw', message: 'as downloaded', source: { uri: 'https://example.org/a' } })
    await expect(explainRevision(repository, 'raw')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await project.derive(repository, 'turn.mjs#same', { ref: 'same' })
    const source = { snapshot, message: 'as downloaded', uri: 'https://example.org/a' }
    expect(await explainRevision(repository, 'raw')).toMatchObject({ root, source, recipe: { name: 'same' }, inputs: [{ name: 'raw', root }] })
    expect(await explainRevision(repository, 'same')).toMatchObject({ root, source: null, recipe: { name: 'same' }, inputs: [{ name: 'raw', root }] })
    await project.derive(repository, 'turn.mjs#turn', { ref: 'turned' })
    await project.derive(repository, 'turn.mjs#back', { inputs: { raw: 'turned' }, ref: 'back' })
    for (const revision of ['raw', root, snapshot]) expect(await explainRevision(repository, revision)).toMatchObject({ root, source, recipe: { name: 'back' } })
    const { root: other } = await explainRevision(repository, 'turned')
    expect(await explainRevision(repository, other)).toMatchObject({ source: null, recipe: { name: 'turn' } })
    expect(await explainRevision(repository, 'same')).toMatchObject({ source: null, recipe: { name: 'same' } })
  }, 30_000)

  it('is never dropped, and the circle ends where its data is made again or run anew', async () => {
    await using project = new Project()
    project.write('turn.mjs', MODULE)
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'abc' }], { ref: 'raw' })
    await project.derive(repository, 'turn.mjs#same', { ref: 'same' })
    const { outputs } = await project.derive(repository, 'turn.mjs#turn', { ref: 'turned' })
    await project.derive(repository, 'turn.mjs#back', { inputs: { raw: 'turned' }, ref: 'back' })
    expect(await evictDerived(repository)).toEqual([outputs[0]?.root])
    expect(await reconstruct(repository, 'turned')).toMatchObject({ steps: [{ recipe: 'turn' }] })
    for (const ref of ['raw', 'same', 'turned', 'back']) expect(await rebuild(repository, ref)).toMatchObject({ ok: true })
  }, 60_000)
})
