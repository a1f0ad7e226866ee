import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { repro } from '../../../src/node/derive/repro.ts'
import { capitals, Project } from './project.ts'

const PIPELINE = `steps:
  one: { recipe: ./capitals.mjs, inputs: { raw: raw } }
  two: { recipe: ./capitals.mjs, inputs: { raw: my-data } }
  three: { recipe: ./capitals.mjs, inputs: { raw: elsewhere } }
  four: { recipe: ./capitals.mjs, inputs: { raw: raw@v1 } }
`

it('folders that were edited since the snapshot that steps read are told, and nothing else', async () => {
  await using project = new Project()
  const repository = await project.open()
  project.write('capitals.mjs', capitals())
  const file = project.write('varve.yaml', PIPELINE)
  for (const [folder, ref] of [['raw', 'raw'], ['my data', 'my-data'], ['other', 'elsewhere']] as const) {
    project.write(`${folder}/a.txt`, 'first')
    project.write(`${folder}/b.txt`, 'second')
    await repository.snapshot(join(project.folder, folder), { ref })
  }
  await repository.setRef('raw@v1', 'raw')
  mkdirSync(join(project.folder, 'elsewhere-not'))
  expect(await repro(repository, { file, lookMs: 10_000 })).toMatchObject({ ok: true, edited: [] })
  writeFileSync(join(project.folder, 'my data/a.txt'), 'edited')
  writeFileSync(join(project.folder, 'my data/c.txt'), 'new')
  writeFileSync(join(project.folder, 'other/a.txt'), 'edited')
  const edited = { ref: 'my-data', folder: join(project.folder, 'my data'), added: 1, changed: 1, removed: 0 }
  expect(await repro(repository, { file, dryRun: true, lookMs: 10_000 })).toMatchObject({ edited: [edited], steps: [{ status: 'remembered' }, { status: 'remembered' }, { status: 'remembered' }, { status: 'remembered' }] })
  expect((await repro(repository, { file, dryRun: true, lookMs: 10_000, steps: ['one'] })).edited).toEqual([])
  await repository.snapshot(join(project.folder, 'my data'), { ref: 'my-data' })
  expect((await repro(repository, { file, dryRun: true, lookMs: 10_000 })).edited).toEqual([])
}, 60_000)

it('a folder that takes long to look at, or a ref that is not there, keeps nobody waiting', async () => {
  await using project = new Project()
  const repository = await project.open()
  project.write('capitals.mjs', capitals())
  truncateSync(project.write('raw/large', ''), 2 ** 31)
  await repository.snapshot([{ path: 'a.txt', content: 'a' }], { ref: 'raw' })
  mkdirSync(join(project.folder, 'absent'))
  const file = project.write('varve.yaml', 'steps:\n  one: { recipe: ./capitals.mjs, inputs: { raw: raw } }\n  two: { recipe: ./capitals.mjs, inputs: { raw: absent } }\n')
  expect(await repro(repository, { file, dryRun: true, lookMs: 1 })).toMatchObject({ edited: [], steps: [{ status: 'stale' }, { status: 'failed' }] })
  truncateSync(join(project.folder, 'raw/large'), 1)
  expect((await repro(repository, { file, dryRun: true, lookMs: 10_000 })).edited).toMatchObject([{ ref: 'raw', added: 1, removed: 1 }])
  expect((await repro(repository, { file, dryRun: true })).edited).toEqual([])
}, 60_000)
