import { expect, it } from 'vitest'
import { type CID, cidText } from '../../src/cid/cid.ts'
import type { Repository } from '../../src/dataset/repository.ts'
import { linksCodec, LINKS_REF } from '../../src/recipe/derivation-links.ts'
import { forgetDerivations } from '../../src/recipe/forget-derivations.ts'
import { remember, rememberedLinks } from '../../src/recipe/memory.ts'
import { countTree } from '../../src/manifest/read-tree.ts'
import { create } from '../dataset/in-memory.ts'
import { dataset, pretend, runOf } from './made-up-derivations.ts'

interface Shown {
  readonly derivation: string
  readonly label: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

async function shown(repository: Repository): Promise<readonly Shown[]> {
  const roots = (links: readonly { readonly name: string; readonly root: CID }[]): readonly string[] => links.map(({ name, root }) => `${name} ${cidText(root)}`)
  return (await rememberedLinks(repository.blocks)).map(({ derivation, label, inputs, outputs }) => ({ derivation: cidText(derivation), label, inputs: roots(inputs), outputs: roots(outputs) }))
}

async function setLinks(repository: Repository, target: CID | null): Promise<void> {
  await repository.blocks.withSession(async (session) => session.commit({ action: 'test', refs: [{ name: LINKS_REF, target, own: true }] }))
}

it('what derivations link to is the same from the tree of links, from an old state of it and without it', async () => {
  const repository = await create()
  const { blocks } = repository
  const first = await pretend(repository, { name: 'parse', from: 'a', to: 'b' })
  const before = (await blocks.getRef(LINKS_REF)) ?? null
  const second = await pretend(repository, { name: 'clean', from: 'b', to: 'c' })
  await blocks.withSession(async (session) => remember(blocks, session, runOf(first.derivation, 'succeeded', [{ name: 'out', root: await dataset(repository, session, 'another') }], await dataset(repository, session, 'log')), { action: 'derive', message: '' }))
  const all = await shown(repository)
  expect(all.map(({ label, outputs }) => `${label} ${outputs.length}`).sort()).toEqual(['clean 1', 'parse 2'])
  expect(all.find(({ label }) => label === 'clean')).toMatchObject({ derivation: cidText(second.derivation), inputs: [`in ${cidText(first.output)}`], outputs: [`out ${cidText(second.output)}`] })
  const newest = (await blocks.getRef(LINKS_REF)) ?? null
  for (const state of [before, null, newest]) {
    await setLinks(repository, state)
    expect(await shown(repository)).toEqual(all)
  }
})

it('looking through them reads no derivation that the tree of links has', async () => {
  const repository = await create()
  for (let number = 0; number < 20; number++) await pretend(repository, { name: 'step', from: `from ${number}`, to: `to ${number}` })
  const { blocks } = repository
  let reads = 0
  const counting = new Proxy(blocks, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (name === 'get') return (cid: CID) => (reads++, target.get(cid))
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  expect(await rememberedLinks(counting)).toHaveLength(20)
  expect(reads).toBeLessThanOrEqual(4)
})

it('what is forgotten leaves the tree of links too', async () => {
  const repository = await create()
  await pretend(repository, { name: 'step', from: 'a', to: 'b' })
  await forgetDerivations(repository.blocks)
  expect(await rememberedLinks(repository.blocks)).toEqual([])
  const tree = await repository.blocks.getRef(LINKS_REF)
  expect(tree === undefined ? 0 : await countTree(repository.blocks, tree, linksCodec)).toBe(0)
})
