import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { type CID, parseCid } from '../../../src/cid/cid.ts'
import type { Repository } from '../../../src/dataset/repository.ts'
import { derive } from '../../../src/node/derive/derive.ts'
import * as isRunGone from '../../../src/node/run/is-run-gone.ts'
import { reconcileRuns } from '../../../src/node/run/reconcile-runs.ts'
import { startRun, withRun } from '../../../src/node/run/start-run.ts'
import { findRun } from '../../../src/run/find-run.ts'
import { readMetrics } from '../../../src/run/metrics/store-metrics.ts'
import type { RunRecord } from '../../../src/run/interface.ts'
import { commitRecord, listRuns, RUNS_REF } from '../../../src/run/run-tree.ts'
import { capitals, evictDerived } from '../derive/project.ts'
import { Project } from './project.ts'

const OTHERWISE = (start: CID): RunRecord => ({ start, status: 'failed', reason: null, exitCode: null, signal: null, ended: null, final: {}, metrics: null, log: null, artifacts: [] })

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

  it('has random numbers that its seed, its name and a label decide, and nothing else', async () => {
    await using project = new Project()
    const repository = await started(project)
    const drawn = async (name: string, seed: number, label: string): Promise<readonly number[]> => withRun(repository, { name, seed, folder: project.folder }, (run) => [run.rng(label).nextFloat(), run.rng(label).nextFloat()])
    const first = await drawn('train', 7, 'order')
    expect(first[0]).toBe(first[1])
    expect(await drawn('train', 7, 'order')).toEqual(first)
    for (const [name, seed, label] of [['train', 8, 'order'], ['train', 7, 'noise'], ['eval', 7, 'order']] as const) expect(await drawn(name, seed, label)).not.toEqual(first)
  }, 30_000)

  it('that is over cannot be changed: not by its methods, not by another process, not through refs, not by files', async () => {
    await using project = new Project()
    const repository = await started(project)
    const run = await startRun(repository, { name: 'train', folder: project.folder })
    await run.artifact('model', new Uint8Array([1]))
    const stale = await project.open()
    await expect(run.artifact('model', new Uint8Array([2]))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    const record = await run.end()
    expect(() => run.log({ loss: 1 })).toThrow('is over, and its record is sealed')
    await expect(run.artifact('more', new Uint8Array([1]))).rejects.toMatchObject({ code: 'SEALED' })
    await expect(run.end()).rejects.toMatchObject({ code: 'SEALED' })
    // Another process, whose view is older, and one that begins anew.
    for (const other of [stale, await project.open()]) {
      const late = other.blocks.withSession(async (session) => commitRecord(other.blocks, session, { name: 'train', number: 1, start: run.cid }, () => OTHERWISE(run.cid), { message: '', actor: null }))
      await expect(late).rejects.toMatchObject({ code: 'SEALED' })
    }
    await expect(repository.deleteRef(RUNS_REF)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(repository.setRef(RUNS_REF, 'data')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await repository.collectGarbage({ graceMs: 0, keepLast: 1 })
    expect((await findRun(repository.blocks, 'train')).record?.toString()).toBe(record)
    expect(await repository.verify()).toMatchObject({ ok: true })
    // A changed byte of any file of the repository is seen, and hands out nothing else.
    const packs = readdirSync(join(project.folder, '.varve/packs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pack')).map((name) => join(project.folder, '.varve/packs', name))
    for (const pack of packs) {
      const bytes = readFileSync(pack)
      bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1
      chmodSync(pack, 0o600)
      writeFileSync(pack, bytes)
    }
    expect(await (await project.open()).verify()).toMatchObject({ ok: false })
  }, 30_000)

  it('keeps an artifact for good, also one whose like was dropped before', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('loud.mjs', capitals({ name: 'loud' }))
    const { outputs } = await derive(repository, join(project.folder, 'loud.mjs'), { inputs: { raw: 'data' } })
    const root = parseCid(outputs[0]?.root ?? '')
    expect(await evictDerived(repository)).toHaveLength(1)
    const run = await startRun(repository, { name: 'train', folder: project.folder })
    project.write('out/a.txt', 'FIRST')
    expect((await run.artifact('model', join(project.folder, 'out'))).root.equals(root)).toBe(true)
    expect(await repository.blocks.isEvicted(root)).toBe(false)
    await run.end()
    await repository.collectGarbage({ graceMs: 0 })
    expect(new TextDecoder().decode(await repository.read(root.toString(), 'a.txt'))).toBe('FIRST')
  }, 30_000)

  it('whose end cannot be stored has not ended, and ends as it was asked to when it is left', async () => {
    await using project = new Project()
    const repository = await started(project)
    const broken = vi.spyOn(repository.blocks, 'withSession')
    {
      await using run = await startRun(repository, { name: 'train', folder: project.folder })
      run.log({ loss: 1 })
      broken.mockRejectedValueOnce(new Error('no network'))
      await expect(run.end({ status: 'aborted', reason: 'enough' })).rejects.toThrow('no network')
      expect(run.isOver).toBe(false)
    }
    expect((await findRun(repository.blocks, 'train')).ended).toMatchObject({ status: 'aborted', reason: 'enough', final: { loss: 1 } })
    const run = await startRun(repository, { name: 'train', folder: project.folder })
    for (const options of [{ exitCode: -1 }, { exitCode: 1.5 }, { status: 'lost' as never }]) await expect(run.end(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await run.end()
  }, 30_000)

  it('of a dead process is lost with all that it left, whatever cannot be read of it, and one that lives is not', async () => {
    await using project = new Project()
    const repository = await started(project)
    const old = await project.open()
    const runs = [await startRun(repository, { name: 'whole', folder: project.folder }), await startRun(repository, { name: 'torn', folder: project.folder }), await startRun(repository, { name: 'alive', folder: project.folder })]
    await runs[0]?.artifact('model', new Uint8Array([1]))
    for (const run of runs) run.log({ loss: 1 })
    const folder = (at: number): string => join(project.folder, '.varve/cache/runs', runs[at]?.id ?? '')
    // What a power cut may leave, and what a command had written that nobody had taken.
    writeFileSync(join(folder(1), 'metrics.journal'), new Uint8Array(100))
    writeFileSync(join(folder(0), 'metrics.jsonl'), '{"loss":1}\n{"loss":0.5}\n{"loss":0.25,"step":7}\n')
    expect(await reconcileRuns(old)).toEqual([])
    const gone = vi.spyOn(isRunGone, 'isRunGone').mockImplementation(() => true)
    try {
      expect(new Set(await reconcileRuns(old))).toEqual(new Set(['alive#1', 'torn#1', 'whole#1']))
    } finally {
      gone.mockRestore()
    }
    expect((await findRun(old.blocks, 'whole')).ended).toMatchObject({ status: 'lost', final: { loss: 0.25 }, artifacts: [{ name: 'model' }] })
    expect((await findRun(old.blocks, 'torn')).ended).toMatchObject({ status: 'lost', metrics: null, reason: expect.stringContaining('its metrics cannot be read') as string })
    expect(existsSync(folder(0))).toBe(false)
    await expect(runs[0]?.end()).rejects.toMatchObject({ code: 'SEALED' })
  }, 30_000)

  it('does not take what looks like a password or a key into its record', async () => {
    await using project = new Project()
    const repository = await started(project)
    for (const config of [{ db: { password: 'hunter2' } }, { url: 'https://ada:hunter2@example.org/x' }, { api_key: '0123456789abcdef0123456789abcdef' }]) {
      await expect(startRun(repository, { name: 'train', folder: project.folder, config })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('looks like a password or a key') as string })
    }
    expect(await labels(repository)).toEqual([])
    await (await startRun(repository, { name: 'train', folder: project.folder, config: { max_tokens: 512, tokenizer: 'bpe', pad_token: '<pad>', sort_key: 'date' } })).end()
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
