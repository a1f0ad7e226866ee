import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { preflightRun } from '../../../src/node/run/preflight-run.ts'
import { startRun } from '../../../src/node/run/start-run.ts'
import { checkRun } from '../../../src/registry/check/check-run.ts'
import { gather } from '../../dataset/in-memory.ts'
import { Project } from './project.ts'

it('a run that has not begun is checked against the project as it is, and the run that is begun then shows the same', async () => {
  await using project = new Project()
  const { folder } = project
  const git = (...args: readonly string[]): void => void execFileSync('git', args, { cwd: folder, stdio: 'ignore', env: { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', HOME: folder, GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a' } })
  const integrity = `sha512-${Buffer.alloc(64).toString('base64')}`
  project.write('train.mjs', '// code')
  project.write('.gitignore', '.varve\nnode_modules\nremote\n')
  project.write('package.json', '{"name":"p","version":"1.0.0"}')
  const entry = { version: '1.0.0', integrity }
  project.write('package-lock.json', JSON.stringify({ name: 'p', version: '1.0.0', lockfileVersion: 3, packages: { '': { name: 'p', version: '1.0.0' }, 'node_modules/dep': entry } }))
  project.write('node_modules/.package-lock.json', JSON.stringify({ name: 'p', lockfileVersion: 3, packages: { 'node_modules/dep': entry } }))
  project.write('node_modules/dep/package.json', '{"name":"dep","version":"1.0.0"}')
  git('init', '-q')
  git('add', '-A')
  git('commit', '-qm', 'first')
  git('init', '-q', '--bare', 'remote')
  git('remote', 'add', 'origin', join(folder, 'remote'))
  const repository = await project.open()
  await repository.snapshot([{ path: 'a', content: 'one' }], { ref: 'data' })
  const options = { name: 'train', inputs: { train: 'data' }, config: { rate: 0.1 }, folder, variables: { PATH: process.env['PATH'] }, image: `sha256:${'a'.repeat(64)}` }
  const missing = async (more: object = {}): Promise<readonly string[]> => (await preflightRun(repository, { ...options, ...more })).items.filter(({ status }) => status === 'missing').map(({ id }) => id)
  const before = (await gather(repository.blocks.operations())).length
  expect(await missing()).toEqual(['committed', 'seed'])
  git('push', '-q', 'origin', 'HEAD')
  git('fetch', '-q', 'origin')
  expect(await missing({ seed: 7 })).toEqual([])
  writeFileSync(join(folder, 'train.mjs'), '// other code')
  project.write('node_modules/dep/package.json', '{"name":"dep","version":"2.0.0"}')
  project.write('node_modules/.package-lock.json', JSON.stringify({ name: 'p', lockfileVersion: 3, packages: { 'node_modules/dep': { ...entry, version: '2.0.0' } } }))
  expect(await missing({ seed: 7 })).toEqual(['committed', 'packages'])
  expect((await gather(repository.blocks.operations())).length).toBe(before)
  const run = await startRun(repository, { ...options, seed: 7 })
  await run.artifact('model', new Uint8Array([1]))
  await run.end()
  const { items } = await checkRun(repository, 'train', { level: 'reproducible' })
  expect(items.filter(({ status }) => status === 'missing').map(({ id }) => id)).toEqual(['provenance', 'evaluation', 'committed', 'disjoint', 'packages', 'variance'])
  expect(items.find(({ id }) => id === 'code')).toMatchObject({ status: 'proven', evidence: expect.stringContaining('and to the git tree') as string })
})
