import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { newFolder, runCli, runJson } from './run-cli.ts'
import { writeSample } from './sample-data.ts'

describe('gc and du', () => {
  test('a dry run says what would go and changes nothing; gc removes it, and the record stays in the log', async () => {
    const cwd = newFolder()
    const data = writeSample(cwd)
    for (let number = 0; number < 4; number++) {
      appendFileSync(join(data, 'a.txt'), `line ${number}\n`)
      await runJson(['snapshot', 'data', '-m', `number ${number}`], { cwd })
    }
    const before = await runJson<{ totalBytes: number }>(['du'], { cwd })
    const planned = await runCli(['gc', '--keep-last', '2', '--dry-run'], { cwd })
    expect(planned.stdout).toMatch(/^would drop the data of baf\w+ .* number 1$/m)
    expect(planned.stdout).toMatch(/data keeps .* that nothing else needs/)
    expect((await runJson<{ totalBytes: number }>(['du'], { cwd })).totalBytes).toBe(before.totalBytes)
    const done = await runJson<{ evicted: unknown[]; dryRun: boolean }>(['gc', '--keep-last', '2', '--grace', '0s'], { cwd })
    expect(done).toMatchObject({ dryRun: false, evicted: [{ message: 'number 1' }, { message: 'number 0' }] })
    expect((await runCli(['log', 'data'], { cwd })).stdout.match(/removed by garbage collection/g)).toHaveLength(2)
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
    expect(await runCli(['checkout', 'data~3', 'old'], { cwd })).toMatchObject({ code: 3 })
  })

  test('du splits the space by ref, path and codec, and wants to know of what', async () => {
    const cwd = newFolder()
    writeSample(cwd)
    await runJson(['snapshot', 'data'], { cwd })
    expect((await runCli(['du', '--by', 'ref'], { cwd })).stdout).toMatch(/data +ref, would free/)
    expect((await runCli(['du', '--by', 'codec'], { cwd })).stdout).toMatch(/none +\d+ blocks/)
    expect(await runJson(['du', '--by', 'path', 'data'], { cwd })).toEqual(expect.arrayContaining([expect.objectContaining({ path: 'train/', files: 2 })]))
    expect(await runCli(['du', '--by', 'path'], { cwd })).toMatchObject({ code: 2 })
    expect(await runCli(['gc', '--keep-last', 'none'], { cwd })).toMatchObject({ code: 2 })
    expect(await runCli(['gc', '--keep-within', '3 fortnights'], { cwd })).toMatchObject({ code: 2 })
  })

  test('gc leaves a damaged repository as it is', async () => {
    const cwd = newFolder()
    const data = writeSample(cwd)
    await runJson(['snapshot', 'data'], { cwd })
    writeFileSync(join(data, 'b.txt'), 'more')
    await runJson(['snapshot', 'data'], { cwd })
    rmSync(join(cwd, '.varve/packs'), { recursive: true })
    expect(await runCli(['gc'], { cwd })).toMatchObject({ code: 4, stderr: expect.stringContaining('Nothing was removed') as string })
  })
})
