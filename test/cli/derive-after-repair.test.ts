import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorOf, newFolder, runCli, runJson } from './run-cli.ts'

const recipe = (name: string): string => `export const ${name} = defineRecipe({ name: '${name}', inputs: ['raw'], outputs: ['out'], environment: 'none', async run({ inputs, outputs }) {
  for await (const path of inputs.raw.files()) await outputs.out.write(path, '${name} of ' + new TextDecoder().decode(await inputs.raw.read(path)))
} })
`

interface Derived {
  readonly status: string
  readonly outputs: readonly { readonly root: string }[]
}

test('after repair --give-up, data that had been dropped is missing and is refused as an input by name, until it is derived again', async () => {
  const cwd = newFolder()
  mkdirSync(join(cwd, 'raw'))
  writeFileSync(join(cwd, 'raw/a.txt'), 'text')
  writeFileSync(join(cwd, 'both.mjs'), `import { defineRecipe } from 'varve'\n${recipe('one')}${recipe('two')}`)
  await runJson(['snapshot', 'raw'], { cwd })
  const one = await runJson<Derived>(['derive', 'both.mjs#one', '--input', 'raw=raw', '--ref', 'one'], { cwd })
  const two = await runJson<Derived>(['derive', 'both.mjs#two', '--input', 'raw=one', '--ref', 'two'], { cwd })
  expect(await runJson(['gc', '--evict', 'derived', '--trust-once', '--grace', '0s'], { cwd })).toMatchObject({ evictedRoots: expect.arrayContaining([one, two].map(({ outputs }) => outputs[0]?.root)) as unknown })
  for (const name of readdirSync(join(cwd, '.varve/log'))) rmSync(join(cwd, '.varve/log', name))

  // Nobody says any more that it was dropped on purpose, nor what derivations gave whose data is not there.
  const repaired = await runCli(['repair', '--give-up', '--json'], { cwd })
  expect([repaired.code, (JSON.parse(repaired.stdout) as { derivations: unknown }).derivations]).toEqual([1, { derivations: 0, runs: 0, notWhole: 2 }])
  const refs = await runJson<readonly { name: string; root: string }[]>(['refs'], { cwd })
  const refOf = (root: string | undefined): string => refs.find((found) => found.root === root)?.name ?? ''
  const missing = refOf(one.outputs[0]?.root)
  const refused = await runCli(['derive', 'both.mjs#two', '--input', `raw=${missing}`, '--json'], { cwd })
  expect(refused.code).toBe(3)
  expect(errorOf(refused)).toMatchObject({ code: 'NOT_FOUND', message: expect.stringMatching(/^The input raw of two is not whole: Block baf\w+ is not in this repository$/) as string, hint: expect.stringContaining('derive it again') as string })
  expect((await runCli(['reconstruct', missing], { cwd })).stdout).not.toContain('nothing was missing')

  const source = refs.map(({ name }) => name).find((ref) => ![one, two].some(({ outputs }) => refOf(outputs[0]?.root) === ref)) ?? ''
  expect(await runJson(['derive', 'both.mjs#one', '--input', `raw=${source}`, '--ref', 'again/one'], { cwd })).toMatchObject({ status: 'ran', outputs: [{ root: one.outputs[0]?.root }] })
  expect(await runJson(['derive', 'both.mjs#two', '--input', `raw=${missing}`, '--ref', 'again/two'], { cwd })).toMatchObject({ status: 'ran', outputs: [{ root: two.outputs[0]?.root }] })
  expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  expect(await runJson(['derive', 'both.mjs#two', '--input', 'raw=again/one'], { cwd })).toMatchObject({ status: 'remembered' })
}, 60_000)
