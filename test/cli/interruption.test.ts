import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type CliProcess, newFolder, runJson, startCli } from './run-cli.ts'
import { writeLarge } from './sample-data.ts'

const FILES = 160

/** Waits until a pack of a fair size is being written or was. */
async function untilStoring(repository: string): Promise<void> {
  for (;;) {
    const names = existsSync(repository) ? readdirSync(repository, { recursive: true, encoding: 'utf8' }) : []
    const written = names.filter((name) => name.startsWith('packs') || name.startsWith('tmp')).reduce((sum, name) => sum + (statSync(join(repository, name), { throwIfNoEntry: false })?.size ?? 0), 0)
    if (written > 40 * 1024 * 1024) return
    await sleep(5)
  }
}

async function interrupted(cwd: string, signal: NodeJS.Signals, args: readonly string[] = []): Promise<CliProcess> {
  const process = startCli(['snapshot', 'data', ...args], { cwd })
  await untilStoring(join(cwd, '.varve'))
  process.child.kill(signal)
  return process
}

test('Ctrl-C ends a snapshot with 130 and says how to go on; the same command then stores only what is missing', async () => {
  const cwd = newFolder()
  writeLarge(join(cwd, 'data'), FILES)
  const run = await (await interrupted(cwd, 'SIGINT')).ended
  expect(run).toMatchObject({ code: 130, stdout: '', stderr: 'Interrupted. What was stored is kept: run the same command again to go on.\n' })
  expect(await runJson(['refs'], { cwd })).toEqual([])
  expect(await runJson(['verify'], { cwd })).toMatchObject({ ok: true })
  const again = await runJson<{ bytes: number; newBytes: number; files: number }>(['snapshot', 'data'], { cwd })
  expect(again).toMatchObject({ files: FILES, bytes: FILES * 1024 * 1024 })
  expect(again.newBytes).toBeLessThan(again.bytes)
  expect(await runJson(['verify'], { cwd })).toMatchObject({ ok: true })
})

test('SIGTERM ends it with 143 and, with --json, one document', async () => {
  const cwd = newFolder()
  writeLarge(join(cwd, 'data'), FILES)
  const run = await (await interrupted(cwd, 'SIGTERM', ['--json'])).ended
  expect(run.code).toBe(143)
  expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: 'INTERRUPTED', data: { signal: 'SIGTERM' } } })
})

test('after kill -9 the repository is sound and the next snapshot succeeds', async () => {
  const cwd = newFolder()
  writeLarge(join(cwd, 'data'), FILES)
  const run = await (await interrupted(cwd, 'SIGKILL')).ended
  expect(run.code).toBe(null)
  expect(await runJson(['verify'], { cwd })).toMatchObject({ ok: true })
  expect(await runJson(['snapshot', 'data'], { cwd })).toMatchObject({ created: true, files: FILES })
})
