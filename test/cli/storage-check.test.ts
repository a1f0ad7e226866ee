import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { errorOf, newFolder, runCli, runJson, startCli } from './run-cli.ts'
import { writeSample } from './sample-data.ts'

interface Report {
  readonly location: string
  readonly kind: string
  readonly ok: boolean
  readonly promises: readonly { readonly promise: string; readonly outcome: string; readonly harm: string }[]
  readonly facts: readonly { readonly about: string }[]
  readonly left: readonly string[]
}

describe('varve storage check', () => {
  test('says of each promise that it is kept, and leaves nothing', async () => {
    const folder = newFolder()
    const run = await runCli(['storage', 'check', folder])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const lines = run.stdout.trimEnd().split('\n')
    expect(lines.filter((line) => line.startsWith('kept ')).length).toBeGreaterThan(30)
    expect(lines.filter((line) => /^(not |left)/.test(line))).toEqual([])
    expect(run.stdout).toMatch(/^kept +creating an object that exists fails also when 16 try at once/m)
    expect(lines.at(-1)).toMatch(/^sound: .* keeps all \d+ promises/)
    expect(readdirSync(folder)).toEqual([])
  })

  test('touches nothing of a repository that is there, and is one document on request', async () => {
    const cwd = newFolder()
    writeSample(cwd)
    await runJson(['snapshot', 'data'], { cwd })
    const before = readdirSync(join(cwd, '.varve'), { recursive: true })
    const report = await runJson<Report>(['storage', 'check', '.varve'], { cwd })
    expect(report).toMatchObject({ kind: 'folder', ok: true, left: [], location: expect.stringMatching(/\.varve$/) as string })
    for (const { outcome, harm } of report.promises) expect([outcome, harm]).toEqual(['kept', expect.stringMatching(/\.$/)])
    expect(readdirSync(join(cwd, '.varve'), { recursive: true })).toEqual(before)
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  })

  test('says in words what a file system without hard links does not keep, and answers no', async () => {
    const cwd = newFolder()
    // Loaded before varve: as if every link that is made met a file system like exFAT.
    writeFileSync(join(cwd, 'no-links.cjs'), `
      const fs = require('node:fs')
      const refused = () => Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM', errno: -1, syscall: 'link' })
      fs.linkSync = () => { throw refused() }
      fs.promises.link = () => Promise.reject(refused())
      require('node:module').syncBuiltinESMExports()`)
    mkdirSync(join(cwd, 'disk'))
    const env = { NODE_OPTIONS: `--require ${join(cwd, 'no-links.cjs')}` }
    const { code, stdout } = await runCli(['storage', 'check', 'disk'], { cwd, env })
    expect(code).toBe(1)
    expect(stdout).toMatch(/^not kept +a file takes a second name.*\n {4}seen: the file system has no hard links \(EPERM\)\n {4}so: Nothing could be stored/m)
    expect(stdout).toMatch(/^not tried +creating an object that exists fails .*\n {4}because: .*has no hard links.*\n {4}if it is not kept: Two writers could commit/m)
    expect(stdout).toMatch(/^kept +a file that is renamed/m)
    expect(stdout).toMatch(/^not sound: of \d+ promises .* breaks 3, and could not be tried for \d\d$/m)
    expect(readdirSync(join(cwd, 'disk'))).toEqual([])
  })

  test('says that the disk is full where it is, and blames nothing else', async () => {
    const cwd = newFolder()
    // Loaded before varve: as if the disk had no room for anything large.
    writeFileSync(join(cwd, 'full.cjs'), `
      const fs = require('node:fs')
      const { writev } = fs
      fs.writev = (file, parts, position, done) => {
        if (parts.reduce((sum, part) => sum + part.byteLength, 0) < 3000) return writev(file, parts, position, done)
        setImmediate(done, Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28, syscall: 'write' }))
      }
      require('node:module').syncBuiltinESMExports()`)
    mkdirSync(join(cwd, 'disk'))
    const env = { NODE_OPTIONS: `--require ${join(cwd, 'full.cjs')}` }
    const { code, stdout } = await runCli(['storage', 'check', 'disk'], { cwd, env })
    expect(stdout).toMatch(/^not tried +an object of 4096 bytes .*\n {4}because: .*disk full \(ENOSPC\)\n(?! )/m)
    expect(stdout).not.toMatch(/^not kept/m)
    expect(stdout).toMatch(/^not tried: the disk of .* is full, so that \d+ of \d+ promises could not be tried; the others are kept\n {2}Free some space/m)
    expect(code).toBe(6)
    expect(readdirSync(join(cwd, 'disk'))).toEqual([])
  })

  test('is quiet when that is asked for, and nothing is wrong', async () => {
    expect((await runCli(['storage', 'check', newFolder(), '--quiet'])).stdout).toMatch(/^sound: [^\n]*\n$/)
  })

  test.runIf(existsSync('/proc/self'))('refuses a place in which nothing can be made', async () => {
    const run = await runCli(['storage', 'check', '/proc/self', '--json'])
    expect(run.code).toBe(6)
    expect(errorOf(run)).toMatchObject({ code: 'STORAGE_FAILED' })
  })

  test('refuses what is no place, and actions that there are not', async () => {
    expect(await runCli(['storage', 'check', join(newFolder(), 'none')])).toMatchObject({ code: 3 })
    expect(await runCli(['storage', 'check', 's3://bucket'])).toMatchObject({ code: 2, stderr: expect.stringContaining('s3:') as string })
    expect(await runCli(['storage', 'check'])).toMatchObject({ code: 2 })
    expect(await runCli(['storage', 'mend', '.'])).toMatchObject({ code: 2, stderr: expect.stringContaining('check') as string })
    expect((await runCli(['complete', '--', 'storage', ''])).stdout).toBe('check\n:4\n')
    expect((await runCli(['complete', '--', 'storage', 'check', ''])).stdout).toBe(':16\n')
  })

  test('removes what it has made when it is interrupted', async () => {
    const folder = newFolder()
    const inner = join(folder, 'inner')
    mkdirSync(inner)
    const { child, ended } = startCli(['storage', 'check', inner])
    while (readdirSync(inner).length === 0) await wait(1)
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, stderr: expect.stringContaining('What the check had made was removed.') as string })
    expect(readdirSync(inner)).toEqual([])
  })
})
