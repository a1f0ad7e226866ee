import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { hostId, isAlive, isGoneSince } from '../../src/node/maker.ts'
import { openRepository } from '../../src/node/open-repository.ts'
import { encodeLease, leaseKey, newSessionId } from '../../src/repository/lease.ts'

const DAY_MS = 86_400_000
const work = mkdtempSync(join(tmpdir(), 'varve-maker-'))
afterAll(() => rmSync(work, { recursive: true }))

describe('the number of a process', () => {
  it('stands for whoever has it now, if that one was there at the time', () => {
    expect(isGoneSince(process.pid, Date.now())).toBe(false)
    expect(isGoneSince(process.pid, performance.timeOrigin)).toBe(false)
    expect(isGoneSince(2 ** 22 + 1, Date.now())).toBe(true)
  })

  it.skipIf(process.platform !== 'linux')('stands for another one if it began later', () => {
    expect(isGoneSince(process.pid, performance.timeOrigin - DAY_MS)).toBe(true)
  })

  it.skipIf(process.platform !== 'linux')('stands for nobody if its process has ended and the parent has not asked how', async () => {
    // The shell turns into a program that does not wait for what the shell began.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const id = Number(await new Promise<string>((resolve) => parent.stdout.once('data', (data) => resolve(String(data)))))
    try {
      await expect.poll(() => readFileSync(`/proc/${id}/stat`, 'latin1')).toMatch(/\) Z /)
      expect([isAlive(id), isGoneSince(id, Date.now()), isAlive(parent.pid ?? 0)]).toEqual([false, true, true])
    } finally {
      parent.kill()
    }
  })

  it.skipIf(process.platform !== 'linux')('of a writer that died does not keep garbage when it comes around', async () => {
    const repository = await openRepository(join(work, 'repository'), { create: true })
    const { platform, hasher, storage } = repository.blocks
    const id = newSessionId(platform)
    const lease = { id, host: `${hostname()} ${hostId()}`, process: process.pid, started: new Date(performance.timeOrigin - DAY_MS).toISOString(), base: 0 }
    await storage.put(leaseKey(id), encodeLease(hasher, lease))
    const session = await repository.blocks.session()
    expect(await repository.collectGarbage({ graceMs: 0 })).toMatchObject({ revoked: [{ id }], sessions: [{ id: session.id }] })
    await session.close()
    await repository.close()
  })
})
