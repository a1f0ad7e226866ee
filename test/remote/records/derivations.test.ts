import { describe, expect, it } from 'vitest'
import { cidText, type CID } from '../../../src/cid/cid.ts'
import type { Repository } from '../../../src/dataset/repository.ts'
import { LINKS_REF, linksCodec } from '../../../src/recipe/derivation-links.ts'
import { countTree } from '../../../src/manifest/read-tree.ts'
import { pinnedRun, recall } from '../../../src/recipe/memory.ts'
import { pretend } from '../../recipe/made-up-derivations.ts'
import { colleagues, edgesOf, opened } from './colleagues.ts'

async function runsOf({ blocks }: Repository, derivation: CID): Promise<readonly string[]> {
  await blocks.refresh()
  return (await recall(blocks, derivation)).runs.map(({ cid }) => cidText(cid))
}

async function pinned({ blocks }: Repository, derivation: CID): Promise<string | undefined> {
  return pinnedRun(await recall(blocks, derivation))?.outputs[0]?.root.toString()
}

describe('derivations', () => {
  it('are remembered by a colleague after a push and a pull, with their lineage', async () => {
    const { ada, bob, send, take } = await colleagues()
    const { derivation, output } = await pretend(ada, { from: 'raw', to: 'features' })
    expect((await send(ada)).records).toMatchObject({ derivations: 1, runs: { added: 0 } })
    expect((await take(bob)).records?.derivations).toBe(1)
    expect(await pinned(bob, derivation)).toBe(output.toString())
    expect(await edgesOf(bob, output.toString())).toEqual(await edgesOf(ada, output.toString()))
    const links = await bob.blocks.getRef(LINKS_REF)
    expect(links === undefined ? 0 : await countTree(bob.blocks, links, linksCodec)).toBe(1)
    expect(await bob.verify()).toMatchObject({ ok: true })
    expect((await send(bob)).records?.derivations).toBe(0)
    expect((await take(bob)).records?.derivations).toBe(0)
  })

  it('that both ran have the runs of both, and the result that counted on each side still counts there', async () => {
    const { ada, bob, send, take } = await colleagues()
    const adas = await pretend(ada, { from: 'raw', to: 'of ada', deterministic: 'none' })
    const bobs = await pretend(bob, { from: 'raw', to: 'of bob', deterministic: 'none' })
    expect(bobs.derivation.equals(adas.derivation)).toBe(true)
    const { derivation } = adas
    const [of] = [await runsOf(ada, derivation), await runsOf(bob, derivation)]
    await send(ada)
    expect((await send(bob)).records?.derivations).toBe(1)
    expect((await take(ada)).records?.derivations).toBe(1)
    expect((await take(bob)).records?.derivations).toBe(1)
    expect((await runsOf(ada, derivation)).toSorted()).toEqual((await runsOf(bob, derivation)).toSorted())
    expect((await runsOf(ada, derivation))[0]).toBe(of[0])
    expect(await pinned(ada, derivation)).toBe(adas.output.toString())
    expect(await pinned(bob, derivation)).toBe(bobs.output.toString())
    // A third has what the shared place counts.
    const { bob: eve } = await colleagues()
    await send(ada)
    await take(eve)
    expect(await pinned(eve, derivation)).toBe(adas.output.toString())
    expect(await Promise.all([send(ada), take(bob)])).toMatchObject([{ records: { derivations: 0 }, blocks: 0 }, { records: { derivations: 0 } }])
  })

  it('of which runs failed keep the newest of these, and no failure goes over and over', async () => {
    const { ada, bob, shared, send, take } = await colleagues()
    const { derivation } = await pretend(ada, { from: 'raw', to: 'x', status: 'failed' })
    for (let count = 1; count < 10; count++) await pretend(ada, { from: 'raw', to: 'x', status: 'failed' })
    for (let count = 0; count < 10; count++) await pretend(bob, { from: 'raw', to: 'x', status: 'failed' })
    await send(ada)
    await send(bob)
    await take(ada)
    await take(bob)
    for (const who of [ada, bob]) expect(await runsOf(who, derivation)).toHaveLength(16)
    const { number } = (await opened(shared)).blocks.root
    expect(await send(ada)).toMatchObject({ blocks: 0, records: { derivations: 0 } })
    expect(await send(bob)).toMatchObject({ blocks: 0, records: { derivations: 0 } })
    expect((await opened(shared)).blocks.root.number).toBe(number)
  })
})
