import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { takeTurn } from '../../../src/node/derive/take-turn.ts'
import { hostId, startTicks } from '../../../src/node/maker.ts'
import { capitals, Project } from './project.ts'

let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'varve-turn-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const noWaiting = () => ({ onWait: () => expect.fail('it waits') })
const deadProcess = (): number => spawnSync(process.execPath, ['-e', '']).pid

describe('work of one name', () => {
  it('is done by one after the other, and leaves nothing, also if it fails', async () => {
    let atWork = 0
    let most = 0
    const waited: number[] = []
    const work = async (): Promise<void> => {
      most = Math.max(most, ++atWork)
      await sleep(150)
      atWork--
      throw new Error('no luck')
    }
    const results = await Promise.allSettled([0, 1, 2].map(() => takeTurn(folder, 'a', { onWait: (id) => waited.push(id) }, work)))
    expect(results.map((result) => result.status === 'rejected' && String(result.reason))).toEqual(Array(3).fill('Error: no luck'))
    expect([most, waited]).toEqual([1, [process.pid, process.pid]])
    expect(readdirSync(folder)).toEqual([])
  })

  it('of another name is not waited for', async () => {
    const inner = await takeTurn(folder, 'a', {}, () => takeTurn(folder, 'b', { onWait: () => expect.fail('it waits') }, async () => readdirSync(folder)))
    expect(inner.sort()).toEqual(['a', 'b'])
  })

  it('passes on from the dead, is not waited for on other hosts, and can be given up', async () => {
    writeFileSync(join(folder, 'a'), `${hostId()} ${deadProcess()} ${Date.now()} 0123456789abcdef`)
    writeFileSync(join(folder, `${hostId()}-${deadProcess()}-0123456789abcdef`), '')
    expect(await takeTurn(folder, 'a', { onWait: () => expect.fail('it waits') }, async () => readdirSync(folder))).toEqual(['a'])
    writeFileSync(join(folder, 'b'), `0123456789ab ${process.pid} ${Date.now()} 0123456789abcdef`)
    expect(await takeTurn(folder, 'b', { onWait: () => expect.fail('it waits') }, async () => 'done')).toBe('done')
    expect(readdirSync(folder)).toEqual(['b'])
    writeFileSync(join(folder, 'c'), `${hostId()} ${process.ppid} ${Date.now()} 0123456789abcdef`)
    await expect(takeTurn(folder, 'c', { signal: AbortSignal.timeout(200) }, async () => 'done')).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('passes on from the dead even if another process has the number now, be it this one', async () => {
    writeFileSync(join(folder, 'own'), `${hostId()} ${process.pid} ${Date.now()} 0123456789abcdef`)
    expect(await takeTurn(folder, 'own', { ...noWaiting(), signal: AbortSignal.timeout(2000) }, async () => 'done')).toBe('done')
    const ticks = startTicks(process.ppid)
    if (ticks === undefined) return
    for (const content of [`${hostId()} ${process.ppid} ${Date.now() - 365 * 86_400_000} 0123456789abcdef`, `${hostId()} ${process.ppid} ${Date.now()} ${ticks + 1} 0123456789abcdef`]) {
      writeFileSync(join(folder, 'other'), content)
      expect(await takeTurn(folder, 'other', { ...noWaiting(), signal: AbortSignal.timeout(2000) }, async () => 'done')).toBe('done')
    }
    writeFileSync(join(folder, 'other'), `${hostId()} ${process.ppid} ${Date.now()} ${ticks} 0123456789abcdef`)
    await expect(takeTurn(folder, 'other', { signal: AbortSignal.timeout(200) }, async () => 'done')).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('is not waited for where nothing can be read of it, and ends well if its file is taken away', async () => {
    mkdirSync(join(folder, 'a'))
    expect(await takeTurn(folder, 'a', noWaiting(), async () => 'done')).toBe('done')
    const replaceFile = async (): Promise<string> => {
      unlinkSync(join(folder, 'b'))
      mkdirSync(join(folder, 'b'))
      return 'done'
    }
    expect(await takeTurn(folder, 'b', noWaiting(), replaceFile)).toBe('done')
  })

  it('is done where the folder cannot be written to', async () => {
    writeFileSync(join(folder, 'file'), '')
    expect(await takeTurn(join(folder, 'file'), 'a', {}, async () => 'done')).toBe('done')
  })
})

it('two who derive the same at once run it once, unless they must', async () => {
  await using project = new Project()
  const repositories = [await project.open(), await project.open()]
  await repositories[0]?.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
  project.write('slow.mjs', capitals({ name: 'slow', extra: 'await new Promise((resolve) => setTimeout(resolve, 700))' }))
  const deriveAll = async (force: boolean) => (await Promise.all(repositories.map((repository, at) => project.derive(repository, 'slow.mjs', { ref: `out${at}`, force })))).map(({ status, outputs }) => [status, outputs[0]?.ref])
  const found = await deriveAll(false)
  expect(new Set(found.map(([status]) => status))).toEqual(new Set(['ran', 'remembered']))
  expect(found.map(([, ref]) => ref)).toEqual(['out0', 'out1'])
  expect((await deriveAll(true)).map(([status]) => status)).toEqual(['ran', 'ran'])
  const turns = join(project.folder, '.varve/cache/turns')
  expect(readdirSync(turns)).toEqual([])
}, 60_000)
