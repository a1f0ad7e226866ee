import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { edited, textBytes } from '../repository/edited-blocks.ts'
import { newFolder, runCli, runJson } from './run-cli.ts'
import { writeSample } from './sample-data.ts'

interface Report {
  readonly dryRun: boolean
  readonly recoded: { readonly blocks: number }
  readonly bytes: { readonly before: number; readonly after: number }
  readonly packs: { readonly before: number; readonly after: number }
}

describe('repack', () => {
  test('stores versions in less room, says so, and all of them are there afterwards', async () => {
    const cwd = newFolder()
    const data = writeSample(cwd)
    const block = textBytes(60_000, 1)
    for (let number = 0; number < 4; number++) {
      // Under another name each time: nothing but their content tells that they are alike.
      writeFileSync(join(data, `table-${number}.bin`), edited(block, 5, number * 50))
      await runJson(['snapshot', 'data'], { cwd })
    }
    const planned = await runCli(['repack', '--dry-run'], { cwd })
    expect(planned.stdout).toMatch(/would store 3 blocks in another form/)
    const report = await runJson<Report>(['repack', '--grace', '0s'], { cwd })
    expect(report).toMatchObject({ dryRun: false, recoded: { blocks: 3 }, packs: { after: 2 } })
    expect(report.bytes.after).toBeLessThan(report.bytes.before * 0.5)
    const again = await runCli(['repack', '--grace', '0s'], { cwd })
    expect(again.stdout).toMatch(/stored 0 blocks in another form/)
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
    await runCli(['checkout', 'data', 'out'], { cwd })
    for (let number = 0; number < 4; number++) expect(readFileSync(join(cwd, 'out', `table-${number}.bin`)).equals(edited(block, 5, number * 50))).toBe(true)
  })

  test('wants a compression and a cost that make sense', async () => {
    const cwd = newFolder()
    writeSample(cwd)
    await runJson(['snapshot', 'data'], { cwd })
    expect(await runCli(['repack', '--compression', 'none'], { cwd })).toMatchObject({ code: 2 })
    expect(await runCli(['repack', '--read-cost', 'cheap'], { cwd })).toMatchObject({ code: 2 })
    expect(await runCli(['repack', '--read-cost', '0.5'], { cwd })).toMatchObject({ code: 2 })
  })
})
