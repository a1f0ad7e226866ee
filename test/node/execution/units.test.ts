import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ExecutionJob, FinishedUnit } from '../../../src/node/execution/interface.ts'
import { chacha8Random, labelledKey } from '../../../src/recipe/random.ts'
import { Workshop } from './made-jobs.ts'

const workshop = new Workshop()

function filesOf(count: number): { readonly names: readonly string[]; readonly files: Record<string, string> } {
  const names = Array.from({ length: count }, (_none, at) => `f${at % 3}/${at}.txt`)
  return { names, files: Object.fromEntries(names.map((name) => [name, `content of ${name}`])) }
}

/** What each unit gave, by its file. */
async function runAll(body: string, count: number, options: { readonly processes?: number; readonly names?: readonly string[]; readonly slow?: boolean } & Partial<ExecutionJob> = {}) {
  const { names, files } = filesOf(count)
  const { processes = 1, slow = false, ...job } = options
  const given = new Map<string, readonly [text: string, unit: FinishedUnit]>()
  const progress: unknown[] = []
  const outcome = await workshop.runFunction(body, {
    files, ...job, onProgress: (...told) => progress.push(told),
    units: {
      files: options.names ?? names, processes,
      async onUnit(unit) {
        if (slow) await new Promise((resolve) => setTimeout(resolve, 20))
        const [name = ''] = await readdir(unit.outputs['out'] ?? '')
        given.set(unit.file, [await readFile(join(unit.outputs['out'] ?? '', name), 'utf8'), unit])
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
    const { outcome } = await runAll('', 1, { names: [] })
    expect(outcome).toMatchObject({ status: 'succeeded', mathRandomCalls: 0 })
  })

  it('ends with what the taking over throws', async () => {
    const { names, files } = filesOf(5)
    let calls = 0
    const run = workshop.runFunction(`await outputs.out.write('a', 'b')`, { files, units: { files: names, onUnit: () => (calls++ === 1 ? Promise.reject(new Error('store is full')) : undefined) } })
    await expect(run).rejects.toThrow('store is full')
    expect(calls).toBeLessThanOrEqual(3)
  })

  it('is never a command', async () => {
    await expect(workshop.runCommand(['true'], { units: { files: [], onUnit() {} } })).rejects.toThrow('only functions are')
  })
})
