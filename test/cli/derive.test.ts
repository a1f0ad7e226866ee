import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorOf, newFolder, runCli, runJson } from './run-cli.ts'

interface Step {
  readonly step: string
  readonly status: string
  readonly outputs: readonly { readonly root: string; readonly ref: string }[]
  readonly changes: readonly { readonly what: string; readonly name: string }[]
}

/** The pipeline of the examples, without the step that needs Python, and with a small table to work on. By its name Oman is for testing, and Chile is not. */
async function project(): Promise<string> {
  const cwd = newFolder()
  cpSync(resolve('examples/pipeline'), cwd, { recursive: true })
  const file = join(cwd, 'varve.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^ {2}summary:\n( {4}.*\n)+/m, ''))
  const raw = newFolder()
  const rows = ['Chile', 'Oman'].flatMap((country) => [`2020-01-22,${country},3,0,0`, `2020-01-23,${country},2,0,0`, `2020-01-24,${country},7,0,1`])
  writeFileSync(join(raw, 'countries.csv'), `Date,Country,Confirmed,Recovered,Deaths\n${rows.join('\n')}\n`)
  await runJson(['snapshot', raw, '--ref', 'daily'], { cwd })
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

    expect((await runCli(['explain', 'clean/rows'], { cwd })).stdout).toMatch(/^parameter +fewest = 0$/m)
    expect(await runJson(['explain', 'clean/rows'], { cwd })).toMatchObject({
      derivation: expect.stringMatching(/^bafy/) as string, output: 'rows', params: { fewest: 0 }, code: { files: ['clean.mjs', 'lib/rows.mjs', 'lib/schema.mjs', 'package.json'] },
      inputs: [{ name: 'counts', root: first.steps[0]?.outputs[0]?.root }], runs: [{ status: 'succeeded', host: hostname(), outputs: [{ name: 'rows', root: first.steps[1]?.outputs[0]?.root }] }],
    })
    const forced = await runJson<{ steps: readonly Step[] }>(['repro', 'clean', '--force'], { cwd })
    expect(statuses(forced.steps)).toEqual({ parse: 'ran', clean: 'ran' })
    expect(forced.steps.map(({ outputs }) => outputs)).toEqual(first.steps.slice(0, 2).map(({ outputs }) => outputs))
    expect((await runJson<{ runs: readonly unknown[] }>(['explain', 'clean/rows'], { cwd })).runs).toHaveLength(2)
    expect(await runJson(['explain', 'daily'], { cwd }).catch((error: unknown) => String(error))).toMatch(/was not derived/)

    appendFileSync(join(cwd, 'steps/lib/rows.mjs'), '// a comment\n')
    const status = await runJson<{ steps: readonly Step[] }>(['status'], { cwd })
    expect(status.steps[0]).toMatchObject({ step: 'parse', status: 'stale', changes: [{ what: 'code', name: 'lib/rows.mjs' }] })
    expect(await runCli(['status', '--exit-code'], { cwd })).toMatchObject({ code: 1 })
    writeFileSync(join(cwd, 'steps/lib/rows.mjs'), readFileSync(resolve('examples/pipeline/steps/lib/rows.mjs')))

    const dry = await runCli(['gc', '--evict', 'derived', '--dry-run'], { cwd })
    expect(dry.stdout).toMatch(/^would drop parse → counts bafy\w+ \(parse\/counts\): realised identically 2 times$/m)
    expect(dry.stdout).toMatch(/^kept split → train bafy\w+ \(split\/train\): it was realised once only/m)
    expect((await runJson<{ evictedRoots: unknown[] }>(['gc', '--evict', 'derived', '--trust-once', '--grace', '0s'], { cwd })).evictedRoots).toHaveLength(6)
    expect(await runCli(['cat', 'features/test/features:Oman.jsonl'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringContaining('varve reconstruct') as string })
    const remade = newFolder()
    cpSync(cwd, remade, { recursive: true })
    appendFileSync(join(remade, 'steps/clean.mjs'), '// a comment\n')
    const told = await runCli(['repro', 'clean', '--reconstruct'], { cwd: remade })
    expect(told.stderr).toMatch(/^remembered parse\n {2}its data was dropped, and is made again if a step needs it\nran +clean/m)
    expect((await runCli(['reconstruct', 'features/test/features'], { cwd })).stdout).toMatch(/ran parse: .*\n.*ran clean: .*\n.*ran split: .*\n.*ran features: /)
    expect(await runCli(['cat', 'clean/rows:Chile.jsonl'], { cwd })).toMatchObject({ code: 0, stdout: '{"date":"2020-01-22","cases":3,"deaths":0}\n{"date":"2020-01-24","cases":5,"deaths":1}\n' })
    expect(await runCli(['checkout', 'features/train/features', 'out', '--reconstruct'], { cwd })).toMatchObject({ code: 0 })
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  }, 120_000)

  test('runs what depends on a parameter that was set, and only that', async () => {
    const cwd = await project()
    await runJson(['repro', 'clean'], { cwd })
    const { steps } = await runJson<{ steps: readonly Step[] }>(['repro', 'clean', '--set', 'clean.fewest=4', '--dry-run'], { cwd })
    expect(statuses(steps)).toEqual({ parse: 'remembered', clean: 'stale' })
    expect(await runCli(['repro', '--set', 'clean.fewset=4'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('fewest') as string })
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
    writeFileSync(join(cwd, 'varve.yaml'), 'steps:\n  a:\n    recipe: ./a.mjs\n    inputs: { x: b.y }\n    seeed: 1\n  c: { recipe: ./c.mjs, inputs: { x: d.y } }\n  d: { recipe: ./d.mjs, inputs: { x: c.y }, seed: [1] }\n')
    const run = await runCli(['repro'], { cwd })
    expect(run.code).toBe(2)
    for (const problem of [/varve\.yaml:4:18: .*no step "b"/, /varve\.yaml:5:5: .*"seeed"; did you mean "seed"\?/, /varve\.yaml:7:38: .*c needs d needs c/, /varve\.yaml:7:51: .*"seed" must be/]) expect(run.stderr).toMatch(problem)
    expect(errorOf(await runCli(['repro', '--json'], { cwd }))).toMatchObject({ code: 'INVALID_PIPELINE' })
    expect(await runCli(['graph', '--file', 'absent.yaml'], { cwd })).toMatchObject({ code: 3 })
  })
})

test('graph has the outputs that nothing refers to when they are known, and says of which steps they are not', async () => {
  const cwd = await project()
  const before = await runCli(['graph'], { cwd })
  expect(before).toMatchObject({ code: 0, stderr: expect.stringMatching(/the outputs of parse, clean, split, features@train, features@test are known when a module is loaded/) as string })
  expect(before.stdout).not.toContain('-> features/test/features')
  await runJson(['repro'], { cwd })
  const after = await runCli(['graph'], { cwd })
  expect(after).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^features@test\n {2}rows <- split.test\n {2}features -> features\/test\/features$/m) as string })
  expect(await runJson(['graph'], { cwd })).toMatchObject({ nodes: expect.arrayContaining([{ id: 'output:features@test.features', kind: 'output', name: 'features@test.features', ref: 'features/test/features' }]) as unknown })
}, 60_000)

test('derive runs a recipe without a pipeline, and takes its parameters and seed', async () => {
  const cwd = await project()
  const derived = await runJson<{ status: string; outputs: readonly { ref: string }[] }>(['derive', 'steps/parse.mjs', '--input', 'table=daily', '--ref', 'counts', '--seed', '7'], { cwd })
  expect(derived).toMatchObject({ status: 'ran', outputs: [{ ref: 'counts' }] })
  expect(await runCli(['derive', 'steps/parse.mjs', '--input', 'table=daily', '--ref', 'counts', '--seed', '7'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringContaining('remembered') as string })
  expect(await runJson(['derive', 'steps/clean.mjs', '--input', 'counts=counts', '--set', 'fewest=5'], { cwd })).toMatchObject({ status: 'ran' })
  expect(await runCli(['derive', 'steps/clean.mjs', '--input', 'counts=counts', '--set', 'fewest=few'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('must be a known number') as string })
  expect(await runCli(['derive', 'steps/clean.mjs', '--input', 'counts'], { cwd })).toMatchObject({ code: 2 })
  for (const [format, beginning] of [['text', /^parse\n/], ['mermaid', /^flowchart /], ['dot', /^digraph /], ['json', /^\{\s*"nodes":/]] as const) {
    expect((await runCli(['graph', '--format', format], { cwd })).stdout).toMatch(beginning)
  }
}, 60_000)

describe('a command for each file', () => {
  test('is started for the files that changed alone, and explain says so', async () => {
    const cwd = newFolder()
    const raw = join(cwd, 'raw')
    mkdirSync(raw)
    for (const name of ['a', 'b', 'c']) writeFileSync(join(raw, `${name}.txt`), name)
    writeFileSync(join(cwd, 'each.mjs'), `import { readdirSync, writeFileSync } from 'node:fs'\nconst [name] = readdirSync(process.argv[2])\nwriteFileSync(process.argv[3] + '/' + name, 'done')\n`)
    writeFileSync(join(cwd, 'varve.yaml'), `steps:\n  each: { command: [node, each.mjs, '{inputs.raw}', '{outputs.out}'], code: [each.mjs], environment: none, map: file, inputs: { raw: raw }, outputs: [out] }\n`)
    await runJson(['snapshot', 'raw'], { cwd })
    expect((await runCli(['repro'], { cwd })).stderr).toMatch(/each {2}3 of 3 units in /)
    writeFileSync(join(raw, 'b.txt'), 'other')
    const note = 'note raw is not what raw holds (1 changed), and steps read raw: `varve snapshot raw` takes it up\n'
    expect((await runCli(['repro'], { cwd })).stdout).toMatch(/^1 step: 1 remembered$/m)
    expect((await runCli(['repro', '--dry-run'], { cwd })).stdout).toContain(note)
    expect((await runCli(['status'], { cwd })).stdout).toMatch(/^remembered each\nnote /)
    expect(await runJson(['status'], { cwd })).toMatchObject({ edited: [{ ref: 'raw', added: 0, changed: 1, removed: 0 }] })
    await runJson(['snapshot', 'raw'], { cwd })
    expect((await runCli(['status'], { cwd })).stdout).not.toContain('note')
    expect((await runCli(['repro'], { cwd })).stderr).toMatch(/each {2}1 of 3 units in /)
    expect((await runCli(['explain', 'each/out'], { cwd })).stdout).toMatch(/ran 1 of 3 units, took the others from derivation bafyrei/)
    expect((await runCli(['ls', 'each/out'], { cwd })).stdout.match(/\.txt/g)).toHaveLength(3)
  }, 60_000)
})

test('status names the lock file, if that is why a step would run again', async () => {
  const cwd = await project()
  await runJson(['repro', 'parse'], { cwd })
  writeFileSync(join(cwd, 'package-lock.json'), '{"lockfileVersion":3,"packages":{}}')
  const { stdout } = await runCli(['status'], { cwd })
  expect(stdout).toMatch(/^stale {6}parse\n {2}changed environment: the lock file package-lock\.json, of which every change counts where the environment is locked$/m)
  expect(await runJson(['status'], { cwd })).toMatchObject({ steps: expect.arrayContaining([expect.objectContaining({ step: 'parse', lockFile: expect.stringMatching(/[/\\]package-lock\.json$/) as string })]) as unknown })
}, 60_000)

test('explain tells a source from what a recipe gave with the same root', async () => {
  const cwd = newFolder()
  mkdirSync(join(cwd, 'raw'))
  writeFileSync(join(cwd, 'raw/a.txt'), 'a')
  writeFileSync(join(cwd, 'same.mjs'), `import { defineRecipe } from 'varve'\nexport const same = defineRecipe({ name: 'same', inputs: ['raw'], outputs: ['out'], async run({ inputs, outputs }) { await outputs.out.write('a.txt', await inputs.raw.read('a.txt')) } })\n`)
  const { snapshot } = await runJson<{ snapshot: string }>(['snapshot', 'raw', '-m', 'as downloaded'], { cwd })
  await runJson(['derive', 'same.mjs', '--input', 'raw=raw', '--ref', 'same'], { cwd })
  const { stdout } = await runCli(['explain', 'raw'], { cwd })
  expect(stdout).toMatch(new RegExp(`^source {7}stored by snapshot ${snapshot}, .*Z: as downloaded\\n {13}That snapshot was not derived; a recipe gave the same data:\\noutput {7}out of same$`, 'm'))
  expect(stdout).toMatch(/^input {8}raw {2}bafy\w+ {2}\(the very data: the recipe gave back what it took\)$/m)
  expect((await runCli(['explain', 'same'], { cwd })).stdout).not.toContain('source')
  await runJson(['derive', 'same.mjs', '--input', 'raw=raw', '--ref', 'named', '-m', 'for the paper'], { cwd, env: { VARVE_AUTHOR: 'Ada <ada@example.org>' } })
  expect((await runCli(['explain', 'named'], { cwd })).stdout).toMatch(/^output {7}out of same\n {13}derived \S+Z by Ada <ada@example.org>: for the paper\nderivation /m)
  expect(await runJson(['explain', 'raw'], { cwd })).toMatchObject({ derived: null })
}, 60_000)

test('gc says which data of old snapshots derivations keep, and forgets those to whose results no ref leads', async () => {
  const cwd = newFolder()
  cpSync(resolve('examples/pipeline'), cwd, { recursive: true })
  const raw = newFolder()
  for (const day of ['1', '2']) {
    writeFileSync(join(raw, 'countries.csv'), `Date,Country,Confirmed,Recovered,Deaths\n2020-01-2${day},Chile,3,0,0\n`)
    await runJson(['snapshot', raw, '--ref', 'daily'], { cwd })
    await runJson(['derive', 'steps/parse.mjs', '--input', 'table=daily', '--ref', 'counts'], { cwd })
  }
  const kept = await runCli(['gc', '--keep-last', '1', '--dry-run'], { cwd })
  expect(kept.stdout.match(/^would let go of baf\w+ .*: its data stays, since a derivation of parse needs it, baf\w+$/gm)).toHaveLength(2)
  expect(kept.stdout).toMatch(/^ {2}`--forget derivations` lets go of those to whose results no ref leads$/m)
  const without = await runJson<{ evictedRoots: string[]; evicted: { root: string; keptBy: unknown }[] }>(['gc', '--keep-last', '1', '--evict', 'derived', '--trust-once', '--dry-run'], { cwd })
  expect(without.evictedRoots).toHaveLength(2)
  for (const { root, keptBy } of without.evicted) expect(keptBy === null).toBe(without.evictedRoots.includes(root))
  expect(without.evicted.filter(({ keptBy }) => keptBy === null)).toHaveLength(1)
  const planned = await runCli(['gc', '--keep-last', '1', '--forget', 'derivations', '--dry-run'], { cwd })
  expect(planned.stdout).toMatch(/^would forget parse, derivation baf\w+: counts baf\w+$/m)
  expect(planned.stdout.match(/^would drop the data of baf/gm)).toHaveLength(2)
  const done = await runJson<{ forgotten: unknown[]; evicted: { keptBy: unknown }[] }>(['gc', '--keep-last', '1', '--forget', 'derivations', '--grace', '0s'], { cwd })
  expect(done.forgotten).toMatchObject([{ recipe: 'parse', runs: 1, outputs: [{ name: 'counts' }] }])
  expect(done.evicted.map(({ keptBy }) => keptBy)).toEqual([null, null])
  expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  expect(await runJson(['derive', 'steps/parse.mjs', '--input', 'table=daily'], { cwd })).toMatchObject({ status: 'remembered' })
  // What is said of --forget is not said to somebody who passes it.
  writeFileSync(join(raw, 'countries.csv'), 'Date,Country,Confirmed,Recovered,Deaths\n')
  await runJson(['snapshot', raw, '--ref', 'daily'], { cwd })
  const needed = await runCli(['gc', '--keep-last', '1', '--forget', 'derivations', '--dry-run'], { cwd })
  expect(needed.stdout).toMatch(/^would let go of baf/m)
  expect(needed.stdout).not.toContain('lets go of those')
}, 60_000)

test('repair remembers derivations again when the log is lost', async () => {
  const cwd = await project()
  const derive = ['derive', 'steps/parse.mjs', '--input', 'table=daily']
  await runJson(derive, { cwd })
  rmSync(join(cwd, '.varve/log'), { recursive: true })
  expect((await runCli(['repair', '--give-up'], { cwd })).stdout).toMatch(/^recovered 1 derivation with 1 run from records in the packs$/m)
  expect(await runJson(['derive', 'steps/parse.mjs', '--input', 'table=recovered/1'], { cwd })).toMatchObject({ status: 'remembered' })
  expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
}, 60_000)

test('the pipeline is found from a folder below it, or named; errors name files as the project does', async () => {
  const cwd = await project()
  mkdirSync(join(cwd, 'a/b'), { recursive: true })
  const below = join(cwd, 'a/b')
  expect((await runJson<{ steps: readonly { step: string; status: string }[] }>(['repro', 'parse'], { cwd: below })).steps).toMatchObject([{ step: 'parse', status: 'ran' }])
  expect((await runCli(['graph'], { cwd: below })).stdout).toMatch(/^parse\n/)
  await runJson(['init', 'a/own'], { cwd })
  for (const verb of ['graph', 'repro']) expect(await runCli([verb], { cwd: join(cwd, 'a/own') })).toMatchObject({ code: 3, stderr: expect.stringContaining('There is no pipeline file') as string })
  expect((await runJson<{ steps: readonly { step: string }[] }>(['status', '--file', '../../varve.yaml'], { cwd: below })).steps[0]).toMatchObject({ step: 'parse', status: 'remembered' })
  expect(await runCli(['status', '.', '--file', '../../varve.yaml'], { cwd: below })).toMatchObject({ code: 2 })
  expect(await runCli(['repro', '-q', 'parse'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  writeFileSync(join(cwd, 'steps/broken.mjs'), "import { helper } from './lib/helper.mjs'\nexport const broken = { name: 'broken', inputs: ['table'], outputs: ['out'], run: helper }\n")
  writeFileSync(join(cwd, 'steps/lib/helper.mjs'), 'export function helper() {\n  throw new Error("no luck")\n}\n')
  const failed = await runCli(['derive', 'steps/broken.mjs', '--input', 'table=daily'], { cwd })
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/no luck\n +at .+ \(lib\/helper\.mjs:2:9\)/) as string })
  expect(failed.stderr).not.toContain('scratch')
}, 60_000)
