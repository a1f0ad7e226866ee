import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { startRun, withRun } from '../../../src/node/run/start-run.ts'
import { findRun } from '../../../src/run/find-run.ts'
import { readMetrics } from '../../../src/run/metrics/store-metrics.ts'
import { listRuns, RUNS_REF } from '../../../src/run/run-tree.ts'
import { Project } from './project.ts'

async function started(project: Project): Promise<Repository> {
  const repository = await project.open()
  await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'data' })
  project.write('train.mjs', '// a script')
  return repository
}

const labels = async (repository: Repository): Promise<readonly string[]> => {
  const found: string[] = []
  for await (const { name, number } of listRuns(repository.blocks)) found.push(`${name}#${number}`)
  return found
}

describe('a run', () => {
  it('is in the repository with all that it was begun with before it does anything, and is sealed with what came of it', async () => {
    await using project = new Project()
    const repository = await started(project)
    const run = await startRun(repository, { name: 'train', inputs: { train: 'data' }, config: { rate: 0.1, layers: [1, 2] }, seed: 7, tags: ['b', 'a', 'b'], why: 'to see', folder: project.folder })
    const other = await project.open()
    expect(await findRun(other.blocks, 'train')).toMatchObject({
      label: 'train#1', isOver: false, record: null, ended: null,
      started: { why: 'to see', tags: ['a', 'b'], seed: '7', config: { values: { rate: 0.1, layers: [1, 2] } }, inputs: [{ name: 'train', revision: 'data' }], process: { id: process.pid } },
    })
    // What the ref points to later is not what the run reads.
    await repository.snapshot([{ path: 'a.txt', content: 'second' }], { ref: 'data' })
    expect(new TextDecoder().decode(await run.input('train').read('a.txt'))).toBe('first')
    expect(run.config['rate']).toBe(0.1)
    expect(run.unusedConfig()).toEqual(['layers'])
    for (let step = 0; step < 10; step++) run.log({ loss: 1 / (step + 1), accuracy: step / 10 }, { step })
    const model = await run.artifact('model', new Uint8Array([1, 2, 3]))
    const path = project.write('out/weights.bin', 'weights')
    await run.artifact('files', join(project.folder, 'out'))
    await run.artifact('single', path)
    const record = await run.end()
    const found = await findRun(repository.blocks, 'train#1')
    expect(found).toMatchObject({ isOver: true, ended: { status: 'succeeded', reason: null, final: { loss: 0.1, accuracy: 0.9 } } })
    expect(found.ended?.artifacts.map(({ name, files }) => [name, files])).toEqual([['files', 1], ['model', 1], ['single', 1]])
    expect(await repository.read(model.root.toString(), 'model')).toEqual(new Uint8Array([1, 2, 3]))
    expect(new TextDecoder().decode(await repository.read(found.ended?.artifacts[2]?.root.toString() ?? '', 'weights.bin'))).toBe('weights')
    if (found.ended?.metrics == null) throw new Error('It has metrics')
    const [series] = await readMetrics(repository.blocks, found.ended.metrics, { names: ['loss'] })
    expect(Array.from(series?.values ?? [])).toEqual(Array.from({ length: 10 }, (_none, step) => 1 / (step + 1)))
    for (const text of [record, run.id, run.id.slice(0, 20)]) expect((await findRun(repository.blocks, text)).label).toBe('train#1')
    expect(await repository.verify()).toMatchObject({ ok: true })
    expect(existsSync(join(project.folder, '.varve/cache/runs', run.id))).toBe(false)
  }, 30_000)

  it('that is over cannot be changed: not by its methods, not by another process, not through refs, not by files', async () => {
    await using project = new Project()
    const repository = await started(project)
    const run = await startRun(repository, { name: 'train', folder: project.folder })
    await run.artifact('model', new Uint8Array([1]))
    await expect(run.artifact('model', new Uint8Array([2]))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    const record = await run.end()
    expect(() => run.log({ loss: 1 })).toThrow('is over, and its record is sealed')
    await expect(run.artifact('more', new Uint8Array([1]))).rejects.toMatchObject({ code: 'SEALED' })
    await expect(run.end()).rejects.toMatchObject({ code: 'SEALED' })
    await expect(repository.deleteRef(RUNS_REF)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(repository.setRef(RUNS_REF, 'data')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await repository.collectGarbage({ graceMs: 0, keepLast: 1 })
    expect((await findRun(repository.blocks, 'train')).record?.toString()).toBe(record)
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 30_000)

  it('counts by name, and two that begin at once are two', async () => {
    await using project = new Project()
    const repositories = [await started(project), await project.open()]
    const runs = await Promise.all([...repositories, ...repositories].map((repository) => startRun(repository, { name: 'train', folder: project.folder })))
    expect(new Set(runs.map(({ label }) => label))).toEqual(new Set(['train#1', 'train#2', 'train#3', 'train#4']))
    await Promise.all(runs.map((run, at) => run.end({ status: at === 0 ? 'aborted' : 'succeeded' })))
    const repository = await project.open()
    expect(await labels(repository)).toEqual(['train#4', 'train#3', 'train#2', 'train#1'])
    for (const run of runs) expect((await findRun(repository.blocks, run.id)).isOver).toBe(true)
  }, 60_000)

  it('that throws has failed with the error, and one that is left before its end has failed too', async () => {
    await using project = new Project()
    const repository = await started(project)
    await expect(withRun(repository, { name: 'train', folder: project.folder }, () => {
      throw new TypeError('no such layer')
    })).rejects.toThrow('no such layer')
    expect(await findRun(repository.blocks, 'train')).toMatchObject({ isOver: true, ended: { status: 'failed', reason: 'TypeError: no such layer' } })
    expect(await withRun(repository, { name: 'train', folder: project.folder }, (run) => run.label)).toBe('train#2')
    {
      await using run = await startRun(repository, { name: 'left', folder: project.folder })
      run.log({ loss: 1 })
    }
    expect(await findRun(repository.blocks, 'left')).toMatchObject({ isOver: true, ended: { status: 'failed', reason: 'it was left before end() was called', final: { loss: 1 } } })
  }, 30_000)

  it('is refused for names, inputs and seeds that cannot be, and is then not begun', async () => {
    await using project = new Project()
    const repository = await started(project)
    const begin = (options: object) => startRun(repository, { name: 'train', folder: project.folder, ...options })
    for (const name of ['', 'a b', 'x@1', 'a#1', '_varve/x', '../x']) await expect(begin({ name })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(begin({ inputs: { train: 'none' } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(begin({ inputs: { 'a/b': 'data' } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(begin({ inputs: { train: 'data:a.txt' } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(begin({ seed: Number.NaN })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(begin({ config: { date: new Date(0) } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await labels(repository)).toEqual([])
  }, 30_000)

  it('keeps its data: of snapshots that a rule drops, what runs read stays', async () => {
    await using project = new Project()
    const repository = await started(project)
    const run = await startRun(repository, { name: 'train', inputs: { train: 'data' }, folder: project.folder })
    await run.end()
    await repository.snapshot([{ path: 'a.txt', content: 'second' }], { ref: 'data' })
    await repository.collectGarbage({ graceMs: 0, keepLast: 1 })
    expect(new TextDecoder().decode(await repository.read((await findRun(repository.blocks, 'train')).started.inputs[0]?.root.toString() ?? '', 'a.txt'))).toBe('first')
    rmSync(join(project.folder, 'train.mjs'))
  }, 30_000)
})
