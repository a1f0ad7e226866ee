import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { processExecutor } from '../../../src/node/execution/executor.ts'
import type { Executor } from '../../../src/node/execution/interface.ts'
import { explainRevision } from '../../../src/recipe/explain.ts'
import { forgetDerivations } from '../../../src/recipe/forget-derivations.ts'
import { PROGRESS_REF } from '../../../src/recipe/map/map-progress.ts'
import { Project } from './project.ts'

const FILES = 40

/** Fails at the file that `stop` names, and notes each call in `calls`: both are outside of what the recipe declares, so that it stays the same. */
function recipe(project: Project, { fields = 'map: \'file\'', wrong = '' } = {}): string {
  const body = 'const name = file?.path ?? String(shard.index)\nappendFileSync(CALLS, `${name}\\n`)\nif (existsSync(STOP) && readFileSync(STOP, \'utf8\') === name) { WRONG; throw new Error(\'stopped here\') }'.replace('WRONG', wrong)
  return `import { defineRecipe } from 'varve'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
const [CALLS, STOP] = ${JSON.stringify(['calls', 'stop'].map((name) => join(project.folder, name)))}
export const map = defineRecipe({ name: 'map', ${fields}, inputs: ['raw'], outputs: ['out', 'log'], environment: 'none', async run({ inputs, file, shard, outputs }) {
${body}
for await (const path of inputs.raw.files()) await outputs.out.write(path, new TextDecoder().decode(await inputs.raw.read(path)).toUpperCase())
if (!name.endsWith('3.txt')) await outputs.log.write(name, 'done')
} })
`
}

const contents = (changed: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({ ...Object.fromEntries(Array.from({ length: FILES }, (_none, at) => [`${at % 4}/${String(at).padStart(2, '0')}.txt`, `file ${at}`])), ...changed })

async function store(repository: Repository, files = contents()): Promise<void> {
  await repository.snapshot(Object.entries(files).map(([path, content]) => ({ path, content })), { ref: 'raw' })
}

async function begun(project: Project, options: Parameters<typeof recipe>[1] = {}): Promise<Repository> {
  const repository = await project.open()
  await store(repository)
  project.write('map.mjs', recipe(project, options))
  return repository
}

function takeCalls(project: Project): string[] {
  const path = join(project.folder, 'calls')
  const calls = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  rmSync(path, { force: true })
  return calls
}

const ONE = { processes: 1, ref: { out: 'out', log: 'log' } }

describe('a run of a map recipe that fails', () => {
  it('stores no output, and keeps what its units gave: the next run goes on from there, with the root of a full one', async () => {
    await using project = new Project()
    const repository = await begun(project)
    project.write('stop', '2/22.txt')
    await expect(project.derive(repository, 'map.mjs', ONE)).rejects.toMatchObject({ code: 'RECIPE_FAILED', data: { unitsKept: 25 }, hint: expect.stringContaining('What 25 units gave is kept') as string })
    expect(takeCalls(project).slice(0, 26)).toHaveLength(26)
    for (const ref of ['out', 'log']) await expect(repository.show(ref)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await project.derive(repository, 'map.mjs', { ...ONE, dryRun: true })).toMatchObject({ status: 'stale', outputs: [] })
    rmSync(join(project.folder, 'stop'))
    // No ref of the user leads there, and nothing of it is garbage.
    await repository.collectGarbage({ graceMs: 0 })
    const { units, outputs, derivation } = await project.derive(repository, 'map.mjs', ONE)
    expect([units, takeCalls(project)]).toEqual([{ total: FILES, ran: 15, remembered: 25 }, expect.not.arrayContaining(['0/00.txt', '2/18.txt'])])
    expect((await explainRevision(repository, 'out')).runs.at(-1)).toMatchObject({ units: { ran: 15, remembered: 25, basis: derivation } })
    expect(await repository.blocks.getRef(PROGRESS_REF).then((tree) => tree === undefined ? 0 : repository.blocks.get(tree).then((bytes) => bytes.length))).toBeLessThan(60)
    // Another result would be a DivergenceError.
    expect(await project.derive(repository, 'map.mjs', { force: true })).toMatchObject({ units: { ran: FILES }, outputs: outputs.map(({ root }) => ({ root })) })
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 60_000)

  it('may fail again further on, and its input may change meanwhile', async () => {
    await using project = new Project()
    const repository = await begun(project)
    await project.derive(repository, 'map.mjs', ONE)
    await store(repository, contents({ '0/00.txt': 'a', '1/05.txt': 'b', '2/06.txt': 'c', '3/07.txt': 'd' }))
    takeCalls(project)
    for (const [stop, kept] of [['1/05.txt', 1], ['3/07.txt', 2]] as const) {
      project.write('stop', stop)
      await expect(project.derive(repository, 'map.mjs', ONE)).rejects.toMatchObject({ data: { unitsKept: kept } })
    }
    rmSync(join(project.folder, 'stop'))
    takeCalls(project)
    const changed = contents({ '0/00.txt': 'a', '1/05.txt': 'e', '2/06.txt': 'c', '3/07.txt': 'd' })
    await store(repository, changed)
    const { outputs } = await project.derive(repository, 'map.mjs', ONE)
    expect(takeCalls(project)).toEqual(['1/05.txt', '3/07.txt'])
    expect(await project.derive(repository, 'map.mjs', { force: true })).toMatchObject({ outputs: outputs.map(({ root }) => ({ root })) })
  }, 60_000)

  it('keeps the shards that are done, and does those again of which a file is gone', async () => {
    await using project = new Project()
    const repository = await begun(project, { fields: 'map: { shards: 8 }' })
    await project.derive(repository, 'map.mjs', ONE)
    const { '0/00.txt': _one, '1/01.txt': _two, '2/02.txt': _three, '3/03.txt': _four, ...fewer } = contents()
    await store(repository, fewer)
    takeCalls(project)
    const changed = (await project.derive(repository, 'map.mjs', { ...ONE, dryRun: true })).status
    expect(changed).toBe('stale')
    // The last of the shards that changed.
    const shards: number[] = []
    const watching: Executor = {
      async execute(job) {
        const units = job.units
        if (units === undefined) throw new Error('It has units')
        const all = []
        for await (const unit of units.units) all.push(unit)
        shards.push(...all.map(({ shard }) => shard?.index ?? -1))
        project.write('stop', String(shards.at(-1)))
        return processExecutor.execute({ ...job, units: { ...units, units: all } })
      },
    }
    await expect(project.derive(repository, 'map.mjs', { ...ONE, executor: watching })).rejects.toThrow('stopped here')
    expect(shards.length).toBeGreaterThan(1)
    rmSync(join(project.folder, 'stop'))
    takeCalls(project)
    const { outputs } = await project.derive(repository, 'map.mjs', ONE)
    expect(takeCalls(project)).toEqual([String(shards.at(-1))])
    expect(await project.derive(repository, 'map.mjs', { force: true })).toMatchObject({ outputs: outputs.map(({ root }) => ({ root })) })
  }, 60_000)

  it('keeps nothing if it was not hermetic', async () => {
    await using project = new Project()
    const repository = await begun(project, { wrong: 'writeFileSync(new URL(\'./more.txt\', import.meta.url), \'more\')' })
    project.write('stop', '2/22.txt')
    await expect(project.derive(repository, 'map.mjs', ONE)).rejects.toMatchObject({ code: expect.stringMatching(/NOT_HERMETIC|RECIPE_FAILED/) as string, data: expect.not.objectContaining({ unitsKept: expect.anything() as unknown }) as unknown })
    expect(await repository.blocks.getRef(PROGRESS_REF)).toBeUndefined()
  }, 60_000)

  it('lets go of it with forgotten derivations, also if none is forgotten', async () => {
    await using project = new Project()
    const repository = await begun(project)
    project.write('stop', '3/03.txt')
    await expect(project.derive(repository, 'map.mjs', ONE)).rejects.toThrow('stopped here')
    expect(await forgetDerivations(repository.blocks)).toHaveLength(1)
    expect(await repository.blocks.getRef(PROGRESS_REF)).toBeUndefined()
    rmSync(join(project.folder, 'stop'))
    expect(await project.derive(repository, 'map.mjs', ONE)).toMatchObject({ units: { ran: FILES } })
    await store(repository, contents({ '0/00.txt': 'a', '3/07.txt': 'd' }))
    const controller = new AbortController()
    await expect(project.derive(repository, 'map.mjs', { ...ONE, signal: controller.signal, onProgress: () => controller.abort() })).rejects.toThrow()
    expect(await repository.blocks.getRef(PROGRESS_REF)).toBeDefined()
    expect(await forgetDerivations(repository.blocks)).toEqual([])
    expect(await repository.blocks.getRef(PROGRESS_REF)).toBeUndefined()
    expect(await forgetDerivations(repository.blocks)).toEqual([])
  }, 60_000)
})

describe('a run of a map recipe that is stopped', () => {
  it.each([1, 3])('by %i processes is gone on with', async (processes) => {
    await using project = new Project()
    const repository = await begun(project)
    const controller = new AbortController()
    const onProgress = ({ done }: { done?: number }): void => void (done === 20 && controller.abort())
    await expect(project.derive(repository, 'map.mjs', { ...ONE, processes, signal: controller.signal, onProgress: onProgress as never })).rejects.toMatchObject({ name: 'AbortError' })
    takeCalls(project)
    const { units, outputs } = await project.derive(repository, 'map.mjs', ONE)
    expect(units).toMatchObject({ total: FILES, ran: takeCalls(project).length })
    expect(units?.remembered).toBeGreaterThanOrEqual(20)
    expect(await project.derive(repository, 'map.mjs', { force: true })).toMatchObject({ outputs: outputs.map(({ root }) => ({ root })) })
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 60_000)
})
