import { describe, expect, it, vi } from 'vitest'
import type { CID } from '../../src/cid/cid.ts'
import type { Repository } from '../../src/dataset/repository.ts'
import { editTree } from '../../src/manifest/edit-tree.ts'
import { OPEN_REF } from '../../src/run/open-runs.ts'
import { runEntryCodec } from '../../src/run/run-entry.ts'
import { runKey, runLabel } from '../../src/run/run-key.ts'
import { commitRecord, listOpenRuns, RUNS_REF } from '../../src/run/run-tree.ts'
import { create, gather } from '../dataset/in-memory.ts'
import { type MadeRun, recordOf, run } from '../lineage/made-up-lineage.ts'

const open = async ({ blocks }: Repository): Promise<readonly string[]> => (await gather(listOpenRuns(blocks))).map(runLabel)

async function end({ blocks }: Repository, { name, number, start }: MadeRun): Promise<void> {
  await blocks.withSession(async (session) => commitRecord(blocks, session, { name, number, start }, () => recordOf(start, { status: 'lost' }), { message: '', actor: null }))
}

/** As a version that knew of no such tree had left it. */
async function forget({ blocks }: Repository): Promise<void> {
  await blocks.withSession(async (session) => session.commit({ action: 'test', refs: [{ name: OPEN_REF, expected: (await blocks.getRef(OPEN_REF)) ?? null, target: null, own: true }] }))
  expect(await blocks.getRef(OPEN_REF)).toBeUndefined()
}

/** Runs that are over, all with one start and record. */
async function addEnded({ blocks }: Repository, { start, record }: MadeRun, count: number): Promise<void> {
  await blocks.withSession(async (session) => {
    const tree = (await blocks.getRef(RUNS_REF)) ?? null
    const edits = Array.from({ length: count }, (_, at) => ({ key: runKey({ name: 'many', number: count - at }), value: { start, record: record as CID, isOver: true } }))
    await session.commit({ action: 'test', refs: [{ name: RUNS_REF, expected: tree, target: await editTree(session, session, tree, runEntryCodec, edits), own: true }] })
  })
}

describe('runs that are not over', () => {
  it('are listed from when they begin, while they record what they make, until they end', async () => {
    const repository = await create()
    expect(await open(repository)).toEqual([])
    const first = await run(repository, { status: 'running' })
    await run(repository)
    const other = await run(repository, { name: 'eval', status: 'running' })
    expect(await open(repository)).toEqual(['eval#1', 'train#1'])
    const { blocks } = repository
    await blocks.withSession(async (session) => commitRecord(blocks, session, first, () => recordOf(first.start, { status: 'running' }), { message: '', actor: null }))
    expect(await open(repository)).toEqual(['eval#1', 'train#1'])
    await end(repository, first)
    expect(await open(repository)).toEqual(['eval#1'])
    await end(repository, other)
    expect(await open(repository)).toEqual([])
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('are found, and noted again, in a repository in which they were not noted', async () => {
    const repository = await create()
    const runs = [await run(repository, { status: 'running' }), await run(repository, { status: 'running' })]
    await run(repository)
    await forget(repository)
    expect(await open(repository)).toEqual(['train#2', 'train#1'])
    await run(repository, { name: 'eval', status: 'running' })
    expect(await repository.blocks.getRef(OPEN_REF)).toBeDefined()
    expect(await open(repository)).toEqual(['eval#1', 'train#2', 'train#1'])
    await forget(repository)
    await end(repository, runs[0] as MadeRun)
    expect(await open(repository)).toEqual(['eval#1', 'train#2'])
  })

  it('are not those that were noted as such and are over', async () => {
    const repository = await create()
    const first = await run(repository, { status: 'running' })
    const { blocks } = repository
    const noted = await blocks.getRef(OPEN_REF)
    await end(repository, first)
    await blocks.withSession(async (session) => session.commit({ action: 'test', refs: [{ name: OPEN_REF, expected: (await blocks.getRef(OPEN_REF)) ?? null, target: noted as CID, own: true }] }))
    expect(await open(repository)).toEqual([])
  })

  it('are found by reading as little among thousands as among few', async () => {
    const reads: number[] = []
    for (const count of [1, 6000]) {
      const repository = await create()
      await addEnded(repository, await run(repository), count)
      await run(repository, { status: 'running' })
      const get = vi.spyOn(repository.blocks, 'get')
      expect(await open(repository)).toEqual(['train#2'])
      reads.push(get.mock.calls.length)
      get.mockRestore()
    }
    // A level or two more of the tree of runs, which has some twenty nodes.
    expect((reads[1] ?? 0) - (reads[0] ?? 0)).toBeLessThanOrEqual(2)
  })
})
