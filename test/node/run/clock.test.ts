import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { startRun } from '../../../src/node/run/start-run.ts'
import { findRun } from '../../../src/run/find-run.ts'
import { compareRunsByName, runsOf } from '../../../src/run/runs.ts'
import { gather } from '../../dataset/in-memory.ts'
import { Clock, createWith } from '../../registry/made-up-runs.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-clock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('a clock that goes back mixes up no runs: numbers say their order, each ends once, and what was logged comes back in its order', async () => {
  writeFileSync(join(folder, 'train.mjs'), 'train()')
  const clock = new Clock('2026-11-25T10:00:00.000Z')
  const repository = await createWith({ clock })
  const begin = () => startRun(repository, { name: 'train', folder, variables: {}, argv: [] })
  const first = await begin()
  first.log({ loss: 2 })
  clock.set('2026-11-25T09:00:00.000Z')
  first.log({ loss: 1 })
  await first.artifact('model', new TextEncoder().encode('weights'))
  await first.end()
  const second = await begin()
  await second.end({ status: 'failed' })
  expect((await gather(runsOf(repository))).map(({ label, status, started, ended }) => [label, status, started, ended])).toEqual([
    ['train#2', 'failed', '2026-11-25T09:00:00.000Z', '2026-11-25T09:00:00.000Z'], ['train#1', 'succeeded', '2026-11-25T10:00:00.000Z', '2026-11-25T09:00:00.000Z'],
  ])
  expect((await findRun(repository.blocks, 'train')).label).toBe('train#2')
  expect(await findRun(repository.blocks, 'train#1')).toMatchObject({ isOver: true, ended: { final: { loss: 1 }, artifacts: [{ name: 'model' }] } })
  await expect(first.end()).rejects.toMatchObject({ code: 'SEALED' })
  // By data the oldest comes first, by the time that each has.
  expect((await compareRunsByName(repository, ['train#1', 'train#2'], { by: 'data' })).runs.map(({ label }) => label)).toEqual(['train#2', 'train#1'])
  expect(await repository.verify()).toMatchObject({ ok: true })
})
