import { expect, it } from 'vitest'
import { openRepository, pull, push } from '../../../src/index.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { create } from '../../dataset/in-memory.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { manyRuns, startsOf, watched } from './colleagues.ts'

/** What calls a remote gets for a repository of so many runs: the first push, one with nothing new, one of one more run, the first pull, and one with nothing new. */
async function callsFor(count: number): Promise<Readonly<Record<'first' | 'nothing' | 'one' | 'pull' | 'nothingToPull' | 'onePulled', number>>> {
  const [here, there, remote] = [await create(), await create(), new MemoryStorage()]
  await manyRuns(here, count)
  const sent = async (added: number): Promise<number> => {
    const { storage, calls } = watched(remote)
    expect((await push(here, { to: storage })).records?.runs.added).toBe(added)
    return calls()
  }
  const taken = async (added: number): Promise<number> => {
    const { storage, calls } = watched(remote)
    expect((await pull(there, { from: storage })).records?.runs.added).toBe(added)
    return calls()
  }
  const first = await sent(count)
  const nothing = await sent(0)
  const fetched = await taken(count)
  const nothingToPull = await taken(0)
  await pretendRun(here)
  const one = await sent(1)
  const onePulled = await taken(1)
  expect(await startsOf(there)).toEqual(await startsOf(here))
  expect(await (await openRepository(remote)).verify()).toMatchObject({ ok: true })
  return { first, nothing, one, pull: fetched, nothingToPull, onePulled }
}

it('a push or pull with nothing new costs the same few requests with a thousand runs as with ten, and one more run not many more', async () => {
  const [few, many] = [await callsFor(10), await callsFor(1000)]
  // A larger index takes a page or two more.
  expect(many.nothing).toBeLessThan(few.nothing + 8)
  expect(many.nothing).toBeLessThan(20)
  expect(many.nothingToPull).toBeLessThan(few.nothingToPull + 8)
  // Blocks go over by the pack and the span, whatever their number.
  expect(many.first).toBeLessThan(few.first + 20)
  expect(many.pull).toBeLessThan(few.pull + 60)
  expect(many.one).toBeLessThan(few.one + 20)
  expect(many.onePulled).toBeLessThan(few.onePulled + 20)
}, 60_000)

it('a run whose input and code are there already sends neither, nor reads them', async () => {
  const [here, remote] = [await create(), new MemoryStorage()]
  const files = Array.from({ length: 3000 }, (_, number) => ({ path: `file-${number}`, content: `content ${number}` }))
  const code = Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`module-${number}.mjs`, `export const n = ${number}`]))
  const { root } = await here.snapshot(files, { ref: 'data' })
  await here.deleteRef('data')
  await pretendRun(here, { inputs: { train: root }, code })
  await push(here, { to: remote })
  await pretendRun(here, { inputs: { train: root }, code: { ...code, 'module-7.mjs': 'export const n = 7.5' } })
  const events: number[] = []
  const pushed = await push(here, { to: remote, onProgress: (event) => event.type === 'transfer' && event.totalBlocks !== undefined && events.push(event.totalBlocks) })
  expect(pushed.records?.runs.added).toBe(1)
  // Of file content the changed module and the weights alone were looked at.
  expect(events.at(-1)).toBeLessThan(4)
  expect(pushed.blocks).toBeLessThan(12)
}, 30_000)
