import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { rebuild } from '../../../src/node/derive/rebuild.ts'
import { reconstruct } from '../../../src/node/derive/reconstruct.ts'
import { capitals, evictDerived, Project } from './project.ts'

/** raw → loud → twice, each run once and evicted. */
async function evicted(project: Project): Promise<{ repository: Repository; roots: readonly string[] }> {
  const repository = await project.open()
  await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
  project.write('loud.mjs', capitals({ name: 'loud' }))
  project.write('twice.mjs', capitals({ name: 'twice', extra: 'await outputs.out.write(\'n\', \'2\')' }))
  const loud = await project.derive(repository, 'loud.mjs', { ref: 'loud' })
  const twice = await project.derive(repository, 'twice.mjs', { inputs: { raw: 'loud' }, ref: 'twice' })
  const roots = [loud, twice].map(({ outputs }) => outputs[0]?.root ?? '')
  expect([...await evictDerived(repository)].sort()).toEqual([...roots].sort())
  return { repository, roots }
}

describe('derived data that was dropped', () => {
  it('is made again with all that it is made from, to the same roots', async () => {
    await using project = new Project()
    const { repository, roots } = await evicted(project)
    await expect(repository.read('twice', 'n')).rejects.toMatchObject({ code: 'EVICTED' })
    const { root, steps } = await reconstruct(repository, 'twice')
    expect(root).toBe(roots[1])
    expect(steps.map(({ recipe }) => recipe)).toEqual(['loud', 'twice'])
    expect(new TextDecoder().decode(await repository.read('twice', 'a.txt'))).toBe('FIRST')
    expect(await repository.verify()).toMatchObject({ ok: true })
    expect((await reconstruct(repository, 'twice')).steps).toEqual([])
  }, 60_000)

  it('is made again by whatever asks for it, if the repository was opened so', async () => {
    await using project = new Project()
    await evicted(project)
    const trusting = await project.open({ reconstruct: 'auto' })
    await trusting.checkout('twice', join(project.folder, 'out'))
    expect(new TextDecoder().decode(await trusting.read('loud', 'a.txt'))).toBe('FIRST')
  }, 60_000)

  it('is remembered without its data, and needs it only when something else is derived from it', async () => {
    await using project = new Project()
    const { repository } = await evicted(project)
    expect(await project.derive(repository, 'loud.mjs', { ref: 'loud' })).toMatchObject({ status: 'remembered', outputs: [{ evicted: true }] })
    expect(await project.derive(repository, 'twice.mjs', { inputs: { raw: 'loud' } })).toMatchObject({ status: 'remembered' })
    await expect(project.derive(repository, 'twice.mjs', { inputs: { raw: 'loud' }, seed: 1 })).rejects.toMatchObject({ code: 'EVICTED' })
  }, 60_000)

  it('whose maker cannot run is said to be that, however far up it is', async () => {
    await using project = new Project()
    const { repository } = await evicted(project)
    project.write('node_modules/left/package.json', '{"name":"left","version":"1.0.0","type":"module","exports":"./index.js"}')
    project.write('node_modules/left/index.js', 'export const left = 1')
    project.write('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies: { left: '1.0.0' } }, 'node_modules/left': { version: '1.0.0', integrity: 'sha512-AAAA' } } }))
    project.write('packed.mjs', capitals({ name: 'packed', head: 'import { left } from \'left\'', extra: 'await outputs.out.write(\'left\', String(left))' }))
    project.write('after.mjs', capitals({ name: 'after', extra: 'await outputs.out.write(\'after\', \'x\')' }))
    await project.derive(repository, 'packed.mjs', { ref: 'packed' })
    await project.derive(repository, 'after.mjs', { inputs: { raw: 'packed' }, ref: 'after' })
      await evictDerived(repository)
    await expect(reconstruct(repository, 'after', { modules: '/' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('left@1.0.0') as string })
    expect((await reconstruct(repository, 'after', { modules: project.folder })).steps.map(({ recipe }) => recipe)).toEqual(['packed', 'after'])
  }, 60_000)

  it('is not admitted if something else comes out', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    project.write('clock.mjs', capitals({ name: 'clock', extra: 'await outputs.out.write(\'time\', String(process.hrtime.bigint()))' }))
    const { outputs } = await project.derive(repository, 'clock.mjs', { ref: 'out' })
      expect(await evictDerived(repository)).toEqual([outputs[0]?.root])
    const difference = { output: 'out', path: 'time', change: 'changed' }
    await expect(reconstruct(repository, 'out')).rejects.toMatchObject({
      code: 'RECONSTRUCTION_MISMATCH', message: 'clock gave other outputs than recorded: time (changed)', data: { outputs: [{ name: 'out', recorded: outputs[0]?.root }], differences: [difference], count: 1 },
    })
    expect(await rebuild(repository, 'out')).toMatchObject({ ok: false, steps: [{ recipe: 'clock', status: 'different', differences: [difference], count: 1, untold: [] }] })
    await expect(project.derive(repository, 'clock.mjs', { force: true })).rejects.toMatchObject({ code: 'DIVERGENCE', message: expect.stringContaining('time (changed)') as string, data: { differences: [difference], count: 1 } })
    await expect(repository.read('out', 'a.txt')).rejects.toMatchObject({ code: 'EVICTED' })
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 60_000)
})

describe('a rebuild', () => {
  it('runs every step from the sources on, and compares', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    project.write('loud.mjs', capitals({ name: 'loud' }))
    project.write('twice.mjs', capitals({ name: 'twice' }))
    await project.derive(repository, 'loud.mjs', { ref: 'loud' })
    await project.derive(repository, 'twice.mjs', { inputs: { raw: 'loud' }, ref: 'twice' })
    const before = repository.blocks.root.number
    expect(await rebuild(repository, 'twice')).toMatchObject({ ok: true, steps: [{ recipe: 'loud', status: 'same' }, { recipe: 'twice', status: 'same' }] })
    // Nothing was stored.
    await repository.blocks.refresh()
    expect(repository.blocks.root.number).toBe(before)
    await expect(rebuild(repository, 'raw')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  }, 60_000)

  it('needs no result on the way that was dropped, and leaves it dropped', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot(Array.from({ length: 5 }, (_none, at) => ({ path: `${at}.txt`, content: `row ${at}` })), { ref: 'raw' })
    project.write('loud.mjs', capitals({ name: 'loud' }))
    project.write('each.mjs', `export const each = { name: 'each', map: 'file', inputs: ['raw'], outputs: ['out'], async run({ file, outputs }) { await outputs.out.write(file.path + '.copy', await file.read()) } }`)
    project.write('last.mjs', capitals({ name: 'last', fields: 'deterministic: false,', extra: `await outputs.out.write('time', String(process.hrtime.bigint()))` }))
    const loud = await project.derive(repository, 'loud.mjs', { ref: 'loud' })
    const each = await project.derive(repository, 'each.mjs', { inputs: { raw: 'loud' }, ref: 'each' })
    await project.derive(repository, 'last.mjs', { inputs: { raw: 'each' }, ref: 'last' })
    expect(new Set(await evictDerived(repository))).toEqual(new Set([loud, each].map(({ outputs }) => outputs[0]?.root)))
    const before = repository.blocks.root.number
    expect(await rebuild(repository, 'each')).toMatchObject({ ok: true, steps: [{ recipe: 'loud', status: 'same' }, { recipe: 'each', status: 'same', claimed: true }] })
    expect(await rebuild(repository, 'last')).toMatchObject({ ok: false, steps: [{ status: 'same' }, { status: 'same' }, { recipe: 'last', status: 'different', claimed: false, differences: [{ path: 'time', change: 'changed' }] }] })
    await repository.blocks.refresh()
    expect(repository.blocks.root.number).toBe(before)
    await expect(repository.read('each', '0.txt.copy')).rejects.toMatchObject({ code: 'EVICTED' })
    expect(readdirSync(join(project.folder, '.varve/cache/scratch'))).toEqual([])
    expect(readdirSync(join(project.folder, '.varve/sessions'))).toEqual([])
  }, 60_000)

  it('ends with the first step that differs, and says where', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    project.write('clock.mjs', capitals({ name: 'clock', extra: 'await outputs.out.write(\'time\', String(process.hrtime.bigint()))' }))
    project.write('loud.mjs', capitals({ name: 'loud' }))
    await project.derive(repository, 'clock.mjs', { ref: 'clock' })
    await project.derive(repository, 'loud.mjs', { inputs: { raw: 'clock' }, ref: 'loud' })
    expect(await rebuild(repository, 'loud')).toMatchObject({ ok: false, steps: [{ recipe: 'clock', status: 'different', differences: [{ output: 'out', path: 'time', change: 'changed' }] }] })
  }, 60_000)
})
