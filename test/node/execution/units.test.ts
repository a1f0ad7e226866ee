import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inProcessExecutor, processExecutor } from '../../../src/node/execution/executor.ts'
import type { ExecutionJob, Executor, FinishedUnit, Unit } from '../../../src/node/execution/interface.ts'
import { chacha8Random, labelledKey } from '../../../src/recipe/random.ts'
import { Workshop, writeFiles } from './made-jobs.ts'

const workshop = new Workshop()

function filesOf(count: number): { readonly names: readonly string[]; readonly files: Record<string, string> } {
  const names = Array.from({ length: count }, (_none, at) => `f${at % 3}/${at}.txt`)
  return { names, files: Object.fromEntries(names.map((name) => [name, `content of ${name}`])) }
}

/** A folder for each file, as a unit has it. */
async function stagedUnits(names: readonly string[], files: Readonly<Record<string, string>>): Promise<readonly Unit[]> {
  const units: Unit[] = []
  for (const [at, name] of names.entries()) {
    const input = join(workshop.parent, 'staged', String(staged++), String(at))
    await writeFiles(input, { [name]: files[name] ?? '' })
    units.push({ name, file: name, shard: null, input, inputBytes: (files[name] ?? '').length })
  }
  return units
}
let staged = 0

/** What each unit gave, by its file. */
async function runAll(body: string, count: number, options: { readonly processes?: number; readonly slow?: boolean; readonly executor?: Executor } & Partial<ExecutionJob> = {}) {
  const { names, files } = filesOf(count)
  const { processes = 1, slow = false, ...job } = options
  const units = await stagedUnits(names, files)
  const given = new Map<string, readonly [text: string, unit: FinishedUnit]>()
  const progress: unknown[] = []
  const outcome = await workshop.runFunction(body, {
    ...job, onProgress: (...told) => progress.push(told),
    units: {
      units, count, processes,
      async onUnit(unit) {
        if (slow) await new Promise((resolve) => setTimeout(resolve, 20))
        const [name] = await readdir(unit.outputs['out'] ?? '')
        if (name !== undefined) given.set(unit.unit.name, [await readFile(join(unit.outputs['out'] ?? '', name), 'utf8'), unit])
      },
    },
  })
  return { outcome, given, progress, names }
}

describe('a function that is called for each file by itself', () => {
  it('gives one output for each, of many in one process', async () => {
    const body = `await outputs.out.write('gave.json', JSON.stringify([process.pid, file.path, Buffer.from(await file.read()).toString(), rng('x').nextFloat(), Math.random()]))`
    const { outcome, given, progress, names } = await runAll(body, 300)
    expect(outcome).toMatchObject({ status: 'succeeded', reason: null, mathRandomCalls: 300 })
    expect([...given.keys()]).toEqual(names)
    const rows = [...given.values()].map(([text]) => JSON.parse(text) as unknown[])
    expect(new Set(rows.map(([id]) => id)).size).toBe(1)
    for (const [at, [, path, content, own, math]] of rows.entries()) {
      const name = names[at] ?? ''
      expect([path, content, own, math]).toEqual([name, `content of ${name}`, chacha8Random(labelledKey('7', 'test', 'x', name)).nextFloat(), chacha8Random(labelledKey('7', 'test', 'Math.random', name)).nextFloat()])
    }
    expect(progress.at(-1)).toEqual([300, 300])
    for (const [, { outputs, mathRandomCalls }] of given.values()) expect([existsSync(outputs['out'] ?? ''), mathRandomCalls]).toEqual([false, 1])
  })

  it('gives the same in several processes, however slow what it gives is taken over', async () => {
    const body = `await new Promise((resolve) => setTimeout(resolve, 3)); await outputs.out.write(String(process.pid), String(rng('x').nextFloat()) + Math.random())`
    const [one, two] = await Promise.all([runAll(body, 40), runAll(body, 40, { processes: 2, slow: true })])
    const gaveOf = ({ given }: typeof one) => Object.fromEntries([...given].map(([file, [text]]) => [file, text] as const).sort(([a], [b]) => (a < b ? -1 : 1)))
    expect(gaveOf(two)).toEqual(gaveOf(one))
    expect(Object.keys(gaveOf(two)).length).toBe(40)
    expect(two.outcome).toMatchObject({ status: 'succeeded', mathRandomCalls: 40 })
  })

  it('stops at the first that fails, and names it', async () => {
    const { outcome, given } = await runAll(`if (file.path === 'f1/4.txt') throw new Error('bad row'); await outputs.out.write('a', 'b')`, 9)
    expect(outcome).toMatchObject({ status: 'failed', reason: 'f1/4.txt: bad row', exitCode: 1 })
    expect([...given.keys()]).toEqual(['f0/0.txt', 'f1/1.txt', 'f2/2.txt', 'f0/3.txt'])
  })

  it('fails for what goes wrong after a call', async () => {
    const body = `setTimeout(() => { throw new Error('thrown late') }, 50); if (file.path !== 'f0/0.txt') await new Promise((resolve) => setTimeout(resolve, 10_000)); await outputs.out.write('a', 'b')`
    const { outcome, given } = await runAll(body, 2)
    expect(outcome).toMatchObject({ status: 'failed', reason: 'f1/1.txt: thrown late' })
    expect(given.size).toBe(1)
  })

  it('fails for a read or a write of a call that had returned, and names its file', async () => {
    const body = (late: string) => `if (file.path === 'f0/0.txt') setTimeout(() => ${late}, 50); else await new Promise((resolve) => setTimeout(resolve, 10_000)); await outputs.out.write('a', 'b')`
    const runs = await Promise.all([runAll(body(`outputs.out.write('late', '')`), 2), runAll(body(`file.read()`), 2)])
    expect(runs.map(({ outcome: { status, reason } }) => [status, reason])).toEqual([
      ['failed', 'f1/1.txt: run() of f0/0.txt wrote late after it had returned: await all that it begins'],
      ['failed', 'f1/1.txt: run() of f0/0.txt read f0/0.txt after it had returned: await all that it begins'],
    ])
  })

  it('is told which of file and shard it has if it takes one for the other', async () => {
    expect((await runAll(`let shard; log(shard.index)`, 1)).outcome).toMatchObject({ status: 'failed', reason: `f0/0.txt: TypeError: Cannot read properties of undefined (reading 'index'): a recipe that is called for files has no shard` })
    const scratch = await workshop.scratch({ 'recipe.mjs': `export const recipe = { name: 'test', inputs: ['raw'], outputs: ['out'], map: { shards: 1 }, run: async ({ file }) => file.read() }` })
    const input = join(workshop.parent, 'shard')
    await writeFiles(input, { 'a.txt': '' })
    const units = { units: [{ name: '0/1', file: null, shard: { index: 0, of: 1 }, input, inputBytes: 0 }], count: 1, onUnit: () => {} }
    expect(await processExecutor.execute({ scratch, name: 'test', inputs: ['raw'], outputs: ['out'], params: {}, seed: '7', action: { kind: 'function', module: 'recipe.mjs', exportName: 'recipe' }, units })).toMatchObject({
      status: 'failed', reason: `0/1: TypeError: Cannot read properties of undefined (reading 'read'): a recipe that is called for shards has no file; inputs.raw has the files of the shard`,
    })
  })

  it('fails at the first that does not wait for its writes', async () => {
    const { outcome, given } = await runAll(`const content = await file.read(); if (file.path === 'f2/2.txt') outputs.out.write('a', content); else await outputs.out.write('a', content)`, 5)
    expect(outcome).toMatchObject({ status: 'failed', reason: 'f2/2.txt: run() returned while 1 write (a) was not done: await it' })
    expect([...given.keys()]).toEqual(['f0/0.txt', 'f1/1.txt'])
  })

  it('stops all processes when one fails', async () => {
    const started = performance.now()
    const { outcome } = await runAll(`if (file.path === 'f1/1.txt') throw new Error('bad row'); await new Promise((resolve) => setTimeout(resolve, 60_000))`, 4, { processes: 2 })
    expect(outcome).toMatchObject({ status: 'failed', reason: 'f1/1.txt: bad row' })
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it('has a time limit for each', async () => {
    const { outcome, given } = await runAll(`if (file.path === 'f2/2.txt') for (;;); await new Promise((resolve) => setTimeout(resolve, 300)); await outputs.out.write('a', 'b')`, 4, { limits: { timeMs: 2500 } })
    expect(outcome).toMatchObject({ status: 'failed', reason: 'f2/2.txt: it took longer than the time limit of 2.5 s' })
    expect(given.size).toBe(2)
  })

  it('is not hermetic from the file on for which it loads something else', async () => {
    await writeFile(join(workshop.parent, 'outside.mjs'), '')
    const { outcome, given } = await runAll(`if (file.path === 'f1/1.txt') await import('../../outside.mjs'); await outputs.out.write('a', 'b')`, 3)
    expect(outcome).toMatchObject({ status: 'not-hermetic', reason: `f1/1.txt: it loaded modules that belong neither to its code nor to its packages: ${join(workshop.parent, 'outside.mjs')}` })
    expect(given.size).toBe(1)
  })

  it('needs no process for no file', async () => {
    const { outcome } = await runAll('', 0)
    expect(outcome).toMatchObject({ status: 'succeeded', mathRandomCalls: 0 })
  })

  it('ends with what the taking over throws', async () => {
    const { names, files } = filesOf(5)
    const units = await stagedUnits(names, files)
    let calls = 0
    const run = workshop.runFunction(`await outputs.out.write('a', 'b')`, { units: { units, count: 5, onUnit: () => (calls++ === 1 ? Promise.reject(new Error('store is full')) : undefined) } })
    await expect(run).rejects.toThrow('store is full')
    expect(calls).toBeLessThanOrEqual(3)
  })

  it('sees its own file of the first input, and no other', async () => {
    const body = `
      const seen = []
      for await (const path of inputs.raw.files()) seen.push(path)
      const { readdirSync } = await import('node:fs')
      await outputs.out.write('seen.json', JSON.stringify([seen, readdirSync(inputs.raw.path)]))`
    const { given } = await runAll(body, 5, { processes: 2 })
    for (const [name, [text]] of given) expect(JSON.parse(text)).toEqual([[name], [name.split('/')[0]]])
    expect(given.size).toBe(5)
  })

  it('is not hermetic if its file does not stay as it was', async () => {
    const body = `
      const { chmodSync, writeFileSync } = await import('node:fs')
      if (file.path === 'f1/1.txt') { chmodSync(inputs.raw.path + '/f1/1.txt', 0o600); writeFileSync(inputs.raw.path + '/f1/1.txt', 'other') }
      await outputs.out.write('a', 'b')`
    const { outcome, given } = await runAll(body, 3)
    expect(outcome).toMatchObject({ status: 'not-hermetic', reason: 'f1/1.txt: its input did not stay as it was: f1/1.txt was changed' })
    expect([...given.keys()]).toEqual(['f0/0.txt'])
  })

  it('is told its shard, on which its random numbers depend', async () => {
    const units: Unit[] = [0, 1].map((index) => ({ name: `${index}/2`, file: null, shard: { index, of: 2 }, input: join(workshop.parent, `shard${index}`), inputBytes: 0 }))
    for (const { input } of units) await writeFiles(input, { 'a.txt': '' })
    const given: unknown[] = []
    const scratch = await workshop.scratch({ 'recipe.mjs': `export const recipe = { name: 'test', inputs: ['raw'], outputs: ['out'], map: { shards: 2 }, run: ({ outputs, shard, file, rng }) => outputs.out.write('a', JSON.stringify([shard, file ?? null, rng('x').nextFloat()])) }` })
    const onUnit = async ({ outputs }: FinishedUnit): Promise<void> => void given.push(JSON.parse(await readFile(join(outputs['out'] ?? '', 'a'), 'utf8')))
    await processExecutor.execute({ scratch, name: 'test', inputs: ['raw'], outputs: ['out'], params: {}, seed: '7', action: { kind: 'function', module: 'recipe.mjs', exportName: 'recipe' }, units: { units, count: 2, onUnit } })
    expect(given).toEqual(units.map(({ name, shard }) => [shard, null, chacha8Random(labelledKey('7', 'test', 'x', name)).nextFloat()]))
  })
})

describe('a command that is started for each file by itself', () => {
  it('is told where its part of the input is, and stops at the first that fails', async () => {
    const { names, files } = filesOf(3)
    const given = new Map<string, string>()
    const onUnit = async ({ unit, outputs }: FinishedUnit): Promise<void> => void given.set(unit.name, await readFile(join(outputs['out'] ?? '', 'all'), 'utf8'))
    const script = `import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
      const [, , input, output] = process.argv
      const found = readdirSync(input, { recursive: true }).filter((name) => name.endsWith('.txt'))
      if (found[0] === process.argv[4]) process.exit(3)
      writeFileSync(output + '/all', [process.env.VARVE_INPUT_RAW === input, ...found.map((name) => readFileSync(input + '/' + name, 'utf8'))].join())`
    const command = async (bad: string) => workshop.runCommand(['node', 'each.mjs', '{inputs.raw}', '{outputs.out}', bad], { code: { 'each.mjs': script }, units: { units: await stagedUnits(names, files), count: 3, processes: 2, onUnit } })
    expect(await command('none')).toMatchObject({ status: 'succeeded', exitCode: 0, mathRandomCalls: null })
    expect(Object.fromEntries(given)).toEqual(Object.fromEntries(names.map((name) => [name, `true,content of ${name}`])))
    expect(await command('f2/2.txt')).toMatchObject({ status: 'failed', reason: 'f2/2.txt: the command ended with exit code 3' })
  })
})

describe.skipIf(new Intl.DateTimeFormat().resolvedOptions().timeZone !== 'UTC')('threads of this process', () => {
  const executor = inProcessExecutor

  it('give what child processes give', async () => {
    const body = `await outputs.out.write('gave.json', JSON.stringify([process.pid, process.env.HOME === undefined, rng('x').nextFloat(), Math.random(), params, inputs.raw.path]))`
    const { outcome, given } = await runAll(body, 20, { executor, processes: 2 })
    expect(outcome).toMatchObject({ status: 'succeeded', reason: null, mathRandomCalls: 20 })
    for (const [name, [text]] of given) {
      const [pid, isHomeless, own, math] = JSON.parse(text) as unknown[]
      expect([pid, isHomeless, own, math]).toEqual([process.pid, false, chacha8Random(labelledKey('7', 'test', 'x', name)).nextFloat(), chacha8Random(labelledKey('7', 'test', 'Math.random', name)).nextFloat()])
    }
    expect(given.size).toBe(20)
  })

  it('leave this thread alone, whatever they do', async () => {
    const math = Math.random
    const failed = await workshop.runFunction(`globalThis.leaked = true; console.log('said'); throw new Error('no')`, { executor })
    expect(failed).toMatchObject({ status: 'failed', reason: 'no', exitCode: 1 })
    expect(await readFile(failed.stdout, 'utf8')).toBe('said\n')
    expect([Math.random === math, 'leaked' in globalThis]).toEqual([true, false])
    expect(await workshop.runFunction(`process.exit(3)`, { executor })).toMatchObject({ status: 'failed', reason: 'its process ended with exit code 3 before run() was done' })
    expect(await workshop.runFunction(`for (;;);`, { executor, limits: { timeMs: 1500 } })).toMatchObject({ status: 'failed', reason: 'it took longer than the time limit of 1.5 s' })
    expect(await workshop.runFunction(`const kept = []; for (;;) kept.push(new Array(1e5).fill(0.5))`, { executor, limits: { memoryBytes: 64 * 2 ** 20 } })).toMatchObject({ status: 'failed', reason: 'it took more memory than the limit of 64 MiB, and its process ended' })
    expect(await workshop.runFunction(`await import('node:child_process').then(({ spawn }) => spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).unref())`, { executor })).toMatchObject({ status: 'succeeded' })
  })
})
