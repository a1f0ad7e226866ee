import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { residentBytes } from '../../../src/node/execution/process-tree.ts'
import { isAlive } from '../../../src/node/maker.ts'
import { Workshop } from './made-jobs.ts'

const workshop = new Workshop()
/** Starts a process and one below it that leaves the group, and says their numbers. */
const GRANDCHILDREN = `
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
const child = spawn('sh', ['-c', 'sleep 60 & echo $! ; wait'], { stdio: ['ignore', 'inherit', 'ignore'] })
const away = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
console.log(child.pid)
console.log(away.pid)`

async function numbersIn(path: string): Promise<number[]> {
  return (await readFile(path, 'utf8')).split('\n').filter((line) => /^\d+$/.test(line)).map(Number)
}

/** Zombies are dead, whoever has not waited for them yet. */
async function isRunning(id: number): Promise<boolean> {
  if (!isAlive(id)) return false
  const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => ' Z')
  return !/\) Z/.test(stat)
}

const onLinux = process.platform === 'linux'

describe('the end of a run', () => {
  it('takes all that it started with it, when it is done and when it takes too long', async () => {
    const [done, late] = await Promise.all([
      workshop.runFunction('await new Promise((resolve) => setTimeout(resolve, 300))', { top: GRANDCHILDREN }),
      workshop.runFunction('for (;;) {}', { top: `${GRANDCHILDREN}\nawait new Promise((resolve) => setTimeout(resolve, 300))`, limits: { timeMs: 2500 } }),
    ])
    expect(done).toMatchObject({ status: 'succeeded' })
    expect(late).toMatchObject({ status: 'failed', reason: 'it took longer than the time limit of 2.5 s', exitCode: null, mathRandomCalls: null })
    for (const { stdout } of [done, late]) {
      const started = await numbersIn(stdout)
      expect(started.length).toBe(3)
      for (const id of started.slice(0, onLinux ? 3 : 1)) expect(await isRunning(id)).toBe(false)
    }
  })

  it('takes all that a command started with it', async () => {
    const words = ['sh', '-c', 'sleep 60 & echo $!; setsid sleep 60 & echo $!; sleep 60 & echo $!; [ "$1" = leave ] || wait', 'sh']
    const [done, late] = await Promise.all([workshop.runCommand([...words, 'leave']), workshop.runCommand(words, { limits: { timeMs: 2000 } })])
    expect(done).toMatchObject({ status: 'succeeded' })
    expect(late).toMatchObject({ status: 'failed', reason: 'it took longer than the time limit of 2 s' })
    for (const { stdout } of [done, late]) {
      const started = await numbersIn(stdout)
      expect(started.length).toBe(3)
      for (const id of started) expect(await isRunning(id)).toBe(false)
    }
  })

  it('comes when it is asked for, and a function is told before', async () => {
    const controller = new AbortController()
    const outcome = await workshop.runFunction(
      `log('ready'); const busy = setInterval(() => {}, 10); await new Promise((resolve) => signal.addEventListener('abort', resolve)); log('told:', signal.reason.message); await new Promise((resolve) => setTimeout(resolve, 60_000))`,
      { signal: controller.signal, onOutput: () => controller.abort() },
    )
    expect(outcome).toMatchObject({ status: 'aborted', reason: 'it was stopped' })
    expect(await readFile(outcome.stdout, 'utf8')).toBe('ready\ntold: it was stopped\n')
  })

  it('comes before the start if it was asked for then', async () => {
    const outcome = await workshop.runCommand(['touch', '{outputs.out}/a'], { signal: AbortSignal.abort() })
    expect(outcome).toMatchObject({ status: 'aborted', reason: 'it was stopped' })
    expect(await readdir(join(outcome.stdout, '../../outputs/out'))).toEqual([])
    expect(await readFile(outcome.stdout, 'utf8')).toBe('')
  })

  it('lets a command end in its own way', async () => {
    const controller = new AbortController()
    const outcome = await workshop.runCommand(['sh', '-c', 'trap "echo cleaned up; exit 0" TERM; echo ready; while :; do sleep 0.05; done'], { signal: controller.signal, onOutput: () => controller.abort() })
    expect(outcome).toMatchObject({ status: 'aborted' })
    expect(await readFile(outcome.stdout, 'utf8')).toBe('ready\ncleaned up\n')
  })

  it('comes when its heap or its resident memory passes the limit', async () => {
    const limits = { memoryBytes: 120 * 2 ** 20 }
    const hoard = 'const kept = []; for (;;) { kept.push(new Array(10_000).fill(kept.length)); if (kept.length % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1)) }'
    expect(await workshop.runFunction(hoard, { limits })).toMatchObject({ status: 'failed', reason: expect.stringContaining('it took more memory than the limit of 120 MiB') as string })
    expect(await workshop.runFunction(hoard.replace('await ', ''), { limits })).toMatchObject({ status: 'failed', reason: expect.stringContaining('it took more memory than the limit of 120 MiB') as string })
    if (!onLinux) return
    const grown = await workshop.runCommand([process.execPath, '-e', 'const kept = Buffer.alloc(300 * 2 ** 20, 1); setInterval(() => kept[0], 1000)'], { limits })
    expect(grown).toMatchObject({ status: 'failed', reason: expect.stringContaining('it took more memory than the limit of 120 MiB') as string })
  })

  it.runIf(onLinux)('counts the memory of a tree, but not of who looks after it', () => {
    const all = residentBytes(process.pid) ?? 0
    expect(all).toBeGreaterThan(20 * 2 ** 20)
    expect(residentBytes(process.pid, process.pid)).toBeLessThan(all)
  })
})
