import { appendFileSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processExecutor } from '../../../src/node/execution/executor.ts'
import type { Executor } from '../../../src/node/execution/interface.ts'
import { capitals, Project } from './project.ts'

const HEAD = 'import { execFileSync } from \'node:child_process\'\nimport { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from \'node:fs\'\nimport { createServer } from \'node:net\''
const REPLACED = 'What it wrote cannot be stored: the folder of the output out was removed, or something else is in its place'
const SPECIAL = 'What it wrote cannot be stored: sub/end in the output out is a device, socket or named pipe'

describe.skipIf(process.platform === 'win32')('a derivation', () => {
  it.each([
    ['is a link', 'symlinkSync(place, out)', REPLACED],
    ['is a link to where it was moved', 'cpSync(out, out + \'-moved\', { recursive: true }); rmSync(out, { recursive: true }); symlinkSync(out + \'-moved\', out)', REPLACED],
    ['is gone', '', REPLACED],
    ['is a file', 'writeFileSync(out, \'\')', REPLACED],
    ['has a named pipe', 'mkdirSync(out + \'/sub\', { recursive: true }); execFileSync(\'mkfifo\', [out + \'/sub/end\'])', SPECIAL],
    ['has a socket', 'mkdirSync(out + \'/sub\', { recursive: true }); process.chdir(out + \'/sub\'); await new Promise((resolve) => createServer().listen(\'end\', resolve).unref())', SPECIAL],
  ])('of whose recipe an output %s fails, and says so', async (_what, lines, reason) => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    project.write('private/file', 'not an output')
    const place = JSON.stringify(join(project.folder, 'private'))
    const clear = reason === REPLACED && !lines.startsWith('cpSync') ? 'rmSync(out, { recursive: true });' : ''
    project.write('leaves.mjs', capitals({ name: 'leaves', head: HEAD, extra: `const out = outputs.out.path, place = ${place}; ${clear} ${lines}` }))
    const error: unknown = await project.derive(repository, 'leaves.mjs', { ref: 'out' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'RECIPE_FAILED', message: `leaves failed: ${reason}` })
    expect(await repository.blocks.getRef('out')).toBeUndefined()
    expect(existsSync(join(project.folder, 'private/file'))).toBe(true)
    expect(readdirSync(join(project.folder, '.varve/cache/scratch'))).toEqual([])
    // The attempt is remembered as one that failed.
    expect((await project.derive(repository, 'leaves.mjs', { dryRun: true })).status).toBe('stale')
  }, 30_000)

  it('does not store what a link leads to that is in the place of its log', async () => {
    await using project = new Project()
    const repository = await project.open()
    await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
    const place = JSON.stringify(project.folder)
    project.write('unlogged.mjs', capitals({ name: 'unlogged', head: HEAD, extra: `const logs = outputs.out.path + '/../../log'; rmSync(logs, { recursive: true }); symlinkSync(${place}, logs)` }))
    await expect(project.derive(repository, 'unlogged.mjs')).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: expect.stringContaining('the folder that its log is written to') as string })
    expect(readdirSync(join(project.folder, '.varve/cache/scratch'))).toEqual([])
  }, 30_000)
})

it('an output that something goes on writing to while it is stored fails, and is never stored in part', async () => {
  await using project = new Project()
  const repository = await project.open()
  await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
  project.write('growing.mjs', capitals({ name: 'growing', extra: 'await outputs.out.write(\'big\', \'x\'.repeat(3_000_000))' }))
  let writing: NodeJS.Timeout | undefined
  // As a process may do that has left its group, where nobody can find it.
  const executor: Executor = {
    async execute(job) {
      const outcome = await processExecutor.execute(job)
      const write = (): void => {
        try {
          appendFileSync(join(job.scratch.output('out'), 'big'), 'more')
        } catch {
          // Until the scratch folder is removed, which may be at any moment.
          return
        }
        writing = setTimeout(write, 0)
      }
      write()
      return outcome
    },
  }
  try {
    await expect(project.derive(repository, 'growing.mjs', { ref: 'out', executor })).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: expect.stringMatching(/^growing failed: What it wrote cannot be stored: .*big/s) as string })
  } finally {
    clearTimeout(writing)
  }
  expect(await repository.blocks.getRef('out')).toBeUndefined()
}, 60_000)

it('a folder that the recipe made anew is as good as the one it got', async () => {
  await using project = new Project()
  const repository = await project.open()
  await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
  project.write('anew.mjs', capitals({ name: 'anew', head: HEAD, extra: 'const out = outputs.out.path; rmSync(out, { recursive: true }); mkdirSync(out); writeFileSync(out + \'/n\', \'1\')' }))
  await project.derive(repository, 'anew.mjs', { ref: 'out' })
  expect(new TextDecoder().decode(await repository.read('out', 'n'))).toBe('1')
}, 30_000)
