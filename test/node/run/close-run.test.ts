import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { closeRun } from '../../../src/node/run/close-run.ts'
import * as isRunGone from '../../../src/node/run/is-run-gone.ts'
import { reconcileRuns } from '../../../src/node/run/reconcile-runs.ts'
import type { Run } from '../../../src/node/run/run.ts'
import { startRun } from '../../../src/node/run/start-run.ts'
import { findRun } from '../../../src/run/find-run.ts'
import { gather } from '../../dataset/in-memory.ts'
import { Project } from './project.ts'

/** A run as another machine begins it. */
async function startElsewhere(repository: Repository, project: Project): Promise<Run> {
  const own = vi.spyOn(isRunGone, 'ownRunProcess').mockReturnValue({ host: 'node-7', hostId: 'ffffffffffff', id: process.pid, began: 1 })
  try {
    return await startRun(repository, { name: 'train', folder: project.folder })
  } finally {
    own.mockRestore()
  }
}

describe('a run of a machine that is no more', () => {
  it('stays as it is until somebody declares it lost, and then says who, when and why', async () => {
    await using project = new Project()
    const repository = await project.open()
    const run = await startElsewhere(repository, project)
    await run.artifact('model', new Uint8Array([1]))
    run.log({ loss: 1 })
    expect(await reconcileRuns(repository)).toEqual([])
    expect(await closeRun(repository, 'train#1', { why: 'the node was taken down', by: 'Ada' })).toMatchObject({ label: 'train#1', status: 'lost', final: { loss: 1 } })
    const { ended } = await findRun(repository.blocks, 'train#1')
    expect(ended).toMatchObject({ status: 'lost', reason: 'declared lost by Ada: the node was taken down', ended: expect.stringMatching(/^\d{4}-/) as string, artifacts: [{ name: 'model' }] })
    expect((await gather(repository.blocks.operations())).some(({ action, actor, message }) => action === 'run-end' && actor === 'Ada' && message === 'train#1: lost')).toBe(true)
    expect(existsSync(join(project.folder, '.varve/cache/runs', run.id))).toBe(false)
    // It lived after all: what it says now is told why it cannot.
    await expect(run.end()).rejects.toMatchObject({ code: 'SEALED', message: expect.stringContaining('declared lost by Ada: the node was taken down') as string })
    await expect(closeRun(repository, 'train#1', { why: 'again' })).rejects.toMatchObject({ code: 'SEALED', message: expect.stringContaining('it ended as lost') as string })
  }, 30_000)

  it('needs a why, and a run that there is', async () => {
    await using project = new Project()
    const repository = await project.open()
    await startElsewhere(repository, project)
    await expect(closeRun(repository, 'train', { why: ' ' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(closeRun(repository, 'train#2', { why: 'gone' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await closeRun(repository, 'train', { why: 'gone' })
    expect((await findRun(repository.blocks, 'train')).ended?.reason).toBe('declared lost: gone')
  }, 30_000)
})

it('a run of this machine is not lost as long as its process or its command lives', async () => {
  await using project = new Project()
  const repository = await project.open()
  const run = await startRun(repository, { name: 'train', folder: project.folder })
  await expect(closeRun(repository, run.label, { why: 'I think so' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`its process lives on this machine, as number ${process.pid}`) as string })
  const other = await startElsewhere(repository, project)
  project.write(`.varve/cache/runs/${other.id}/command.json`, JSON.stringify(isRunGone.ownRunProcess('here')))
  await expect(closeRun(repository, other.label, { why: 'I think so' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('its command lives') as string, hint: `Stop it: kill ${process.pid}. What supervised it is gone: the next \`varve runs\` then finds the run lost, with all that was logged.` })
  await run.end()
}, 30_000)
