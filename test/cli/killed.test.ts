import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { hostId } from '../../src/node/maker.ts'
import { newFolder, runCli, runJson, startCli } from './run-cli.ts'

/** A recipe that writes half of its files, says so, and takes its time for the rest. */
const recipe = (name: string): string => `import { defineRecipe } from 'varve'
export const ${name} = defineRecipe({
  name: '${name}', inputs: ['raw'], outputs: ['out'],
  async run({ inputs, outputs, log }) {
    const text = new TextDecoder().decode(await inputs.raw.read('a.txt')).slice(0, 10).repeat(2000)
    for (let at = 0; at < 40; at++) {
      await outputs.out.write(at === 0 ? 'a.txt' : 'files/' + at, '${name} ' + at + text)
      if (at !== 20) continue
      log('half of ${name}')
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    log('all of ${name}')
  },
})
`
const PIPELINE = 'steps:\n  first:\n    recipe: ./first.mjs\n    inputs: { raw: raw }\n  second:\n    recipe: ./second.mjs\n    inputs: { raw: first.out }\n'

async function project(): Promise<string> {
  const cwd = newFolder()
  for (const name of ['first', 'second']) writeFileSync(join(cwd, `${name}.mjs`), recipe(name))
  writeFileSync(join(cwd, 'varve.yaml'), PIPELINE)
  const raw = newFolder()
  writeFileSync(join(raw, 'a.txt'), 'some text\n')
  await runJson(['snapshot', raw, '--ref', 'raw'], { cwd })
  return cwd
}

/** Kills varve, and not what it started, so long after its recipe said something; true if it was still at work. */
async function killAfter(args: readonly string[], cwd: string, words: string, delayMs: number): Promise<boolean> {
  const { child, ended } = startCli(args, { cwd })
  let said = ''
  await Promise.race([
    new Promise<void>((resolve) => child.stderr?.on('data', (text: Buffer) => {
      said += text.toString()
      if (said.includes(words)) resolve()
    })),
    ended,
  ])
  expect(said).toContain(words)
  await sleep(delayMs)
  child.kill('SIGKILL')
  return (await ended).code === null
}

const refs = async (cwd: string): Promise<readonly string[]> => (await runJson<readonly { ref: string; target: string }[]>(['refs'], { cwd })).map((found) => JSON.stringify(found))

async function expectClean(cwd: string): Promise<void> {
  expect(readdirSync(join(cwd, '.varve/cache/scratch'))).toEqual([])
  expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  const { sessions } = await runJson<{ sessions: unknown[] }>(['gc', '--grace', '0s'], { cwd })
  expect(sessions).toEqual([])
  expect(readdirSync(join(cwd, '.varve/sessions'))).toEqual([])
}

describe('varve that is killed', () => {
  test('during a derivation leaves no half output and moves no ref, and gives the same when it is run again', async () => {
    const derive = ['derive', 'first.mjs', '--input', 'raw=raw', '--ref', 'out']
    const { outputs: [clean] } = await runJson<{ outputs: readonly { root: string }[] }>(['derive', 'first.mjs', '--input', 'raw=raw'], { cwd: await project() })
    let killed = 0
    for (const [words, delayMs] of [['half of first', 0], ['all of first', 0], ['all of first', 40]] as const) {
      const cwd = await project()
      if (await killAfter(derive, cwd, words, delayMs)) killed++
      expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
      const { status, outputs } = await runJson<{ status: string; outputs: readonly { root: string; ref: string }[] }>(derive, { cwd })
      expect(['ran', 'remembered']).toContain(status)
      expect(outputs).toMatchObject([{ root: clean?.root, ref: 'out' }])
      if (words.startsWith('half')) expect(status).toBe('ran')
      await expectClean(cwd)
    }
    expect(killed).toBeGreaterThan(1)
  }, 120_000)

  test('after its work was stored leaves a scratch folder that the next derivation removes, even if it runs nothing', async () => {
    const cwd = await project()
    const derive = ['derive', 'first.mjs', '--input', 'raw=raw']
    await runJson(derive, { cwd })
    // Its number is that of a process that has ended.
    const { child, ended } = startCli(['--version'])
    await ended
    mkdirSync(join(cwd, '.varve/cache/scratch', `${hostId()}-${child.pid ?? 0}-0123456789abcdef`, 'outputs'), { recursive: true })
    expect(await runJson(derive, { cwd })).toMatchObject({ status: 'remembered' })
    expect(readdirSync(join(cwd, '.varve/cache/scratch'))).toEqual([])
  }, 60_000)

  test('during a pipeline keeps the steps that were done, and does the others again', async () => {
    const cwd = await project()
    const before = await refs(cwd)
    expect(await killAfter(['repro'], cwd, 'half of second', 0)).toBe(true)
    const between = await refs(cwd)
    expect(between).toHaveLength(before.length + 1)
    const { steps } = await runJson<{ steps: readonly { step: string; status: string; outputs: readonly { root: string }[] }[] }>(['repro'], { cwd })
    expect(steps).toMatchObject([{ step: 'first', status: 'remembered' }, { step: 'second', status: 'ran' }])
    const other = await runJson<{ steps: readonly { outputs: readonly { root: string }[] }[] }>(['repro'], { cwd: await project() })
    expect(steps.map(({ outputs }) => outputs[0]?.root)).toEqual(other.steps.map(({ outputs }) => outputs[0]?.root))
    expect((await refs(cwd)).filter((line) => !between.includes(line))).toHaveLength(1)
    await expectClean(cwd)
  }, 60_000)
})
