import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RUNNER } from '../../../src/node/execution/runner-location.ts'
import { makeScratch, sweepScratches } from '../../../src/node/execution/scratch.ts'
import { hostId, isAlive } from '../../../src/node/maker.ts'
import { writeFiles } from './made-jobs.ts'

/** Starts the program of child processes as `execute` does, gives it something to do, and waits for its own death. */
const PARENT = `
const { spawn } = require('node:child_process')
const [runner, folder, message] = process.argv.slice(1)
const child = spawn(process.execPath, [runner, String(process.pid)], { detached: true, cwd: folder, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
for (const part of JSON.parse(message)) child.send(part)
console.log(child.pid)
setInterval(() => {}, 1000)`

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'varve-parent-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

async function isRunning(id: number): Promise<boolean> {
  return isAlive(id) && !/\) Z/.test(await readFile(`/proc/${id}/stat`, 'utf8').catch(() => ' '))
}

/** Has a parent killed once two processes below it have said their numbers. */
async function afterParentDied(message: readonly object[]): Promise<number[]> {
  const parent = spawn(process.execPath, ['-e', PARENT, fileURLToPath(RUNNER), folder, JSON.stringify(message)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of parent.stdout) {
    text += String(chunk)
    if (/^\d+\n\d+\n$/.test(text)) break
  }
  process.kill(parent.pid ?? 0, 'SIGKILL')
  return text.trim().split('\n').map(Number)
}

async function expectDead(ids: readonly number[]): Promise<void> {
  expect(ids.length).toBe(2)
  await expect.poll(async () => (await Promise.all(ids.map(isRunning))).join(), { timeout: 10_000 }).toBe('false,false')
}

describe('when the process that started a run is killed', () => {
  it('a command and the one that looks after it die', async () => {
    await expectDead(await afterParentDied([{ type: 'command', folder, words: ['sh', '-c', 'trap "" TERM HUP; echo $$; while :; do sleep 1; done'] }]))
  })

  it('a function that is busy dies, with what it has started', async () => {
    await writeFiles(folder, { 'busy.mjs': `import { spawn } from 'node:child_process'\nimport { writeSync } from 'node:fs'\nconst child = spawn('sleep', ['60'])\nwriteSync(1, child.pid + '\\n')\nfor (;;) {}` })
    const work = { type: 'function', folder, module: 'busy.mjs', exportName: 'recipe', name: 'test', inputs: {}, firstInput: null, params: {}, seed: '', packages: [] }
    await expectDead(await afterParentDied([work, { type: 'unit', file: null, outputs: {} }]))
  })
})

describe('a scratch folder', () => {
  it('is removed with all that is read-only in it, and nothing that links lead to', async () => {
    await writeFiles(folder, { 'kept/file': 'kept' })
    const scratch = await makeScratch(join(folder, 'new/parent'))
    expect((await readdir(scratch.path)).sort()).toEqual(['code', 'home', 'inputs', 'log', 'outputs', 'tmp'])
    await writeFiles(scratch.input('raw'), { 'a/b/c.txt': '', 'ü/ß': '' })
    await symlink(join(folder, 'kept'), join(scratch.input('raw'), 'a/link'))
    for (const path of ['a/b/c.txt', 'a/b', 'a', 'ü/ß', 'ü', '.']) await chmod(join(scratch.input('raw'), path), 0o444)
    await scratch.remove()
    expect(await readdir(join(folder, 'new/parent'))).toEqual([])
    expect(await readFile(join(folder, 'kept/file'), 'utf8')).toBe('kept')
  })

  it('is swept once its process is dead, with what still runs there', async () => {
    const [living, dead] = [await makeScratch(folder), await makeScratch(folder)]
    const gone = spawn('true')
    await new Promise((resolve) => gone.once('exit', resolve))
    const host = hostId()
    const left = join(await realpath(folder), `${host}-${gone.pid}-0123456789abcdef`)
    await rename(dead.path, left)
    const foreign = join(folder, `0123456789ab-${gone.pid}-0123456789abcdef`)
    await mkdir(foreign)
    const running = spawn('sleep', ['60'], { env: { PATH: '/usr/bin:/bin', HOME: join(left, 'home') }, detached: true, stdio: 'ignore' })
    const ended = new Promise((resolve) => running.once('exit', resolve))
    await sweepScratches(folder)
    expect(new Set(await readdir(folder))).toEqual(new Set([living.path, foreign].map((path) => basename(path))))
    if (process.platform === 'linux') await ended
    else running.kill()
    await sweepScratches(join(folder, 'absent'))
  })
})
