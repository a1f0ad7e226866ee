import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clone, openRepository, reconstruct } from '../../../src/index.ts'
import { capitals, evictDerived, Project } from '../../node/derive/project.ts'

test('a recipe runs on data that was left at a remote, and derived data that was dropped there is made again from it', async () => {
  await using project = new Project()
  const shared = await project.open()
  await shared.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
  project.write('loud.mjs', capitals({ name: 'loud' }))
  await clone(shared.location, join(project.folder, 'lazy'), { lazy: true })
  const lazy = await openRepository(join(project.folder, 'lazy'))
  const { outputs } = await project.derive(lazy, 'loud.mjs', { ref: 'loud' })
  expect(outputs).toMatchObject([{ evicted: false }])
  expect(new TextDecoder().decode(await lazy.read('loud', 'a.txt'))).toBe('FIRST')
  expect(await lazy.verify()).toMatchObject({ ok: true, leftAtRemotes: 1 })
  expect(await project.derive(lazy, 'loud.mjs', { ref: 'loud' })).toMatchObject({ status: 'remembered' })
  await lazy.close()

  await project.derive(shared, 'loud.mjs', { ref: 'loud' })
  await evictDerived(shared)
  await clone(shared.location, join(project.folder, 'other'), { lazy: true })
  const other = await openRepository(join(project.folder, 'other'))
  expect((await other.log('loud').next()).value).toMatchObject({ evicted: true, leftAt: null })
  expect((await other.log('raw').next()).value).toMatchObject({ evicted: false, leftAt: 'origin' })
  await expect(other.read('loud', 'a.txt')).rejects.toMatchObject({ code: 'EVICTED' })
  expect((await reconstruct(other, 'loud')).steps).toHaveLength(1)
  expect(new TextDecoder().decode(await other.read('loud', 'a.txt'))).toBe('FIRST')
  await other.close()
}, 60_000)
