import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { derive } from '../../../src/node/derive/derive.ts'
import { processExecutor } from '../../../src/node/execution/executor.ts'
import type { ExecutionJob } from '../../../src/node/execution/interface.ts'
import { explainRevision } from '../../../src/recipe/explain.ts'
import { capitals, Project } from './project.ts'

const SCHEMA = `const params = { '~standard': { version: 1, vendor: 'test', validate: (given) => ({ value: { size: 8, ...given } }) } }`

async function started(project: Project): Promise<Repository> {
  const repository = await project.open()
  await repository.snapshot([{ path: 'a.txt', content: 'first' }, { path: 'b/c.txt', content: 'second' }], { ref: 'raw' })
  return repository
}

async function textOf(repository: Repository, revision: string, path: string): Promise<string> {
  return new TextDecoder().decode(await repository.read(revision, path))
}

/** What each run of the derivation that made a dataset gave itself, whichever of them counts. */
async function ownRoots(repository: Repository, revision: string): Promise<readonly (string | undefined)[]> {
  return (await explainRevision(repository, revision)).runs.map(({ outputs }) => outputs[0]?.root)
}

function expectSame(roots: readonly (string | undefined)[], count: number): void {
  expect(roots).toEqual(Array.from({ length: count }, () => expect.stringMatching(/^b/) as string))
  expect(new Set(roots).size).toBe(1)
}

describe('a derivation', () => {
  it('is run once, and its outputs are the next snapshots of their refs', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('steps/capitals.mjs', capitals())
    const first = await project.derive(repository, 'steps/capitals.mjs', { ref: 'out', message: 'louder' })
    expect(first).toMatchObject({ status: 'ran', name: 'capitals', changes: [], open: [], outputs: [{ name: 'out', ref: 'out', evicted: false }] })
    expect(await textOf(repository, 'out', 'b/c.txt')).toBe('SECOND')
    const again = await project.derive(repository, 'steps/capitals.mjs', { ref: 'out' })
    expect(again).toMatchObject({ status: 'remembered', derivation: first.derivation, run: first.run, outputs: first.outputs })
    expect((await repository.log('out').next()).value).toMatchObject({ message: 'louder', source: { uri: `varve:${first.derivation}#out` } })
    expect(await explainRevision(repository, 'out')).toMatchObject({ derivation: first.derivation, output: 'out', code: { files: ['capitals.mjs', 'package.json'] }, runs: [{ status: 'succeeded' }] })
    // The log is kept, and no scratch folder.
    const [run] = (await explainRevision(repository, first.outputs[0]?.root ?? '')).runs
    expect(await textOf(repository, run?.log ?? '', 'stdout.txt')).toBe('wrote a.txt\nwrote b/c.txt\n')
    expect(readdirSync(join(project.folder, '.varve/cache/scratch'))).toEqual([])
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 30_000)

  it('is another one if an input, a parameter, the seed or code that it imports changes, and not if anything else does', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('steps/capitals.mjs', capitals({ head: `import { mark } from './lib/mark.mjs'\n${SCHEMA}`, fields: 'params, environment: \'none\',', extra: 'await outputs.out.write(\'mark\', mark + params.size)' }))
    project.write('steps/lib/mark.mjs', 'export const mark = \'x\'\n')
    project.write('steps/other.mjs', '// nothing')
    const ask = async (options = {}): Promise<string> => (await project.derive(repository, 'steps/capitals.mjs', { dryRun: true, ref: 'out', ...options })).status
    const { derivation } = await project.derive(repository, 'steps/capitals.mjs', { ref: 'out' })
    expect(await ask()).toBe('remembered')
    expect((await project.derive(repository, 'steps/capitals.mjs', { params: { size: 8 } })).derivation).toBe(derivation)
    project.write('steps/other.mjs', '// a comment')
    project.write('package-lock.json', '{"lockfileVersion":3,"packages":{}}')
    expect(await ask()).toBe('remembered')
    expect(await project.derive(repository, 'steps/capitals.mjs', { dryRun: true, ref: 'out', params: { size: 9 } })).toMatchObject({ status: 'stale', changes: [{ what: 'parameter', name: 'size', before: '8', after: '9' }] })
    expect(await ask({ seed: 1 })).toBe('stale')
    project.write('steps/lib/mark.mjs', 'export const mark = \'y\'\n')
    expect(await project.derive(repository, 'steps/capitals.mjs', { dryRun: true, ref: 'out' })).toMatchObject({ status: 'stale', changes: [{ what: 'code', name: 'lib/mark.mjs' }] })
    project.write('steps/lib/mark.mjs', 'export const mark = \'x\'\n')
    expect(await ask()).toBe('remembered')
    await repository.snapshot([{ path: 'a.txt', content: 'third' }], { ref: 'raw' })
    expect(await ask()).toBe('stale')
  }, 60_000)

  it('that is remembered and has its refs writes nothing to the repository, and neither does asking what would run', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('capitals.mjs', capitals())
    await project.derive(repository, 'capitals.mjs', { ref: 'out' })
    const folder = join(project.folder, '.varve')
    const written = (): readonly (readonly [string, bigint])[] => ['', ...(readdirSync(folder, { recursive: true, encoding: 'utf8' })).filter((path) => !path.startsWith('cache'))].sort().map((path) => [path, statSync(join(folder, path), { bigint: true }).mtimeNs] as const)
    const before = written()
    expect(before.map(([path]) => path)).toContain('sessions')
    expect((await project.derive(repository, 'capitals.mjs', { ref: 'out' })).status).toBe('remembered')
    expect((await project.derive(repository, 'capitals.mjs')).status).toBe('remembered')
    expect((await project.derive(repository, 'capitals.mjs', { ref: 'out', seed: 2, dryRun: true })).status).toBe('stale')
    expect(written()).toEqual(before)
    expect(await project.derive(repository, 'capitals.mjs', { ref: 'other' })).toMatchObject({ status: 'remembered', outputs: [{ ref: 'other', snapshot: expect.stringMatching(/^b/) as string }] })
    expect(written()).not.toEqual(before)
  }, 30_000)

  it('is remembered with as few reads from a large input as from a small one', async () => {
    await using project = new Project()
    const repository = await project.open()
    project.write('none.mjs', `export const none = { name: 'none', inputs: ['raw'], outputs: ['out'], run: ({ outputs }) => outputs.out.write('a', 'b') }`)
    const reads: number[] = []
    for (const files of [1, 1000]) {
      await repository.snapshot(Array.from({ length: files }, (_, number) => ({ path: `${number}.txt`, content: `row ${number}` })), { ref: 'raw' })
      const ask = () => project.derive(repository, 'none.mjs', { ref: `out-${files}` })
      expect((await ask()).status).toBe('ran')
      const spy = vi.spyOn(repository.blocks, 'get')
      expect((await ask()).status).toBe('remembered')
      reads.push(spy.mock.calls.length)
      spy.mockRestore()
    }
    expect(reads[0]).toBeGreaterThan(0)
    expect(reads[1]).toBe(reads[0])
  }, 30_000)

  it('that fails leaves its log, and no output', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('bad.mjs', capitals({ name: 'bad', extra: 'throw new Error(\'no luck\')' }))
    await expect(project.derive(repository, 'bad.mjs', { ref: 'out' })).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: expect.stringContaining('no luck') as string, data: { log: expect.stringContaining('wrote a.txt') as string } })
    expect(await repository.blocks.getRef('out')).toBeUndefined()
    expect(readdirSync(join(project.folder, '.varve/cache/scratch'))).toEqual([])
    // It is not remembered as a result.
    expect((await project.derive(repository, 'bad.mjs', { dryRun: true })).status).toBe('stale')
  }, 30_000)

  it('takes over no ref of data that was not derived, and then runs nothing', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('capitals.mjs', capitals())
    await repository.snapshot([{ path: 'own.txt', content: 'mine' }], { ref: 'own' })
    const refusal = { code: 'REF_CONFLICT', message: 'The ref own has data of its own: its newest snapshot was not derived, and no output takes its place', data: { ref: 'own' }, hint: expect.stringContaining('varve refs --delete own') as string }
    for (const options of [{}, { force: true }, { dryRun: true }]) await expect(project.derive(repository, 'capitals.mjs', { ref: 'own', ...options })).rejects.toMatchObject(refusal)
    expect(await project.derive(repository, 'capitals.mjs', { dryRun: true })).toMatchObject({ status: 'stale' })
    // What is remembered takes over none either, nor one that got its own snapshot after derived ones, or while it ran.
    await project.derive(repository, 'capitals.mjs', { ref: 'out' })
    await expect(project.derive(repository, 'capitals.mjs', { ref: 'own' })).rejects.toMatchObject(refusal)
    await repository.snapshot([{ path: 'own.txt', content: 'mine' }], { ref: 'out' })
    await expect(project.derive(repository, 'capitals.mjs', { ref: 'out' })).rejects.toMatchObject({ ...refusal, message: expect.any(String) as string, data: { ref: 'out' }, hint: expect.any(String) as string })
    const meanwhile = repository.snapshot.bind(repository)
    const executor = { execute: async (job: ExecutionJob) => { await meanwhile([{ path: 'own.txt', content: 'mine' }], { ref: 'later' }); return processExecutor.execute(job) } }
    await expect(project.derive(repository, 'capitals.mjs', { ref: 'later', seed: 2, executor })).rejects.toMatchObject({ code: 'REF_CONFLICT' })
    for (const ref of ['own', 'out', 'later']) expect(await textOf(repository, ref, 'own.txt')).toBe('mine')
    await repository.deleteRef('own')
    expect(await project.derive(repository, 'capitals.mjs', { ref: 'own' })).toMatchObject({ status: 'remembered', outputs: [{ ref: 'own' }] })
  }, 60_000)

  it('of an input that is no revision says what was meant: a ref of a similar name, or what was stored of a folder', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('capitals.mjs', capitals())
    const folder = join(project.folder, 'stations')
    project.write('stations/a.csv', '')
    await expect(project.derive(repository, 'capitals.mjs', { inputs: { raw: 'raww' } })).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'Did you mean "raw"? `varve refs` lists what exists.' })
    await expect(explainRevision(repository, 'rwa')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: expect.stringContaining('Did you mean "raw"?') as string })
    await expect(project.derive(repository, 'capitals.mjs', { inputs: { raw: 'quite-another' } })).rejects.toMatchObject({ code: 'NOT_FOUND', hint: expect.not.stringContaining('Did you mean') as string })
    await expect(project.derive(repository, 'capitals.mjs', { inputs: { raw: folder } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: `"${folder}" is a folder, and the input raw is a dataset of the repository`, hint: `Take \`varve snapshot ${folder}\` and write stations: the ref that it then has.` })
  }, 30_000)

  it('stores no code that looks like a password or a key', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('capitals.mjs', capitals({ head: `import { token } from './lib/.env.mjs'`, extra: 'log(token)' }))
    project.write('lib/.env.mjs', `export const token = 'secret'`)
    for (const name of ['.env', 'id_rsa', 'server.key', 'run.mjs']) project.write(name, '')
    await expect(project.derive(repository, 'capitals.mjs')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/code of capitals .*: lib\/\.env\.mjs$/) as string })
    const command = { name: 'command', command: ['node', 'run.mjs'], code: ['run.mjs', '.env', 'id_rsa', 'server.key'], folder: project.folder, inputs: ['raw'], outputs: ['out'], environment: 'none' as const }
    await expect(derive(repository, command, { inputs: { raw: 'raw' } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', data: { files: ['.env', 'id_rsa', 'server.key'] } })
    expect((await derive(repository, { ...command, code: ['run.mjs'] }, { inputs: { raw: 'raw' } })).status).toBe('ran')
  }, 30_000)

  it('whose recipe reads the clock is found out when it is run again, and both results are kept', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('clock.mjs', capitals({ name: 'clock', extra: 'await outputs.out.write(\'time\', String(Date.now()))' }))
    const first = await project.derive(repository, 'clock.mjs', { ref: 'out' })
    const error: unknown = await project.derive(repository, 'clock.mjs', { ref: 'out', force: true }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'DIVERGENCE', message: expect.stringContaining('time (changed)') as string, data: { differences: [{ output: 'out', path: 'time', change: 'changed' }], count: 1 } })
    const { runs } = await explainRevision(repository, 'out')
    expect(runs).toHaveLength(2)
    const roots = runs.map(({ outputs }) => outputs[0]?.root ?? '')
    expect(roots[0]).toBe(first.outputs[0]?.root)
    expect(roots[0]).not.toBe(roots[1])
    for (const root of roots) expect(await textOf(repository, root, 'a.txt')).toBe('FIRST')
    // The first one counts.
    expect((await project.derive(repository, 'clock.mjs')).outputs[0]?.root).toBe(roots[0])
    expect((await repository.resolve('out')).root.toString()).toBe(roots[0])
  }, 30_000)

  it('of a recipe that makes no such claim may differ; the first result counts', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('loose.mjs', capitals({ name: 'loose', fields: 'deterministic: false,', extra: 'await outputs.out.write(\'time\', String(process.hrtime.bigint()))' }))
    const first = await project.derive(repository, 'loose.mjs')
    expect(first).toMatchObject({ diverged: false, differed: false })
    const second = await project.derive(repository, 'loose.mjs', { force: true })
    expect(second).toMatchObject({ status: 'ran', run: first.run, outputs: first.outputs, diverged: true, differed: true })
    expect(await project.derive(repository, 'loose.mjs')).toMatchObject({ status: 'remembered', diverged: true, differed: false })
  }, 30_000)

  it('gives the same random numbers each time, by seed', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('dice.mjs', capitals({ name: 'dice', fields: 'deterministic: false,', extra: 'await outputs.out.write(\'dice\', [rng(\'a\').nextFloat(), Math.random()].join())' }))
    for (const options of [{ ref: 'out' }, { force: true }, { seed: 1, ref: 'other' }]) await project.derive(repository, 'dice.mjs', options)
    const roots = await ownRoots(repository, 'out')
    expectSame(roots, 2)
    expect(await ownRoots(repository, 'other')).not.toContain(roots[0])
  }, 30_000)

  it('runs on a copy of its code: what was not declared is not there', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('secret.txt', 'on this machine only')
    project.write('reads.mjs', capitals({ name: 'reads', head: 'import { readFileSync } from \'node:fs\'', extra: 'readFileSync([\'secret\', \'txt\'].join(\'.\'))' }))
    await expect(project.derive(repository, 'reads.mjs')).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: expect.stringContaining('ENOENT') as string })
    expect(existsSync(join(project.folder, 'secret.txt'))).toBe(true)
  }, 30_000)

  it('refuses inputs, outputs and refs that the recipe does not have', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('capitals.mjs', capitals())
    const refusals = [{ inputs: {} }, { inputs: { raw: 'raw', more: 'raw' } }, { inputs: { raw: 'raw:a.txt' } }, { ref: { other: 'x' } }, { ref: 'tag@v1' }]
    for (const options of refusals) await expect(project.derive(repository, 'capitals.mjs', options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(project.derive(repository, 'capitals.mjs', { inputs: { raw: 'nothing' } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(project.derive(repository, 'absent.mjs')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(project.derive(repository, 'capitals.mjs#other')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', hint: 'It exports capitals.' })
  }, 30_000)
})

describe('a command', () => {
  const python = spawnSync('python3', ['--version']).status === 0

  it.skipIf(!python)('in another language is run, and the program that it starts is part of it', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('count.py', 'import os, sys\nsource, target, times = sys.argv[1:]\nopen(os.path.join(target, "n"), "w").write(str(len(os.listdir(source)) * int(times)))\n')
    const recipe = { name: 'count', command: ['python3', 'count.py', '{inputs.raw}', '{outputs.out}', '{params.times}'], code: ['count.py'], folder: project.folder, inputs: ['raw'], outputs: ['out'] }
    const ask = () => derive(repository, recipe, { inputs: { raw: 'raw' }, params: { times: 3 }, ref: 'out' })
    expect((await ask()).status).toBe('ran')
    expect(await textOf(repository, 'out', 'n')).toBe('6')
    project.write('package-lock.json', '{"lockfileVersion":3,"packages":{}}')
    expect((await ask()).status).toBe('remembered')
    const { environment } = await explainRevision(repository, 'out')
    expect(environment.facts).toMatchObject({ program: expect.stringMatching(/^[0-9a-f]{64}$/) as string, 'lock-file': 'none' })
    expect(environment.facts).not.toHaveProperty('node')
    project.write('requirements.txt', 'numpy==2.0.0')
    expect(await ask()).toMatchObject({ status: 'ran', changes: [{ what: 'environment', name: 'lock-file' }] })
  }, 30_000)

  it('is said to load from node_modules only if it is a program that does, and is tied to a lock file of its language', async () => {
    await using project = new Project()
    const repository = await started(project)
    project.write('prep.py', '')
    project.write('page.js', '')
    project.write('node_modules/left/package.json', '{"name":"left","version":"1.0.0"}')
    const ask = async (program: string) => {
      const { open, lockFile } = await derive(repository, { name: 'prep', command: [program, 'prep.py'], code: ['*.py', '*.js'], folder: project.folder, inputs: ['raw'], outputs: ['out'] }, { inputs: { raw: 'raw' }, dryRun: true })
      return [open.length, lockFile === null ? null : basename(lockFile)]
    }
    expect([await ask('node'), await ask('python3'), await ask('sh')]).toEqual([[1, null], [0, null], [0, null]])
    project.write('package-lock.json', '{"lockfileVersion":3,"packages":{}}')
    expect([await ask('node'), await ask('/usr/bin/python3.12'), await ask('sh')]).toEqual([[0, 'package-lock.json'], [0, null], [0, 'package-lock.json']])
    project.write('uv.lock', '')
    expect([await ask('node'), await ask('python3'), await ask('sh')]).toEqual([[0, 'package-lock.json'], [0, 'uv.lock'], [0, 'package-lock.json']])
  }, 30_000)

  it('that starts a container is tied to the digest of its image, and a tag is refused', async () => {
    await using project = new Project()
    const repository = await started(project)
    const digest = `sha256:${'a'.repeat(64)}`
    const ask = (image: string) => derive(repository, { name: 'boxed', command: ['docker', 'run', image, 'prep'], code: [], folder: project.folder, inputs: ['raw'], outputs: ['out'], environment: 'image' }, { inputs: { raw: 'raw' }, dryRun: true })
    expect(await ask(`python@${digest}`)).toMatchObject({ status: 'stale' })
    await expect(ask('python:3.12')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', hint: expect.stringContaining('@sha256:') as string })
    await expect(derive(repository, { name: 'bare', command: ['true'], code: [], folder: project.folder, inputs: ['raw'], outputs: ['out'], environment: 'image' }, { inputs: { raw: 'raw' }, dryRun: true })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('is refused inputs whose data garbage collection removed', async () => {
    await using project = new Project()
    const repository = await started(project)
    await repository.snapshot([{ path: 'a.txt', content: 'other' }], { ref: 'raw' })
    await repository.collectGarbage({ keepLast: 1, graceMs: 0 })
    const recipe = { name: 'true', command: ['true'], code: [], folder: project.folder, inputs: ['raw'], outputs: ['out'], environment: 'none' as const }
    await expect(derive(repository, recipe, { inputs: { raw: 'raw~1' } })).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('garbage collection removed') as string })
  })
})
