import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stepLines } from '../../../src/cli/step-lines.ts'
import { Output } from '../../../src/cli/output.ts'
import { repro, type ReproResult } from '../../../src/node/derive/repro.ts'
import { capitals, evictDerived, Project } from './project.ts'

const statuses = ({ steps }: ReproResult): Record<string, string> => Object.fromEntries(steps.map(({ step, status }) => [step, status]))

describe('a step that was changed', () => {
  it('and gives the same as before ends there: what is behind it is not run again', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    for (const name of ['one', 'two', 'three']) project.write(`${name}.mjs`, capitals({ name }))
    const file = project.write('varve.yaml', 'steps:\n  one: { recipe: ./one.mjs, inputs: { raw: raw } }\n  two: { recipe: ./two.mjs, inputs: { raw: one.out } }\n  three: { recipe: ./three.mjs, inputs: { raw: two.out } }\n')
    expect(statuses(await repro(repository, { file }))).toEqual({ one: 'ran', two: 'ran', three: 'ran' })
    project.write('one.mjs', capitals({ name: 'one', head: '// said in other words' }))
    expect(statuses(await repro(repository, { file, dryRun: true }))).toEqual({ one: 'stale', two: 'waiting', three: 'waiting' })
    const after = await repro(repository, { file })
    expect(after.steps).toMatchObject([
      { step: 'one', status: 'ran', changes: [{ what: 'code', name: 'one.mjs' }], unchanged: ['out'] }, { step: 'two', status: 'remembered', changes: [] }, { step: 'three', status: 'remembered', changes: [] },
    ])
    const [one] = after.steps
    const output = new Output({ json: false, quiet: false, color: false })
    expect(one === undefined ? [] : [...stepLines(output, one)]).toContain('  it gave the same as before, so that nothing behind it changes')
    expect(statuses(await repro(repository, { file: join(project.folder, 'varve.yaml'), dryRun: true }))).toEqual({ one: 'remembered', two: 'remembered', three: 'remembered' })
    // What gives something else does not end there.
    project.write('one.mjs', capitals({ name: 'one', extra: 'await outputs.out.write(\'more\', \'more\')' }))
    expect((await repro(repository, { file })).steps).toMatchObject([{ status: 'ran', unchanged: [] }, { status: 'ran', changes: [{ what: 'input', name: 'raw' }] }, { status: 'ran' }])
  }, 60_000)
})

describe('a step that fails', () => {
  it('is named by those that are left out for its sake; a dry run goes on with what does not need it', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    for (const name of ['behind', 'far', 'other']) project.write(`${name}.mjs`, capitals({ name }))
    project.write('bad.mjs', `throw new Error('no luck')`)
    const file = project.write('varve.yaml', 'steps:\n  bad: { recipe: ./bad.mjs, inputs: { raw: raw } }\n  behind: { recipe: ./behind.mjs, inputs: { raw: bad.out } }\n  far: { recipe: ./far.mjs, inputs: { raw: behind.out } }\n  other: { recipe: ./other.mjs, inputs: { raw: raw } }\n')
    const run = await repro(repository, { file })
    expect(run.steps).toMatchObject([{ status: 'failed' }, { status: 'skipped', because: 'bad' }, { status: 'skipped', because: 'bad' }, { status: 'skipped', because: 'bad' }])
    const output = new Output({ json: false, quiet: false, color: false })
    expect(run.steps.slice(1, 2).flatMap((step) => [...stepLines(output, step)])).toEqual(['skipped    behind, because bad failed'])
    expect((await repro(repository, { file, dryRun: true })).steps).toMatchObject([{ status: 'failed' }, { status: 'skipped', because: 'bad' }, { status: 'skipped', because: 'bad' }, { step: 'other', status: 'stale' }])
  }, 60_000)
})

describe('a step whose recipe may give another result', () => {
  it('says so when it does, and that the first counts', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    project.write('loose.mjs', capitals({ name: 'loose', fields: 'deterministic: false,', extra: `await outputs.out.write('time', String(process.hrtime.bigint()))` }))
    const file = project.write('varve.yaml', 'steps:\n  loose: { recipe: ./loose.mjs, inputs: { raw: raw } }\n')
    const output = new Output({ json: false, quiet: false, color: false })
    const lines = async (force: boolean) => (await repro(repository, { file, force })).steps.flatMap((step) => [...stepLines(output, step)].slice(1))
    expect(await lines(false)).toEqual([])
    expect(await lines(true)).toEqual(['  differs it gave another result, which is recorded beside the first; the first counts, and refs stay at it'])
    expect(await lines(false)).toEqual([expect.stringMatching(/^ {2}diverged runs of it gave different results/) as string])
  }, 60_000)
})

describe('a step that writes nothing', () => {
  it('says so', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    project.write('none.mjs', `export const none = { name: 'none', inputs: ['raw'], outputs: ['some', 'rows'], run: ({ outputs }) => outputs.some.write('a', '') }`)
    const file = project.write('varve.yaml', 'steps:\n  none: { recipe: ./none.mjs, inputs: { raw: raw } }\n')
    const { steps } = await repro(repository, { file })
    expect(steps).toMatchObject([{ outputs: [{ name: 'some', empty: false }, { name: 'rows', empty: true }] }])
    const output = new Output({ json: false, quiet: false, color: false })
    expect(steps.flatMap((step) => [...stepLines(output, step)].slice(1))).toEqual(['  empty its output rows has nothing in it'])
  }, 30_000)
})

describe('a step that writes what looks like a password or a key', () => {
  it('says so, of a map recipe for what it wrote anew', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a', content: 'first' }], { ref: 'raw' })
    project.write('keys.mjs', `export const keys = { name: 'keys', map: 'file', inputs: ['raw'], outputs: ['out'], run: ({ file, outputs }) => outputs.out.write('deep/' + file.path + '.pem', '') }`)
    const file = project.write('varve.yaml', 'steps:\n  keys: { recipe: ./keys.mjs, inputs: { raw: raw } }\n')
    const output = new Output({ json: false, quiet: false, color: false })
    const secrets = async () => (await repro(repository, { file })).steps.flatMap((step) => [...stepLines(output, step)].filter((line) => line.includes('secret?')))
    expect(await secrets()).toEqual(['  secret? it stores deep/a.pem in its output out, which is left out of snapshots by default'])
    expect(await secrets()).toEqual([])
    await repository.snapshot([{ path: 'b', content: 'second' }, { path: 'c', content: 'third' }], { ref: 'raw' })
    await repository.snapshot([{ path: 'a', content: 'first' }, { path: 'b', content: 'second' }], { ref: 'raw' })
    expect(await secrets()).toEqual(['  secret? it stores deep/b.pem in its output out, which is left out of snapshots by default'])
  }, 30_000)
})

describe('data that was dropped', () => {
  it('and made again for a later step is there in the report', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    for (const name of ['one', 'two']) project.write(`${name}.mjs`, capitals({ name }))
    const file = project.write('varve.yaml', 'steps:\n  one: { recipe: ./one.mjs, inputs: { raw: raw } }\n  two: { recipe: ./two.mjs, inputs: { raw: one.out } }\n')
    await repro(repository, { file })
    await evictDerived(repository)
    const trusting = await project.open({ reconstruct: 'auto' })
    expect((await repro(trusting, { file })).steps).toMatchObject([{ outputs: [{ evicted: true }] }, { outputs: [{ evicted: true }] }])
    project.write('two.mjs', capitals({ name: 'two', extra: `await outputs.out.write('b', '')` }))
    expect((await repro(trusting, { file })).steps).toMatchObject([{ status: 'remembered', outputs: [{ evicted: false }] }, { status: 'ran', outputs: [{ evicted: false }] }])
  }, 60_000)
})
