import { describe, expect, it } from 'vitest'
import { cidText, DAG_CBOR_CODE, parseCid } from '../../../src/cid/cid.ts'
import type { Repository } from '../../../src/dataset/repository.ts'
import { editTree } from '../../../src/manifest/edit-tree.ts'
import { derive } from '../../../src/node/derive/derive.ts'
import { reconstruct } from '../../../src/node/derive/reconstruct.ts'
import { derivedOutputs } from '../../../src/recipe/evict-derived.ts'
import { explainRevision } from '../../../src/recipe/explain.ts'
import { forgetDerivations } from '../../../src/recipe/forget-derivations.ts'
import { MEMORY_REF, recall } from '../../../src/recipe/memory.ts'
import { encodeRunList } from '../../../src/recipe/run-object.ts'
import { linkCodec } from '../../../src/repository/link-codec.ts'
import { capitals, evictDerived, Project } from './project.ts'

const SCHEMA = 'const params = { \'~standard\': { version: 1, vendor: \'test\', validate: (value) => ({ value }) } }'

async function started(project: Project): Promise<Repository> {
  const repository = await project.open()
  await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
  return repository
}

async function textOf(repository: Repository, revision: string, path: string): Promise<string> {
  return new TextDecoder().decode(await repository.read(revision, path))
}

describe('what derivations are remembered by', () => {
  it('is no ref that anything else can be put under', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('loud.mjs', capitals({ name: 'loud' }))
    await project.derive(repository, 'loud.mjs', { ref: 'loud' })
    const memory = await repository.blocks.getRef(MEMORY_REF)
    const refusal = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('keeps for itself') as string }
    await expect(repository.snapshot([{ path: 'a', content: 'x' }], { ref: MEMORY_REF })).rejects.toMatchObject(refusal)
    await expect(repository.setRef(MEMORY_REF, 'raw', { expected: 'any' })).rejects.toMatchObject(refusal)
    await expect(repository.setRef('_varve/other', 'raw')).rejects.toMatchObject(refusal)
    await expect(repository.setRef('_varve@tag', 'raw')).rejects.toMatchObject(refusal)
    await expect(repository.deleteRef(MEMORY_REF)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(project.derive(repository, 'loud.mjs', { ref: '_varve/loud' })).rejects.toMatchObject(refusal)
    expect(await repository.blocks.getRef(MEMORY_REF)).toEqual(memory)
  }, 30_000)
})

it('what is forgotten just before it is given a ref is run again', async () => {
  await using project = new Project()
  const repository = await started(project)
  const other = await project.open()
  project.write('loud.mjs', capitals({ name: 'loud' }))
  const { outputs } = await project.derive(repository, 'loud.mjs')
  const { blocks } = repository
  const getRef = blocks.getRef.bind(blocks)
  let forgotten = 0
  blocks.getRef = async (name) => {
    if (name === 'out' && forgotten === 0 && (await recall(blocks, parseCid((await explainRevision(repository, outputs[0]?.root ?? '')).derivation))).runs.length > 0) {
      await other.blocks.refresh()
      forgotten += (await forgetDerivations(other.blocks)).length
    }
    return getRef(name)
  }
  expect(await project.derive(repository, 'loud.mjs', { ref: 'out' })).toMatchObject({ status: 'ran', outputs: [{ root: outputs[0]?.root, ref: 'out' }] })
  expect(forgotten).toBe(1)
  expect(await explainRevision(repository, 'out')).toMatchObject({ runs: [{ status: 'succeeded' }] })
  expect(await repository.verify()).toMatchObject({ ok: true })
}, 30_000)

it('a record of a derivation that is missing is found by verify', async () => {
  await using project = new Project()
  const repository = await started(project)
  expect(await repository.verify()).toMatchObject({ ok: true })
  const { blocks } = repository
  const lost = parseCid('bafyreiacteo7q5owulepi2m3mliwhparqpapr5k3566kb3wr33fhc4y7di')
  await blocks.withSession(async (session) => {
    const list = await session.put(DAG_CBOR_CODE, encodeRunList({ derivation: lost, runs: [] }))
    const target = await editTree(session, session, null, linkCodec, [{ key: lost.multihash.digest, value: list }])
    await session.commit({ action: 'test', refs: [{ name: MEMORY_REF, target, own: true }] })
  })
  expect(await repository.verify()).toMatchObject({ ok: false, damaged: [{ cid: lost.toString(), paths: [MEMORY_REF] }] })
}, 30_000)

describe('a root that was dropped', () => {
  it('is there again when a file with its history brings it', async () => {
    await using elsewhere = new Project()
    const other = await elsewhere.open()
    await other.snapshot([{ path: 'a.txt', content: 'FIRST' }], { ref: 'mine', message: 'by hand' })
    const car: Uint8Array[] = []
    for await (const piece of other.exportCar('mine', { history: true })) car.push(piece)
    await using project = new Project()
    const repository = await started(project)
    project.write('loud.mjs', capitals({ name: 'loud' }))
    await project.derive(repository, 'loud.mjs')
    expect(await evictDerived(repository)).toHaveLength(1)
    await repository.importCar(car, { ref: 'mine' })
    expect(await textOf(repository, 'mine', 'a.txt')).toBe('FIRST')
    await repository.collectGarbage({ graceMs: 0 })
    expect(await textOf(repository, 'mine', 'a.txt')).toBe('FIRST')
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 30_000)

  it('may be that of a log, or of code, which are stored again with what needs them', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('logs.mjs', `import { defineRecipe } from 'varve'
export const logs = defineRecipe({ name: 'logs', inputs: ['raw'], outputs: ['out'], async run({ outputs }) { await outputs.out.write('stdout.txt', 'hi there\\n'); await outputs.out.write('stderr.txt', '') } })`)
    project.write('hi.mjs', capitals({ name: 'hi' }).replace('log(\'wrote\', path)', 'log(\'hi there\')'))
    await project.derive(repository, 'logs.mjs')
    expect(await evictDerived(repository)).toHaveLength(1)
    await project.derive(repository, 'hi.mjs', { ref: 'hi' })
    const [run] = (await explainRevision(repository, 'hi')).runs
    await repository.collectGarbage({ graceMs: 0 })
    expect(await textOf(repository, run?.log ?? '', 'stdout.txt')).toBe('hi there\n')

    project.write('gen.mjs', `import { defineRecipe } from 'varve'
export const gen = defineRecipe({ name: 'gen', inputs: ['raw'], outputs: ['out'], async run({ outputs }) { await outputs.out.write('prep.mjs', 'import { writeFileSync } from "node:fs"; writeFileSync(process.argv[2] + "/n", "1")') } })`)
    await project.derive(repository, 'gen.mjs')
    // What the one before gave goes too.
    expect(await evictDerived(repository)).toHaveLength(2)
    project.write('code/prep.mjs', 'import { writeFileSync } from "node:fs"; writeFileSync(process.argv[2] + "/n", "1")')
    const command = { name: 'prep', command: ['node', 'prep.mjs', '{outputs.out}'], code: ['prep.mjs'], folder: `${project.folder}/code`, inputs: [], outputs: ['out'], environment: 'none' as const }
    expect(await derive(repository, command, { inputs: {}, ref: 'prep' })).toMatchObject({ status: 'ran' })
    expect(await textOf(repository, 'prep', 'n')).toBe('1')
  }, 60_000)

  it('is not one whose recipe may have loaded what is not recorded', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('open.mjs', capitals({ name: 'open', extra: 'const name = \'node:os\'; await import(name)' }))
    for (const options of [{}, { force: true }]) expect(await project.derive(repository, 'open.mjs', options)).toMatchObject({ open: [expect.stringContaining('open.mjs:') as string] })
    expect(await derivedOutputs(repository.blocks)).toMatchObject([{ evictable: false, reason: expect.stringContaining('not recorded') as string }])
  }, 30_000)
})

describe('what a recipe sees', () => {
  it('is its parameters in the order in which they are kept, however they were given', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('keys.mjs', capitals({ name: 'keys', head: SCHEMA, fields: 'params,', extra: 'await outputs.out.write(\'params\', JSON.stringify(params))' }))
    const first = await project.derive(repository, 'keys.mjs', { params: { b: 1, a: { d: 2, c: 3 } }, ref: 'out' })
    expect(await textOf(repository, 'out', 'params')).toBe('{"a":{"c":3,"d":2},"b":1}')
    expect((await project.derive(repository, 'keys.mjs', { params: { a: { c: 3, d: 2 }, b: 1 }, force: true })).derivation).toBe(first.derivation)
    expect(await evictDerived(repository)).toHaveLength(1)
    expect((await reconstruct(repository, 'out')).steps).toHaveLength(1)
  }, 30_000)

  it('is refused where JSON cannot hold it', async () => {
    await using project = new Project()
    const repository = await started(project)
    const command = { name: 'c', command: ['node', '-e', ''], code: [], folder: project.folder, inputs: [], outputs: ['out'] }
    // oxlint-disable-next-line no-sparse-arrays -- a hole is what must be refused
    for (const params of [{ a: [, 1] }, { a: new Date(0) }, { a: new Map() }, { a: Number.NaN }, { a: undefined }]) {
      await expect(derive(repository, command, { inputs: {}, params: params as never })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    for (const seed of [Number.NaN, '\ud800']) await expect(derive(repository, command, { inputs: {}, seed })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }, 30_000)
})

describe('two processes', () => {
  it('that run one derivation at once, since neither waits, agree on what counts, and one of them learns that they differ', async () => {
    await using project = new Project()
    const repository = await started(project)
    const other = await project.open()
    project.write('now.mjs', capitals({ name: 'now', extra: 'await outputs.out.write(\'now\', String(process.hrtime.bigint()))' }))
    const settled = await Promise.allSettled([repository, other].map((one) => project.derive(one, 'now.mjs', { ref: 'now', force: true })))
    expect(settled.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { code: 'DIVERGENCE' } }])
    const done = settled.find((result) => result.status === 'fulfilled')
    await repository.blocks.refresh()
    expect(cidText((await repository.resolve('now')).root)).toBe(done?.value.outputs[0]?.root)
    expect((await recall(repository.blocks, parseCid(done?.value.derivation ?? ''))).runs).toHaveLength(2)
  }, 30_000)

  it('that ask for dropped data at once make it once', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('loud.mjs', capitals({ name: 'loud' }))
    const { derivation } = await project.derive(repository, 'loud.mjs', { ref: 'loud' })
    await evictDerived(repository)
    const trusting = await project.open({ reconstruct: 'auto' })
    expect(new Set(await Promise.all([1, 2, 3, 4].map(() => textOf(trusting, 'loud', 'a.txt'))))).toEqual(new Set(['FIRST']))
    expect((await recall(trusting.blocks, parseCid(derivation))).runs).toHaveLength(2)
  }, 30_000)
})

it('a history of derived data from another repository is no hindrance', async () => {
  await using elsewhere = new Project()
  const other = await started(elsewhere)
  elsewhere.write('loud.mjs', capitals({ name: 'loud' }))
  await elsewhere.derive(other, 'loud.mjs', { ref: 'loud' })
  const car: Uint8Array[] = []
  for await (const piece of other.exportCar('loud', { history: true })) car.push(piece)
  await using project = new Project()
  const repository = await started(project)
  await repository.importCar(car, { ref: 'loud' })
  await expect(explainRevision(repository, 'loud')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: expect.stringContaining('repository it came from') as string })
  project.write('loud.mjs', capitals({ name: 'loud' }))
  expect(await project.derive(repository, 'loud.mjs', { ref: 'loud' })).toMatchObject({ status: 'ran', changes: [] })
}, 30_000)
