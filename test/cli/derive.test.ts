import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, newFolder, runCli, runJson } from './run-cli.ts'

interface Step {
  readonly step: string
  readonly status: string
  readonly outputs: readonly { readonly root: string; readonly ref: string }[]
  readonly changes: readonly { readonly what: string; readonly name: string }[]
}

/** The pipeline of the examples, with two small files to work on. */
async function project(): Promise<string> {
  const cwd = newFolder()
  cpSync(resolve('examples/pipeline'), cwd, { recursive: true })
  const raw = newFolder()
  for (const name of ['north', 'south']) writeFileSync(join(raw, `${name}.csv`), `day,celsius\n2024-01-01,3\n2024-01-02,999\n2024-01-03,${name.length}\n`)
  await runJson(['snapshot', raw, '--ref', 'stations'], { cwd })
  return cwd
}

const statuses = (steps: readonly Step[]): Record<string, string> => Object.fromEntries(steps.map(({ step, status }) => [step, status]))

describe('a pipeline', () => {
  test('is run, remembered, explained, dropped and made again', async () => {
    const cwd = await project()
    expect((await runCli(['status'], { cwd })).stdout).toMatch(/^stale +parse\n {2}it has not been run like this\nwaiting +clean {2}for parse\n/)
    const first = await runJson<{ ok: boolean; steps: readonly Step[] }>(['repro', '--jobs', '2'], { cwd })
    expect(new Set(Object.values(statuses(first.steps)))).toEqual(new Set(['ran']))
    const again = await runJson<{ steps: readonly Step[] }>(['repro'], { cwd })
    expect(new Set(Object.values(statuses(again.steps)))).toEqual(new Set(['remembered']))
    expect(again.steps.map(({ outputs }) => outputs)).toEqual(first.steps.map(({ outputs }) => outputs))

    expect((await runCli(['explain', 'clean/rows'], { cwd })).stdout).toMatch(/^parameter +lowest = -40$/m)
    expect(await runJson(['explain', 'stations'], { cwd }).catch((error: unknown) => String(error))).toMatch(/was not derived/)

    appendFileSync(join(cwd, 'steps/lib/rows.mjs'), '// a comment\n')
    const status = await runJson<{ steps: readonly Step[] }>(['status'], { cwd })
    expect(status.steps[0]).toMatchObject({ step: 'parse', status: 'stale', changes: [{ what: 'code', name: 'lib/rows.mjs' }] })
    expect(await runCli(['status', '--exit-code'], { cwd })).toMatchObject({ code: 1 })
    writeFileSync(join(cwd, 'steps/lib/rows.mjs'), readFileSync(resolve('examples/pipeline/steps/lib/rows.mjs')))

    const dry = await runCli(['gc', '--evict', 'derived', '--dry-run'], { cwd })
    expect(dry.stdout).toMatch(/^kept parse → rows bafy\w+: it was realised once only/m)
    expect((await runJson<{ evictedRoots: unknown[] }>(['gc', '--evict', 'derived', '--trust-once', '--grace', '0s'], { cwd })).evictedRoots).toHaveLength(6)
    expect(await runCli(['cat', 'features/test/features:north.jsonl'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringContaining('varve reconstruct') as string })
    expect((await runCli(['reconstruct', 'features/test/features'], { cwd })).stdout).toMatch(/ran parse: .*\n.*ran clean: .*\n.*ran split: .*\n.*ran features: /)
    expect(await runCli(['cat', 'clean/rows:south.jsonl'], { cwd })).toMatchObject({ code: 0, stdout: '{"day":"2024-01-01","celsius":3}\n{"day":"2024-01-03","celsius":5}\n' })
    expect(await runCli(['checkout', 'features/train/features', 'out', '--reconstruct'], { cwd })).toMatchObject({ code: 0 })
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  }, 120_000)

  test('runs what depends on a parameter that was set, and only that', async () => {
    const cwd = await project()
    await runJson(['repro', 'clean'], { cwd })
    const { steps } = await runJson<{ steps: readonly Step[] }>(['repro', 'clean', '--set', 'clean.highest=4', '--dry-run'], { cwd })
    expect(statuses(steps)).toEqual({ parse: 'remembered', clean: 'stale' })
    expect(await runCli(['repro', '--set', 'clean.hihgest=4'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('highest') as string })
  }, 60_000)

  test('ends with 1 and says why when a step fails, and leaves out what needs it', async () => {
    const cwd = await project()
    writeFileSync(join(cwd, 'steps/clean.mjs'), readFileSync(join(cwd, 'steps/clean.mjs'), 'utf8').replace('async run({', 'async run() { throw new Error(\'no luck\') }, async other({').replace('async other', 'other: async'))
    const broken = await runCli(['repro'], { cwd })
    expect(broken.code).toBe(1)
    writeFileSync(join(cwd, 'steps/clean.mjs'), readFileSync(resolve('examples/pipeline/steps/clean.mjs'), 'utf8').replace('async run({ inputs, outputs, params }) {', 'async run({ inputs, outputs, params }) {\n    throw new Error(\'no luck\')'))
    const failed = await runCli(['repro', '--json'], { cwd })
    expect(failed.code).toBe(1)
    const { steps } = JSON.parse(failed.stdout) as { steps: readonly Step[] }
    expect(statuses(steps)).toEqual({ parse: 'remembered', clean: 'failed', split: 'skipped', 'features@train': 'skipped', 'features@test': 'skipped' })
    expect(steps[1]).toMatchObject({ error: { code: 'RECIPE_FAILED', message: expect.stringContaining('no luck') as string } })
  }, 60_000)

  test('that is wrong is refused with every problem, by line and column', async () => {
    const cwd = newFolder()
    await runJson(['init'], { cwd })
    writeFileSync(join(cwd, 'varve.yaml'), 'steps:\n  a:\n    recipe: ./a.mjs\n    inputs: { x: b.y }\n    seeed: 1\n')
    const run = await runCli(['repro'], { cwd })
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(/varve\.yaml:5:5: .*seeed/)
    expect(errorOf(await runCli(['repro', '--json'], { cwd }))).toMatchObject({ code: 'INVALID_PIPELINE' })
    expect(await runCli(['graph', '--file', 'absent.yaml'], { cwd })).toMatchObject({ code: 3 })
  })
})

test('derive runs a recipe without a pipeline, and takes its parameters and seed', async () => {
  const cwd = await project()
  const derived = await runJson<{ status: string; outputs: readonly { ref: string }[] }>(['derive', 'steps/parse.mjs', '--input', 'raw=stations', '--ref', 'rows', '--seed', '7'], { cwd })
  expect(derived).toMatchObject({ status: 'ran', outputs: [{ ref: 'rows' }] })
  expect(await runCli(['derive', 'steps/parse.mjs', '--input', 'raw=stations', '--ref', 'rows', '--seed', '7'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringContaining('remembered') as string })
  expect(await runJson(['derive', 'steps/clean.mjs', '--input', 'rows=rows', '--set', 'lowest=5'], { cwd })).toMatchObject({ status: 'ran' })
  expect(await runCli(['derive', 'steps/clean.mjs', '--input', 'rows=rows', '--set', 'lowest=low'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('must be a known number') as string })
  expect(await runCli(['derive', 'steps/clean.mjs', '--input', 'rows'], { cwd })).toMatchObject({ code: 2 })
  expect((await runCli(['graph', '--format', 'mermaid'], { cwd })).stdout).toMatch(/^flowchart /)
}, 60_000)

test('gc says which data of old snapshots derivations keep, and forgets those to whose results no ref leads', async () => {
  const cwd = newFolder()
  cpSync(resolve('examples/pipeline'), cwd, { recursive: true })
  const raw = newFolder()
  for (const day of ['1', '2']) {
    writeFileSync(join(raw, 'north.csv'), `day,celsius\n2024-01-0${day},3\n`)
    await runJson(['snapshot', raw, '--ref', 'stations'], { cwd })
    await runJson(['derive', 'steps/parse.mjs', '--input', 'raw=stations', '--ref', 'rows'], { cwd })
  }
  const kept = await runCli(['gc', '--keep-last', '1', '--dry-run'], { cwd })
  expect(kept.stdout.match(/^would drop baf\w+ .*: its data is kept by a derivation of parse, baf\w+$/gm)).toHaveLength(2)
  expect(kept.stdout).toMatch(/^ {2}`--forget derivations` lets go of those to whose results no ref leads$/m)
  const planned = await runCli(['gc', '--keep-last', '1', '--forget', 'derivations', '--dry-run'], { cwd })
  expect(planned.stdout).toMatch(/^would forget parse, derivation baf\w+: rows baf\w+$/m)
  expect(planned.stdout.match(/^would drop the data of baf/gm)).toHaveLength(2)
  const done = await runJson<{ forgotten: unknown[]; evicted: { keptBy: unknown }[] }>(['gc', '--keep-last', '1', '--forget', 'derivations', '--grace', '0s'], { cwd })
  expect(done.forgotten).toMatchObject([{ recipe: 'parse', runs: 1, outputs: [{ name: 'rows' }] }])
  expect(done.evicted.map(({ keptBy }) => keptBy)).toEqual([null, null])
  expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  expect(await runJson(['derive', 'steps/parse.mjs', '--input', 'raw=stations'], { cwd })).toMatchObject({ status: 'remembered' })
}, 60_000)

test('repair remembers derivations again when the log is lost', async () => {
  const cwd = await project()
  const derive = ['derive', 'steps/parse.mjs', '--input', 'raw=stations']
  await runJson(derive, { cwd })
  rmSync(join(cwd, '.varve/log'), { recursive: true })
  expect((await runCli(['repair', '--give-up'], { cwd })).stdout).toMatch(/^recovered 1 derivation with 1 run from records in the packs$/m)
  expect(await runJson(['derive', 'steps/parse.mjs', '--input', 'raw=recovered/1'], { cwd })).toMatchObject({ status: 'remembered' })
  expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
}, 60_000)
