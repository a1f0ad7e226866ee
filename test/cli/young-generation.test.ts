import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { YOUNG_GENERATION_BYTES } from '../../src/cli/young-generation.ts'
import { MadeFolders } from '../node/made-folders.ts'

const made = new MadeFolders()
const bundle = join(made.base, 'young-generation.mjs')
beforeAll(() => build({ entryPoints: ['src/cli/young-generation.ts'], bundle: true, format: 'esm', platform: 'node', outfile: bundle, logLevel: 'silent' }))
afterAll(() => made.remove())

/** In a process of its own, as the bound is one of the process. What is made outlives a collection or two, which is what makes the young generation grow. */
const PROGRAM = `
  import { setTimeout as wait } from 'node:timers/promises'
  import { boundYoungGeneration, youngGenerationBytes } from ${JSON.stringify(`file://${bundle}`)}
  const kept = []
  const round = () => {
    for (let count = 0; count < 20_000; count++) kept.push({ count, more: [count] })
    if (kept.length > 200_000) kept.splice(0, 100_000)
  }
  const unbound = boundYoungGeneration()
  for (let count = 0; count < 60; count++) {
    round()
    await wait(25)
  }
  const bounded = youngGenerationBytes()
  unbound()
  for (let count = 0; count < 200; count++) round()
  console.log(JSON.stringify({ bounded, free: youngGenerationBytes() }))`

test('the young generation grows to its bound and about twice that, and is free again in the end', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], { encoding: 'utf8', timeout: 60_000 })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const { bounded, free } = JSON.parse(stdout) as { bounded: number; free: number }
  expect(bounded).toBeGreaterThanOrEqual(YOUNG_GENERATION_BYTES)
  expect(bounded).toBeLessThanOrEqual(2 * YOUNG_GENERATION_BYTES)
  expect(free).toBeGreaterThan(2 * YOUNG_GENERATION_BYTES)
})
