import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { captureOf, MadeRepositories, write } from './made-repositories.ts'

const made = new MadeRepositories()
afterAll(() => made.remove())

describe('what a run writes, and the repository,', () => {
  it('count as no code, though nobody ignores them, and the record says so', async () => {
    const folder = made.make({ 'app/train.mjs': 'x', 'app/out/keep.txt': 'tracked' })
    write(folder, { 'app/out/model.bin': 'weights', 'app/out/keep.txt': 'changed', 'app/notes.txt': 'mine', 'app/log.txt': 'one line', '.store/config': 'blocks', '.venv/pyvenv.cfg': '', 'app/venv/pyvenv.cfg': '', 'app/venv/bin/python': 'x', 'model.bin': 'of another folder' })
    const before = await captureOf(join(folder, 'app'), { repositoryFolder: join(folder, '.store') })
    expect(before.capture.git?.dirty.map(({ path }) => path)).toContain('app/out/model.bin')
    const { capture, stored } = await captureOf(join(folder, 'app'), { repositoryFolder: join(folder, '.store'), leaveOut: ['out', './log.txt', 'not-yet', '../..', join(folder, 'app', 'log.txt')] })
    expect(Object.keys(stored).sort()).toEqual(['app/notes.txt', 'app/out/keep.txt', 'app/train.mjs', 'model.bin'])
    expect(stored['app/out/keep.txt']).toBe('changed')
    expect(capture.git?.dirty).toEqual([{ path: 'app/out/keep.txt', status: '.M' }, { path: 'app/notes.txt', status: '??' }, { path: 'model.bin', status: '??' }])
    expect(capture.leftOut).toEqual(['.store', '.venv', 'app/log.txt', 'app/out', 'app/venv'])
  })

  it('leave the code of the next run as it was, whatever the run before wrote', async () => {
    for (const folder of [made.make({ 'train.mjs': 'x' }), made.folder()]) {
      write(folder, { 'train.mjs': 'x' })
      const roots: string[] = []
      for (const weights of [undefined, 'first', 'second']) {
        if (weights !== undefined) write(folder, { 'out/model.bin': weights, 'out/log/1.txt': weights })
        roots.push(String((await captureOf(folder, { leaveOut: ['out'] })).code?.root))
      }
      expect(new Set(roots).size).toBe(1)
    }
  })

  it('are code if git tracks them', async () => {
    const folder = made.make({ 'train.mjs': 'x', 'model.bin': 'first' })
    write(folder, { 'model.bin': 'second' })
    const { capture, stored } = await captureOf(folder, { leaveOut: ['model.bin'] })
    expect(stored['model.bin']).toBe('second')
    expect(capture).toMatchObject({ leftOut: [], git: { dirty: [{ path: 'model.bin', status: '.M' }] } })
  })

  it('are left out of a folder without git too, by whatever path they are named', async () => {
    const folder = made.folder()
    write(folder, { 'train.mjs': 'x', 'out/a': '1', 'log.txt': '2', 'sub/log.txt': '3', '.venv/pyvenv.cfg': '', '.venv/bin/python': 'x', 'env/notes': 'mine' })
    const { capture, stored } = await captureOf(folder, { leaveOut: [join(folder, 'out'), 'log.txt'] })
    expect(Object.keys(stored).sort()).toEqual(['env/notes', 'sub/log.txt', 'train.mjs'])
    expect(capture.leftOut).toEqual(['.venv', 'log.txt', 'out'])
  })
})
