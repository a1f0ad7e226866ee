import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newFolder, runCli, runJson, startCli } from './run-cli.ts'

const FILES = 24
const RECIPE = `import { defineRecipe } from 'varve'
export const slow = defineRecipe({
  name: 'slow', map: 'file', inputs: ['raw'], outputs: ['out'],
  async run({ file, outputs, log }) {
    log('did ' + file.path)
    await new Promise((resolve) => setTimeout(resolve, 60))
    await outputs.out.write(file.path, 'seen')
  },
})
`

async function project(): Promise<string> {
  const cwd = newFolder()
  const raw = join(cwd, 'raw')
  mkdirSync(raw)
  for (let at = 0; at < FILES; at++) writeFileSync(join(raw, `${String(at).padStart(2, '0')}.txt`), String(at))
  writeFileSync(join(cwd, 'slow.mjs'), RECIPE)
  writeFileSync(join(cwd, 'varve.yaml'), 'steps:\n  slow:\n    recipe: ./slow.mjs\n    inputs: { raw: raw }\n')
  await runJson(['snapshot', 'raw'], { cwd })
  return cwd
}

/** Ctrl-C when a third of the files or more have been begun. */
async function stopped(args: readonly string[], cwd: string): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const { child, ended } = startCli(args, { cwd })
  let said = ''
  await new Promise<void>((resolve) => child.stderr?.on('data', (text: Buffer) => {
    said += text.toString()
    if ((said.match(/^did /gm) ?? []).length >= 8) resolve()
  }))
  child.kill('SIGINT')
  return ended
}

test.each([
  ['derive', ['derive', 'slow.mjs', '--input', 'raw=raw', '--ref', 'slow/out'], 'No result was stored; what units of a map recipe gave that were done is kept: run the same command again.'],
  ['repro', ['repro'], 'Steps that were done are stored, and so is what units of map recipes gave: run the same command again to go on.'],
])('Ctrl-C of %s on a map recipe leaves no output and nothing behind, and the same command goes on with the units that were not done', async (verb, args, outcome) => {
  const cwd = await project()
  const run = await stopped(args, cwd)
  expect(run).toMatchObject({ code: 130, stderr: expect.stringContaining(`Interrupted. ${outcome}\n`) as string })
  expect(readdirSync(join(cwd, '.varve/cache/scratch'))).toEqual([])
  expect((await runJson<readonly { ref: string }[]>(['refs'], { cwd })).length).toBe(1)
  expect(await runCli(['gc', '--grace', '0s'], { cwd })).toMatchObject({ code: 0 })
  const again = await runCli(args, { cwd })
  const did = (again.stderr.match(/^did /gm) ?? []).length
  expect([again.code, did < FILES - 4, did > 0]).toEqual([0, true, true])
  expect(verb === 'repro' ? again.stderr : again.stdout).toContain(`${did} of ${FILES} units`)
  expect((await runCli(['explain', 'slow/out'], { cwd })).stdout).toContain(`ran ${did} of ${FILES} units, took the others from an earlier try\n`)
  expect((await runCli(['ls', 'slow/out'], { cwd })).stdout.match(/\.txt/g)).toHaveLength(FILES)
  expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  // All of it once more: another result would end with 1.
  expect(await runCli([...args, '--force'], { cwd })).toMatchObject({ code: 0 })
}, 60_000)
