import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { startStaticServer } from '../remote/http/static-server.ts'
import { newFolder, runCli, runJson } from './run-cli.ts'

let cwd = ''

beforeEach(async () => {
  cwd = newFolder()
  mkdirSync(join(cwd, 'data'))
  for (const name of ['first', 'second', 'third']) writeFileSync(join(cwd, `data/${name}.bin`), randomBytes(50_000))
  await runJson(['snapshot', 'data'], { cwd })
  cpSync(join(cwd, '.varve'), join(cwd, 'clone'), { recursive: true })
})

function largest(folder: string): string {
  const top = join(cwd, '.varve', folder)
  const paths = readdirSync(top, { recursive: true, encoding: 'utf8' }).map((name) => join(top, name)).filter((path) => statSync(path).isFile())
  const [path] = paths.sort((a, b) => statSync(b).size - statSync(a).size)
  if (path === undefined) throw new Error(`There is nothing in ${folder}`)
  return path
}

function flipBit(path: string, offset: number): void {
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
  writeFileSync(path, bytes)
}

describe('repair', () => {
  test('says that there is nothing to do, or what would be done, and does it', async () => {
    expect(await runCli(['repair'], { cwd })).toMatchObject({ code: 0, stdout: 'sound: there was nothing to repair\n' })
    flipBit(largest('packs'), 1000)
    const planned = await runCli(['repair', '--dry-run'], { cwd })
    expect(planned.code).toBe(1)
    expect(planned.stdout).toMatch(/^damaged baf\w+: .*\nwould rebuild the index from 2 packs\naffected data:first\.bin {2}\(snapshot baf\w+ lacks baf\w+\)\nnot whole: 1 block lost, 1 path affected\n {2}Take them from another copy with --from/)
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 1 })
    expect((await runCli(['repair', '--dry-run', '--from', 'clone'], { cwd })).stdout).toMatch(/would fetch 1 block, 49 KiB\nwhole: nothing is missing then\n$/)
    expect(await runCli(['repair', '--from', 'clone'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringMatching(/fetched 1 block, 49 KiB\nwhole: nothing is missing any more\n$/) as string })
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
    expect((await runCli(['gc', '--grace', '0s'], { cwd })).code).toBe(0)
    expect((await runCli(['cat', 'data:first.bin'], { cwd })).bytes).toEqual(readFileSync(join(cwd, 'data/first.bin')))
  })

  test('without another copy ends with 1, and the same files stored again make it whole', async () => {
    flipBit(largest('packs'), 1000)
    const run = await runCli(['repair', '--json'], { cwd })
    expect(run.code).toBe(1)
    expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, dryRun: false, number: 2, indexRebuilt: true, affected: [{ ref: 'data', path: 'first.bin' }], lost: [{ reason: expect.stringContaining('hash') as string }] })
    // Repaired already: the way out is another one.
    for (const verb of ['gc', 'repack', 'verify']) {
      const { stdout, stderr } = await runCli([verb], { cwd })
      expect(stdout + stderr).toMatch(/comes back with a new snapshot of the same files, or .*--from <repo>/)
    }
    const healed = await runCli(['snapshot', 'data'], { cwd })
    expect(healed.stdout).toMatch(/^stored again 1 block of data that was missing\ndata has not changed: /m)
    expect(await runJson(['snapshot', 'data'], { cwd })).toMatchObject({ created: false, restoredBlocks: 0 })
    expect(await runCli(['repair'], { cwd })).toMatchObject({ code: 0 })
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  })

  test('and a snapshot tells how many lost blocks it stored again, whether it has something else to say or not', async () => {
    const healed = async (...more: string[]): Promise<object> => {
      flipBit(largest('packs'), 1000)
      await runCli(['repair'], { cwd })
      return runJson(['snapshot', 'data', ...more], { cwd })
    }
    expect(await healed()).toMatchObject({ created: false, restoredBlocks: 1, newBytes: 50_000 })
    rmSync(join(cwd, '.varve'), { recursive: true })
    cpSync(join(cwd, 'clone'), join(cwd, '.varve'), { recursive: true })
    expect(await healed('-m', 'healed')).toMatchObject({ created: true, restoredBlocks: 1, newBytes: 50_000 })
    writeFileSync(join(cwd, 'data/first.bin'), randomBytes(50_000))
    expect(await runJson(['snapshot', 'data'], { cwd })).toMatchObject({ created: true, restoredBlocks: 0, newBytes: 50_000 })
  })

  test('works where the state cannot even be opened', async () => {
    flipBit(largest('index'), 100)
    rmSync(largest('index'))
    expect(await runCli(['cat', 'data:first.bin'], { cwd })).toMatchObject({ code: 4 })
    expect(await runCli(['repair'], { cwd })).toMatchObject({ code: 0 })
    expect((await runCli(['cat', 'data:first.bin'], { cwd })).bytes).toEqual(readFileSync(join(cwd, 'data/first.bin')))
    flipBit(largest('log'), 40)
    expect(await runCli(['repair'], { cwd })).toMatchObject({ code: 5, stderr: expect.stringMatching(/--give-up goes on without them/) as string })
    const run = await runCli(['repair', '--give-up'], { cwd })
    expect(run.code).toBe(1)
    expect(run.stdout).toMatch(/^given up root record 2: .*\ngiven up the newest refs; those of root record 1 or before took their place\n/)
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
  })

  test('takes what is missing from an address too', async () => {
    const server = await startStaticServer()
    onTestFinished(() => server.stop())
    for (const name of readdirSync(join(cwd, 'clone'), { recursive: true, encoding: 'utf8' })) {
      const path = join(cwd, 'clone', name)
      if (statSync(path).isFile()) server.objects.set(name.split(sep).join('/'), readFileSync(path))
    }
    flipBit(largest('packs'), 1000)
    expect(await runCli(['repair', '--from', server.url], { cwd })).toMatchObject({ code: 0, stdout: expect.stringMatching(/fetched 1 block, 49 KiB\nwhole: nothing is missing any more\n$/) as string })
    expect(await runCli(['verify'], { cwd })).toMatchObject({ code: 0 })
    expect(await runCli(['repair', '--from', `${server.url}/elsewhere`], { cwd })).toMatchObject({ code: 3, stderr: expect.stringMatching(/elsewhere\/?\n {2}Name the folder of another repository, .* or its address, with --from\.\n$/) as string })
    expect(existsSync(join(cwd, 'http:'))).toBe(false)
  })

  test('refuses to be its own source, and says so if there is no other', async () => {
    for (const itself of ['.varve', '.']) expect(await runCli(['repair', '--from', itself], { cwd })).toMatchObject({ code: 2 })
    expect(await runCli(['repair', '--from', 'nowhere'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringMatching(/nowhere\n {2}Name the folder of another repository, .* with --from\.\n$/) as string })
    flipBit(largest('log'), 40)
    expect(await runCli(['repair', '--from', '.varve'], { cwd })).toMatchObject({ code: 2 })
    writeFileSync(join(cwd, '.varve/config.json'), '{"format"')
    expect(await runCli(['repair'], { cwd })).toMatchObject({ code: 4 })
  })

  test('shows so many paths and tells of the rest', async () => {
    mkdirSync(join(cwd, 'many'))
    for (let number = 0; number < 80; number++) writeFileSync(join(cwd, `many/${number}.txt`), 'the same in all of them')
    await runJson(['snapshot', 'many'], { cwd })
    const [{ cid }] = (await runJson<{ cid: string }[]>(['ls', 'many'], { cwd })) as [{ cid: string }]
    expect(cid).toMatch(/^baf/)
    for (const path of readdirSync(join(cwd, '.varve/packs'), { recursive: true, encoding: 'utf8' }).map((name) => join(cwd, '.varve/packs', name))) {
      const at = path.endsWith('.pack') ? readFileSync(path).indexOf('the same in all') : -1
      if (at >= 0) flipBit(path, at)
    }
    const run = await runCli(['repair'], { cwd })
    expect(run.code).toBe(1)
    expect(run.stdout.match(/^affected /gm)).toHaveLength(50)
    expect(run.stdout).toContain('  and 30 more affected paths; --json lists them all')
  })
})
