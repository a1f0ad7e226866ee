import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newFolder, runCli, runJson } from './run-cli.ts'

function writeFolder(cwd: string, name: string): void {
  mkdirSync(join(cwd, name))
  for (let index = 0; index < 50; index++) writeFileSync(join(cwd, name, `${index}.txt`), `${name} ${index % 10} ${'x'.repeat(index * 100)}`)
}

test('processes that snapshot to different refs at once all succeed, the first even together', async () => {
  const cwd = newFolder()
  const names = ['one', 'two', 'three', 'four']
  for (const name of names) writeFolder(cwd, name)
  const runs = await Promise.all(names.map((name) => runCli(['snapshot', name], { cwd })))
  expect(runs.map(({ code, stderr }) => `${code} ${stderr}`)).toEqual(names.map(() => '0 '))
  expect((await runJson<{ name: string }[]>(['refs'], { cwd })).map(({ name }) => name)).toEqual([...names].sort())
  expect(await runJson(['verify'], { cwd })).toMatchObject({ ok: true })
})

test('processes that snapshot to one ref at once all succeed, one after the other in its history', async () => {
  const cwd = newFolder()
  const names = ['one', 'two', 'three']
  for (const name of names) writeFolder(cwd, name)
  const results = await Promise.all(names.map((name) => runJson<{ snapshot: string }>(['snapshot', name, '--ref', 'shared', '-m', name], { cwd })))
  const log = await runJson<{ snapshot: string; parents: string[]; message: string }[]>(['log', 'shared'], { cwd })
  expect(log.map(({ message }) => message).sort()).toEqual([...names].sort())
  expect(log.map(({ snapshot }) => snapshot).sort()).toEqual(results.map(({ snapshot }) => snapshot).sort())
  expect(log.map(({ parents }) => parents)).toEqual([[log[1]?.snapshot], [log[2]?.snapshot], []])
  expect(await runJson(['verify'], { cwd })).toMatchObject({ ok: true })
})
