import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type CliProcess, newFolder, runCli, runJson, startCli } from './run-cli.ts'

/** Writes half of its output, and after a while the other half. */
const SLOW = `export const slow = {
  name: 'slow', inputs: ['raw'], outputs: ['out'],
  async run({ outputs, seed }) {
    await outputs.out.write('first', 'half of ' + seed)
    await new Promise((settle) => setTimeout(settle, 300))
    await outputs.out.write('second', 'the rest of ' + seed)
  },
}
`

/** Waits until the recipe that a process runs has written a file of its output. */
async function untilWritten({ child }: CliProcess, scratch: string, file: string): Promise<void> {
  while (!(existsSync(scratch) ? readdirSync(scratch) : []).some((name) => existsSync(join(scratch, name, 'outputs/out', file)))) {
    if (child.exitCode !== null) throw new Error('It ended before it could be killed')
    await sleep(2)
  }
}

// From the time at which half of the output is there to that at which it has been stored, and its ref moved.
const MOMENTS = [['first', 0], ['second', 0], ['second', 40]] as const

test('after kill -9 during a derivation nothing is half there, and the same command gives the root of an undisturbed one', async () => {
  const cwd = newFolder()
  writeFileSync(join(cwd, 'slow.mjs'), SLOW)
  mkdirSync(join(cwd, 'raw'))
  writeFileSync(join(cwd, 'raw', 'a.txt'), 'a')
  await runJson(['snapshot', 'raw'], { cwd })
  const scratch = join(cwd, '.varve/cache/scratch')
  for (const [seed, [file, delay]] of MOMENTS.entries()) {
    const whole = newFolder()
    for (const [name, text] of [['first', 'half of'], ['second', 'the rest of']] as const) writeFileSync(join(whole, name), `${text} ${seed}`)
    const { root } = await runJson<{ root: string }>(['hash', whole])
    const ref = `out-${seed}`
    const args = ['derive', 'slow.mjs', '--input', 'raw=raw', '--seed', String(seed), '--ref', ref]
    const killed = startCli(args, { cwd })
    await untilWritten(killed, scratch, file)
    await sleep(delay)
    killed.child.kill('SIGKILL')
    await killed.ended

    const left = (await runJson<readonly { name: string; root: string }[]>(['refs'], { cwd })).filter(({ name }) => name === ref)
    if (file === 'first') expect(left).toEqual([])
    for (const { root: found } of left) expect(found).toBe(root)
    const again = await runJson<{ status: string; outputs: readonly unknown[] }>(args, { cwd })
    expect(again).toMatchObject({ outputs: [{ root, ref }], ...(file === 'first' ? { status: 'ran' } : {}) })
    // What the killed one left is swept by a run, and by nothing else.
    if (again.status === 'ran') expect(readdirSync(scratch)).toEqual([])
    expect((await runCli(['cat', `${ref}:second`], { cwd })).stdout).toBe(`the rest of ${seed}`)
  }
  expect(await runJson(['verify'], { cwd })).toMatchObject({ ok: true })
}, 60_000)
