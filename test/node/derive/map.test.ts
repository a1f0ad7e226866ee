import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { reconstruct } from '../../../src/node/derive/reconstruct.ts'
import { inProcessExecutor, processExecutor } from '../../../src/node/execution/executor.ts'
import type { ExecutionJob, Executor, Unit } from '../../../src/node/execution/interface.ts'
import { explainRevision } from '../../../src/recipe/explain.ts'
import { forgetDerivations } from '../../../src/recipe/forget-derivations.ts'
import { evictDerived, Project } from './project.ts'

type Contents = Readonly<Record<string, string>>

function recipe(body: string, { fields = "map: 'file'", head = '' }: { readonly fields?: string; readonly head?: string } = {}): string {
  return `import { defineRecipe } from 'varve'
${head}
export const map = defineRecipe({ name: 'map', ${fields}, inputs: ['raw'], outputs: ['out'], environment: 'none', async run({ inputs, file, shard, outputs, rng }) { ${body} } })
`
}

const CAPITALS = recipe(`await outputs.out.write(file.path, new TextDecoder().decode(await file.read()).toUpperCase() + rng('x').nextInt(1000))`)

function numbered(count: number, changed: Contents = {}): Contents {
  return { ...Object.fromEntries(Array.from({ length: count }, (_none, number) => [`${number % 4}/${number}.txt`, `file ${number}`])), ...changed }
}

async function store(repository: Repository, contents: Contents, ref = 'raw'): Promise<void> {
  await repository.snapshot(Object.entries(contents).map(([path, content]) => ({ path, content })), { ref })
}

async function textOf(repository: Repository, ref: string, path: string): Promise<string> {
  return new TextDecoder().decode(await repository.read(ref, path))
}

async function begun(project: Project, contents: Contents, code = CAPITALS): Promise<Repository> {
  const repository = await project.open()
  await store(repository, contents)
  project.write('map.mjs', code)
  return repository
}

describe('a map recipe', () => {
  it('runs the files that changed alone, with the root of a full run', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(40))
    expect(await project.derive(repository, 'map.mjs', { ref: 'out' })).toMatchObject({ status: 'ran', units: { total: 40, ran: 40, remembered: 0 } })
    expect(await textOf(repository, 'out', '3/7.txt')).toMatch(/^FILE 7\d+$/)

    const { '0/4.txt': _gone, ...kept } = numbered(40, { '1/1.txt': 'changed', 'new/file.txt': 'new' })
    await store(repository, kept)
    const partial = await project.derive(repository, 'map.mjs', { ref: 'out' })
    expect(partial).toMatchObject({ status: 'ran', units: { total: 40, ran: 2, remembered: 38 } })
    expect(await project.derive(repository, 'map.mjs')).toMatchObject({ status: 'remembered', units: { total: 40, ran: 0, remembered: 40 } })
    // A different result would be a DivergenceError.
    expect(await project.derive(repository, 'map.mjs', { force: true, processes: 3 })).toMatchObject({ status: 'ran', outputs: [{ root: partial.outputs[0]?.root }] })
    expect((await explainRevision(repository, 'out')).runs).toMatchObject([{ units: { ran: 2, remembered: 38, basis: expect.stringContaining('bafy') as string } }, { units: { ran: 40, remembered: 0, basis: null } }])
    expect([await textOf(repository, 'out', '1/1.txt'), (await repository.show('out')).files]).toEqual([expect.stringMatching(/^CHANGED/), 40])
    await expect(textOf(repository, 'out', '0/4.txt')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  }, 30_000)

  it('does everything again when its code, parameters or other inputs change, and when the earlier result is gone', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(8))
    await project.derive(repository, 'map.mjs')
    await store(repository, numbered(8, { '0/0.txt': 'changed' }))
    expect(await project.derive(repository, 'map.mjs', { seed: 1 })).toMatchObject({ units: { ran: 8 } })
    writeFileSync(join(project.folder, 'map.mjs'), `${CAPITALS}// more\n`)
    expect(await project.derive(repository, 'map.mjs')).toMatchObject({ units: { ran: 8 } })
    expect((await evictDerived(repository)).length).toBe(3)
    await store(repository, numbered(8, { '0/0.txt': 'changed again' }))
    expect(await project.derive(repository, 'map.mjs')).toMatchObject({ units: { ran: 8, remembered: 0 } })
  }, 30_000)

  it('is forgotten with the results that later runs would take over', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(8))
    await project.derive(repository, 'map.mjs')
    expect(await forgetDerivations(repository.blocks)).toHaveLength(1)
    const kept = (await repository.collectGarbage({ graceMs: 0 })).live.blocks
    await store(repository, numbered(8, { '0/0.txt': 'changed' }))
    expect(await project.derive(repository, 'map.mjs', { ref: 'out' })).toMatchObject({ units: { ran: 8, remembered: 0 } })
    await store(repository, numbered(8))
    expect(await project.derive(repository, 'map.mjs')).toMatchObject({ units: { ran: 1, remembered: 7 } })
    // What a ref leads to stays, and so does what the next run can take from it.
    expect(await forgetDerivations(repository.blocks)).toHaveLength(1)
    expect((await repository.collectGarbage({ graceMs: 0 })).live.blocks).toBeGreaterThan(kept)
    expect(await repository.verify()).toMatchObject({ ok: true })
    await repository.deleteRef('out')
    expect(await forgetDerivations(repository.blocks)).toHaveLength(1)
    await repository.collectGarbage({ graceMs: 0 })
    expect(await project.derive(repository, 'map.mjs')).toMatchObject({ status: 'ran', units: { ran: 8, remembered: 0 } })
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 30_000)

  it('whose result was put together from parts is made again as a whole', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(8))
    await project.derive(repository, 'map.mjs', { ref: 'out' })
    await store(repository, numbered(8, { '0/0.txt': 'changed' }))
    const { outputs } = await project.derive(repository, 'map.mjs', { ref: 'out' })
    expect(await evictDerived(repository)).toHaveLength(2)
    const { root, steps } = await reconstruct(repository, 'out', { modules: project.folder })
    expect([root, steps.length]).toEqual([outputs[0]?.root, 1])
    expect(await textOf(repository, 'out', '0/0.txt')).toMatch(/^CHANGED/)
  }, 30_000)

  it('keeps what it took over, though the result that it is from is dropped while it runs', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(8))
    await project.derive(repository, 'map.mjs')
    await store(repository, numbered(8, { '0/0.txt': 'changed' }))
    const other = await project.open()
    const dropping: Executor = {
      async execute(job) {
        expect(job.units?.count).toBe(1)
        expect(await evictDerived(other)).toHaveLength(1)
        return processExecutor.execute(job)
      },
    }
    expect(await project.derive(repository, 'map.mjs', { ref: 'out', executor: dropping })).toMatchObject({ units: { ran: 1, remembered: 7 } })
    // What it took over belongs to two results now, of which one was dropped.
    await other.collectGarbage({ graceMs: 0 })
    for (const path of Object.keys(numbered(8))) expect(await textOf(repository, 'out', path)).toMatch(path === '0/0.txt' ? /^CHANGED/ : /^FILE/)
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 30_000)

  it('is caught if what it gives for a file depends on what it did before', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(4), recipe(`await outputs.out.write(file.path, String(++count))`, { head: 'let count = 0' }))
    await project.derive(repository, 'map.mjs', { processes: 1 })
    await store(repository, numbered(4, { '3/3.txt': 'changed' }))
    await project.derive(repository, 'map.mjs', { processes: 1 })
    await expect(project.derive(repository, 'map.mjs', { processes: 1, force: true })).rejects.toMatchObject({ code: 'DIVERGENCE', data: { differences: [{ path: '3/3.txt', change: 'changed' }] } })
  }, 30_000)

  it('may be applied to shards, of which those with changes run', async () => {
    await using project = new Project()
    const body = `const lines = []; for await (const path of inputs.raw.files()) lines.push(path + ' ' + new TextDecoder().decode(await inputs.raw.read(path))); await outputs.out.write(shard.index + '.txt', lines.join('\\n'))`
    const repository = await begun(project, numbered(40), recipe(body, { fields: 'map: { shards: 5 }' }))
    expect(await project.derive(repository, 'map.mjs', { ref: 'out' })).toMatchObject({ units: { total: 5, ran: 5 } })
    await store(repository, numbered(40, { '1/1.txt': 'changed' }))
    const { outputs, units } = await project.derive(repository, 'map.mjs', { ref: 'out' })
    expect(units).toEqual({ total: 5, ran: 1, remembered: 4 })
    expect(await project.derive(repository, 'map.mjs', { force: true })).toMatchObject({ outputs: [{ root: outputs[0]?.root }], units: { ran: 5 } })
    const all = (await Promise.all([0, 1, 2, 3, 4].map((index) => textOf(repository, 'out', `${index}.txt`)))).join('\n').split('\n')
    expect(all.length).toBe(40)
    expect(all).toContain('1/1.txt changed')
  }, 30_000)

  it('whose calls write the same path fails, now or on top of an earlier run', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(3), recipe('await outputs.out.write(\'same\', file.path)'))
    await expect(project.derive(repository, 'map.mjs')).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: expect.stringContaining('both wrote same') as string })
    project.write('map.mjs', recipe('await outputs.out.write(new TextDecoder().decode(await file.read()).slice(0, 6), file.path)'))
    await project.derive(repository, 'map.mjs')
    await store(repository, numbered(3, { '1/1.txt': 'file 2' }))
    await expect(project.derive(repository, 'map.mjs')).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: expect.stringContaining('both wrote file 2') as string })
  }, 30_000)

  it('fails if what a call leaves cannot be stored, and says for which part', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(2), recipe(`const { execFileSync } = await import('node:child_process'); execFileSync('mkfifo', [outputs.out.path + '/pipe'])`))
    await expect(project.derive(repository, 'map.mjs')).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: expect.stringMatching(/cannot be stored: .*out.pipe of 0.0.txt is a device/) as string })
    project.write('map.mjs', recipe(`const { rmSync } = await import('node:fs'); rmSync(outputs.out.path, { recursive: true })`))
    await expect(project.derive(repository, 'map.mjs')).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: expect.stringContaining('left something else there') as string })
  }, 30_000)

  it.skipIf(process.platform !== 'linux')('takes names that are no text, and files that may be executed', async () => {
    await using project = new Project()
    const name = Buffer.from([0x66, 0xff])
    project.write('data/run.sh', 'echo')
    writeFileSync(Buffer.concat([Buffer.from(`${project.folder}/data/`), name]), 'odd', { mode: 0o755 })
    const repository = await project.open()
    await repository.snapshot(join(project.folder, 'data'), { ref: 'raw' })
    project.write('map.mjs', recipe(`const { statSync } = await import('node:fs'); await outputs.out.write(file.path, (await file.read()).length + ' ' + rng('x').nextInt(10))`))
    expect(await project.derive(repository, 'map.mjs', { ref: 'out' })).toMatchObject({ units: { ran: 2 } })
    const paths: string[] = []
    for await (const { path } of repository.entries('out')) paths.push(path)
    const raw: string[] = []
    for await (const { path } of repository.entries('raw')) raw.push(path)
    expect(paths).toEqual(raw)
  }, 30_000)
})

describe('an executor', () => {
  it('may be this process', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(6))
    const here = await project.derive(repository, 'map.mjs', { executor: inProcessExecutor })
    expect(await project.derive(repository, 'map.mjs', { force: true })).toMatchObject({ outputs: [{ root: here.outputs[0]?.root }] })
  }, 30_000)

  it('may be a queue that takes the units to several places', async () => {
    await using project = new Project()
    const repository = await begun(project, numbered(12))
    const places: string[][] = [[], []]
    // Each place stands for another machine: it has its share of the units done by an executor of its own.
    const queue: Executor = {
      async execute(job: ExecutionJob) {
        const { units } = job
        if (units === undefined) return processExecutor.execute(job)
        const shares: Unit[][] = places.map(() => [])
        let next = 0
        for await (const unit of units.units) shares[next++ % places.length]?.push(unit)
        let last = await processExecutor.execute({ ...job, units: { ...units, units: [], count: 0 } })
        for (const [at, share] of shares.entries()) {
          places[at]?.push(...share.map(({ name }) => name))
          last = await processExecutor.execute({ ...job, units: { ...units, units: share, count: share.length } })
        }
        return last
      },
    }
    const { outputs, units } = await project.derive(repository, 'map.mjs', { executor: queue })
    expect([units?.ran, places.map((names) => names.length)]).toEqual([12, [6, 6]])
    expect(await project.derive(repository, 'map.mjs', { force: true })).toMatchObject({ outputs: [{ root: outputs[0]?.root }] })
  }, 30_000)
})
