import { describe, expect, it } from 'vitest'
import { fetchRefs, pull, push } from '../../../src/index.ts'
import { findRun } from '../../../src/run/find-run.ts'
import { runDocumentOf } from '../../../src/run/runs.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { colleagues, edgesOf, opened, startsOf } from './colleagues.ts'

describe('runs', () => {
  it('go with a push of everything and come with a pull, with all that they lead to, their numbers and their lineage', async () => {
    const { ada, bob, shared, send, take } = await colleagues()
    await ada.snapshot([{ path: 'a', content: 'data' }], { ref: 'data' })
    const run = await pretendRun(ada, { inputs: { train: 'data' } })
    expect((await send(ada)).records).toMatchObject({ runs: { added: 1, updated: 0, renumbered: [], kept: [], open: 0 } })
    expect((await take(bob)).records).toMatchObject({ runs: { added: 1 } })
    expect(await startsOf(bob)).toEqual({ 'train#1': run.start.toString() })
    expect(await runDocumentOf(bob, 'train#1')).toEqual(await runDocumentOf(ada, 'train#1'))
    expect(await edgesOf(bob, 'train#1')).toEqual(await edgesOf(ada, 'train#1'))
    expect(await edgesOf(bob, 'data')).toContain('data -train- train#1')
    expect(Buffer.from(await bob.read(run.artifacts[0]?.root.toString() ?? '', 'model')).toString()).toBe('weights')
    for (const repository of [bob, await opened(shared)]) expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('keep their numbers where these are free, and get the next ones where not; the identity names them everywhere', async () => {
    const { ada, bob, send, take } = await colleagues()
    const adas = [await pretendRun(ada), await pretendRun(ada)]
    const bobs = [await pretendRun(bob), await pretendRun(bob), await pretendRun(bob, { name: 'test' })]
    await send(ada)
    const sent = await send(bob)
    const ids = bobs.map(({ start }) => start.toString())
    expect(sent.records?.runs).toMatchObject({ added: 3, renumbered: [{ id: ids[0], from: 'train#1', to: 'train#3' }, { id: ids[1], from: 'train#2', to: 'train#4' }] })
    expect((await take(ada)).records?.runs).toMatchObject({ added: 3, renumbered: [] })
    expect(await startsOf(ada)).toEqual({ 'test#1': ids[2], 'train#1': adas[0]?.start.toString(), 'train#2': adas[1]?.start.toString(), 'train#3': ids[0], 'train#4': ids[1] })
    expect((await take(bob)).records?.runs).toMatchObject({ added: 2, renumbered: [{ from: 'train#1', to: 'train#3' }, { from: 'train#2', to: 'train#4' }] })
    expect((await findRun(bob.blocks, ids[0] ?? '')).label).toBe('train#1')
    expect((await findRun(ada.blocks, ids[0] ?? '')).label).toBe('train#3')
    // The next runs of both take the next number.
    expect((await pretendRun(ada)).label).toBe('train#5')
    expect((await pretendRun(bob)).label).toBe('train#5')
    // And all that goes over again is these two.
    expect((await send(ada)).records?.runs.added).toBe(1)
    expect((await send(bob)).records?.runs).toMatchObject({ added: 1, renumbered: [{ from: 'train#5', to: 'train#6' }] })
    expect((await send(bob)).records?.runs.added).toBe(0)
    expect((await take(bob)).records?.runs.added).toBe(1)
    expect((await take(bob)).records?.runs.added).toBe(0)
  })

  it('stay where they are until they are over, and go then', async () => {
    const { ada, bob, send, take } = await colleagues()
    await pretendRun(ada)
    await pretendRun(ada, { status: 'running' })
    expect((await send(ada)).records?.runs).toMatchObject({ added: 1, open: 1 })
    expect((await take(bob)).records?.runs).toMatchObject({ added: 1, open: 0 })
    await pretendRun(ada, { status: 'failed' })
    expect((await send(ada)).records?.runs).toMatchObject({ added: 1, open: 1 })
    await take(bob)
    expect(Object.keys(await startsOf(bob))).toEqual(['train#3', 'train#1'])
    expect((await runDocumentOf(bob, 'train#3')).status).toBe('failed')
  })

  it('stay behind if refs are named or if that is asked for, and go along with named refs if that is', async () => {
    const { ada, bob, shared } = await colleagues()
    await ada.snapshot([{ path: 'a', content: 'data' }], { ref: 'data' })
    await pretendRun(ada, { inputs: { train: 'data' } })
    expect((await push(ada, { to: shared, refs: ['data'] })).records).toBeNull()
    expect((await push(ada, { to: shared, records: false })).records).toBeNull()
    expect(await startsOf(await opened(shared))).toEqual({})
    expect((await push(ada, { to: shared, refs: ['data'], records: true })).records?.runs.added).toBe(1)
    await fetchRefs(bob, { from: shared })
    expect((await pull(bob, { from: shared, refs: ['data'] })).records).toBeNull()
    expect((await pull(bob, { from: shared, records: false })).records).toBeNull()
    expect(await startsOf(bob)).toEqual({})
    expect((await pull(bob, { from: shared, refs: ['data'], records: true })).records?.runs.added).toBe(1)
    expect(Object.keys(await startsOf(bob))).toEqual(['train#1'])
  })

  it('can be all that there is to push', async () => {
    const { ada, bob, shared, send, take } = await colleagues()
    await expect(send(ada)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await pretendRun(ada)
    await expect(push(ada, { to: shared, records: false })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await send(ada)).toMatchObject({ refs: [], records: { runs: { added: 1 } } })
    expect(await take(bob)).toMatchObject({ refs: [], records: { runs: { added: 1 } } })
  })
})
