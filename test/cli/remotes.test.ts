import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newFolder, runCli, runJson } from './run-cli.ts'

interface Pushed { refs: { ref: string; outcome: string }[]; blocks: number; bytes: number }

/** A folder for somebody, with one file of data and a first snapshot of it. */
async function begun(): Promise<{ cwd: string; ada: string }> {
  const cwd = newFolder()
  const ada = join(cwd, 'ada')
  mkdirSync(join(ada, 'data'), { recursive: true })
  writeFileSync(join(ada, 'data/a.txt'), 'one')
  await runJson(['snapshot', 'data'], { cwd: ada })
  return { cwd, ada }
}

test('two colleagues: add, push, clone, change, push, pull, and the same root on both sides', async () => {
  const { cwd, ada } = await begun()
  expect(await runJson(['remote', 'add', 'origin', '../shared'], { cwd: ada })).toEqual({ name: 'origin', url: join(cwd, 'shared'), singleWriter: false, seen: null })
  expect(await runJson(['remote', 'check'], { cwd: ada })).toMatchObject({ ok: true, refs: null })
  expect(await runJson<Pushed>(['push'], { cwd: ada })).toMatchObject({ remote: 'origin', refs: [{ ref: 'data', outcome: 'new' }] })
  expect(await runJson(['remote', 'check'], { cwd: ada })).toMatchObject({ ok: true, refs: 1 })
  expect(await runJson(['ls-remote', '../shared'], { cwd: ada })).toMatchObject([{ name: 'data', kind: 'ref' }])

  await runJson(['clone', 'shared', 'bob'], { cwd })
  const bob = join(cwd, 'bob')
  expect(readFileSync(join(bob, '.varve/.gitignore'), 'utf8')).toBe('*\n')
  await runJson(['checkout', 'data', 'data'], { cwd: bob })
  writeFileSync(join(bob, 'data/b.txt'), 'of bob')
  await runJson(['snapshot', 'data', '-m', 'one more'], { cwd: bob })
  expect(await runJson<Pushed>(['push', 'data'], { cwd: bob })).toMatchObject({ refs: [{ outcome: 'forward' }] })

  expect(await runJson(['fetch'], { cwd: ada })).toMatchObject({ refs: [{ ref: 'data' }] })
  expect((await runJson<{ name: string }[]>(['refs'], { cwd: ada })).map(({ name }) => name)).toEqual(['data', 'origin/data'])
  expect((await runJson<{ name: string }[]>(['refs', 'origin/'], { cwd: ada })).map(({ name }) => name)).toEqual(['origin/data'])
  // Wherever it is named, and in completions, it is by that name.
  expect(await runJson(['show', 'origin/data'], { cwd: ada })).toMatchObject([{ refs: ['origin/data'] }])
  expect((await runJson<{ name: string }[]>(['artifacts', '--kind', 'snapshot'], { cwd: ada })).map(({ name }) => name).sort()).toEqual(['data', 'origin/data'])
  expect((await runJson<{ refs: { name: string }[] }>(['du', '--by', 'ref'], { cwd: ada })).refs.map(({ name }) => name)).toContain('origin/data')
  expect((await runCli(['complete', '--', 'show', ''], { cwd: ada })).stdout.split('\n').slice(0, -2).sort()).toEqual(['data', 'origin/data'])
  const { stdout } = await runCli(['diff', 'data', 'origin/data'], { cwd: ada })
  expect(stdout).toContain('b.txt')
  await runJson(['pull'], { cwd: ada })
  await runJson(['checkout', 'data', 'data'], { cwd: ada })
  expect(existsSync(join(ada, 'data/b.txt'))).toBe(true)
  const roots = await Promise.all([ada, bob].map(async (folder) => (await runJson<{ root: string }[]>(['log', 'data'], { cwd: folder }))[0]?.root))
  expect(roots[0]).toBe(roots[1])
}, 60_000)

test('who went on apart is refused with code 5 and told how to go on; --force says what it did', async () => {
  const { cwd, ada } = await begun()
  await runJson(['push', '--to', '../shared'], { cwd: ada })
  await runJson(['clone', 'shared', 'bob'], { cwd })
  const bob = join(cwd, 'bob')
  await runJson(['checkout', 'data', 'data'], { cwd: bob })
  writeFileSync(join(bob, 'data/a.txt'), 'of bob')
  await runJson(['snapshot', 'data'], { cwd: bob })
  await runJson(['push'], { cwd: bob })
  writeFileSync(join(ada, 'data/a.txt'), 'of ada')
  await runJson(['snapshot', 'data'], { cwd: ada })
  const refused = await runCli(['push', '--to', '../shared'], { cwd: ada })
  expect(refused.code).toBe(5)
  expect(refused.stderr).toMatch(/Both sides went on by themselves: data is baf\w+ at \S+shared and baf\w+ here, and neither comes after the other\n/)
  const notPulled = await runCli(['pull', '--from', '../shared'], { cwd: ada })
  expect(notPulled.stderr).toMatch(/data is baf\w+ here and baf\w+ at \S+shared, and neither comes after the other\n.*varve remote add <name> \S+shared/)
  expect(refused.stderr).toContain('varve pull')
  expect((await runCli(['push', '--to', '../shared', '--force', '-m', 'agreed on the phone'], { cwd: ada })).stdout).toContain('forced')
  // What bob's push had put there is named by the log of operations, and still there.
  const [last] = await runJson<{ action: string; message: string; changes: { ref: string; before: string; after: string }[] }[]>(['log', '--operations', 'data', '--repo', '../shared'], { cwd: ada })
  expect(last).toMatchObject({ action: 'push', message: 'agreed on the phone', changes: [{ ref: 'data' }] })
  expect(await runJson(['show', last?.changes[0]?.before ?? '', '--repo', '../shared'], { cwd: ada })).toMatchObject([{ snapshot: { snapshot: last?.changes[0]?.before } }])
  expect((await runCli(['log', '--operations', '--repo', '../shared', '-n', '1'], { cwd: ada })).stdout).toMatch(/push .*– agreed on the phone\n {4}data {2}baf\w+ → baf\w+\n$/)
}, 60_000)

test('who gives way to the remote is told which snapshot holds the old files, and by which command it stays', async () => {
  const { cwd, ada } = await begun()
  await runJson(['push', '--to', '../shared'], { cwd: ada })
  await runJson(['clone', 'shared', 'bob'], { cwd })
  const bob = join(cwd, 'bob')
  await runJson(['checkout', 'data', 'data'], { cwd: bob })
  writeFileSync(join(ada, 'data/a.txt'), 'of ada')
  await runJson(['snapshot', 'data'], { cwd: ada })
  await runJson(['push', '--to', '../shared'], { cwd: ada })
  writeFileSync(join(bob, 'data/a.txt'), 'of bob')
  const { snapshot } = await runJson<{ snapshot: string }>(['snapshot', 'data'], { cwd: bob })
  await runCli(['pull'], { cwd: bob })
  await runJson(['reset', 'data', 'origin/data'], { cwd: bob })
  const refused = await runCli(['checkout', 'data', 'data'], { cwd: bob })
  expect(refused.code).toBe(5)
  expect(refused.stderr).toContain(`only snapshot ${snapshot} has, which data was moved away from`)
  expect(refused.stderr).not.toContain('Take a snapshot')
  const hint = /varve (tag data@before \w+)/.exec(refused.stderr)?.[1]?.split(' ') ?? []
  await runJson(hint, { cwd: bob })
  await runJson(['checkout', 'data', 'data'], { cwd: bob })
  expect(readFileSync(join(bob, 'data/a.txt'), 'utf8')).toBe('of ada')
  // What is in no snapshot is said as before.
  writeFileSync(join(bob, 'data/a.txt'), 'of nobody')
  expect((await runCli(['checkout', 'data', 'data'], { cwd: bob })).stderr).toMatch(/no snapshot has: a\.txt\n.*Take a snapshot/)
}, 60_000)

test('a pull that moved a ref on says that folders keep their older files, once it did and to people alone', async () => {
  const { cwd, ada } = await begun()
  await runJson(['remote', 'add', 'origin', '../shared'], { cwd: ada })
  await runJson(['push'], { cwd: ada })
  await runJson(['clone', 'shared', 'bob'], { cwd })
  const bob = join(cwd, 'bob')
  const goOn = async (text: string): Promise<void> => {
    writeFileSync(join(ada, 'data/a.txt'), text)
    await runJson(['snapshot', 'data'], { cwd: ada })
    await runJson(['push'], { cwd: ada })
  }
  await goOn('two')
  expect((await runCli(['pull'], { cwd: bob })).stdout).toContain('Files in folders stay as they are. Run `varve checkout data <dir>` before the next snapshot:')
  expect((await runCli(['pull'], { cwd: bob })).stdout).not.toContain('Files in folders')
  await goOn('three')
  expect((await runCli(['pull', '-q'], { cwd: bob })).stdout).not.toContain('Files in folders')
}, 60_000)

test('a clone is not made in the repository that it is made of, whichever way that is named', async () => {
  const { cwd, ada } = await begun()
  await runJson(['push', '--to', '../shared'], { cwd: ada })
  symlinkSync(join(cwd, 'shared'), join(cwd, 'link'))
  const before = readdirSync(join(cwd, 'shared')).sort()
  for (const args of [['shared'], ['shared', 'shared/inner/deep'], ['shared', 'link'], ['link', 'shared'], ['ada', 'ada'], ['ada/.varve', 'ada/.varve/x']]) {
    const refused = await runCli(['clone', ...args], { cwd })
    expect([args, refused.code, refused.stderr]).toEqual([args, 2, expect.stringMatching(/the repository that is cloned\n.*varve clone <url> <dir>/)])
  }
  expect(readdirSync(join(cwd, 'shared')).sort()).toEqual(before)
  expect(await runJson(['remote', 'list'], { cwd: ada })).toEqual([])
  // A name that begins alike, and a folder of the project itself, are beside it.
  await runJson(['clone', 'shared', 'shared-too'], { cwd })
  await runJson(['clone', 'ada', 'ada/copy'], { cwd })
}, 60_000)

test('what is nearly an address is refused wherever an address is taken, and becomes no folder', async () => {
  const { ada } = await begun()
  const before = readdirSync(ada)
  const addresses = ['s3:datasets/foo', 's3//datasets', 's3:/datasets/photos?region=x', 'http:/host/x', 'https//host/x', 'HTTPS:host']
  const doors = [['remote', 'add', 'origin', 's3:foo'], ['push', '--to', 's3:foo'], ['fetch', '--from', 's3:foo'], ['clone', 's3:foo', 'x'], ['init', '--repo', 's3:foo'], ['snapshot', 'data', '--repo', 's3:foo']]
  for (const args of [...addresses.map((address) => ['push', '--to', address]), ...doors]) {
    const refused = await runCli(args, { cwd: ada })
    expect([args, refused.code, refused.stderr]).toEqual([args, 2, expect.stringMatching(/is nearly an address.*\n.*s3:\/\/bucket\/prefix.*write \.\//)])
  }
  expect(readdirSync(ada)).toEqual(before)
  expect(await runJson(['push', '--to', './s3:datasets'], { cwd: ada })).toMatchObject({ url: join(ada, 's3:datasets') })
}, 120_000)

test('a push says that it created the repository there, once', async () => {
  const { cwd, ada } = await begun()
  expect((await runCli(['push', '--to', '../shared'], { cwd: ada })).stdout).toContain(`created the repository ${join(cwd, 'shared')}\n`)
  expect((await runCli(['push', '--to', '../shared'], { cwd: ada })).stdout).not.toContain('created')
  await runJson(['remote', 'add', 'origin', '../other'], { cwd: ada })
  expect(await runJson(['push'], { cwd: ada })).toMatchObject({ created: true })
  expect(await runJson(['push'], { cwd: ada })).toMatchObject({ created: false })
  await runJson(['init', '--repo', '../third'], { cwd: ada })
  expect(await runJson(['push', '--to', '../third'], { cwd: ada })).toMatchObject({ created: false })
}, 60_000)

test('where a remote has no repository the hint is about remotes, whichever verb asks', async () => {
  const { ada } = await begun()
  for (const args of [['clone', '../nowhere', 'x'], ['ls-remote', '../nowhere'], ['fetch', '--from', '../nowhere']]) {
    const refused = await runCli(args, { cwd: ada })
    expect([args, refused.code, refused.stderr]).toEqual([args, 3, expect.stringMatching(/There is no repository at .*nowhere\n {2}Check the address; .*varve push/)])
    expect(refused.stderr).not.toContain('varve init')
  }
  await runJson(['remote', 'add', 'origin', '../shared'], { cwd: ada })
  expect((await runCli(['ls-remote', 'orign'], { cwd: ada })).stderr).toContain('Did you mean "origin"?')
  await runJson(['push'], { cwd: ada })
  rmSync(join(ada, '../shared'), { recursive: true })
  const checked = await runCli(['remote', 'check', '--json'], { cwd: ada })
  expect(checked.code).toBe(1)
  expect((JSON.parse(checked.stdout) as { problems: string[] }).problems).toEqual([expect.stringMatching(/There is no repository at .*It was there before, at state \d+\. Check that its disk/)])
}, 60_000)

test('a remote named in the place of a ref is told by which option it is meant', async () => {
  const { ada } = await begun()
  await runJson(['remote', 'add', 'origin', '../shared'], { cwd: ada })
  await runJson(['push'], { cwd: ada })
  for (const [args, command] of [[['push', 'origin'], 'varve push --to origin'], [['pull', 'origin', 'data'], 'varve pull data --from origin'], [['fetch', 'origin'], 'varve fetch --from origin']] as const) {
    const refused = await runCli(args, { cwd: ada })
    expect([args, refused.code, refused.stderr]).toEqual([args, 3, expect.stringContaining(`  origin is a remote: ${command}\n`)])
    expect((await runCli(command.split(' ').slice(1), { cwd: ada })).code).toBe(0)
  }
}, 60_000)

test('errors name what is missing and what to do', async () => {
  const { cwd, ada } = await begun()
  const noRemote = await runCli(['push'], { cwd: ada })
  expect(noRemote.code).toBe(3)
  expect(noRemote.stderr).toContain('varve remote add origin <url>')
  await runJson(['remote', 'add', 'origin', '../shared'], { cwd: ada })
  expect((await runCli(['push', '--to', 'orgin'], { cwd: ada })).stderr).toContain('Did you mean "origin"?')
  expect((await runCli(['push', 'daat'], { cwd: ada })).stderr).toContain('Did you mean "data"?')
  const absent = await runCli(['clone', 'nowhere', 'x'], { cwd })
  expect(absent.code).toBe(3)
  expect(existsSync(join(cwd, 'x'))).toBe(false)
  expect((await runCli(['pull'], { cwd: ada })).code).toBe(3)
  expect((await runCli(['remote', 'add', 'origin', 'other'], { cwd: ada })).code).toBe(5)
  expect((await runCli(['remote', 'add', 'x'], { cwd: ada })).stderr).toContain('varve remote add <name> <url>')
}, 60_000)

test('a remote that was put back is refused until that is accepted', async () => {
  const { cwd, ada } = await begun()
  await runJson(['remote', 'add', 'origin', '../shared'], { cwd: ada })
  await runJson(['push'], { cwd: ada })
  cpSync(join(cwd, 'shared'), join(cwd, 'copy'), { recursive: true })
  writeFileSync(join(ada, 'data/a.txt'), 'two')
  await runJson(['snapshot', 'data'], { cwd: ada })
  await runJson(['push'], { cwd: ada })
  rmSync(join(cwd, 'shared'), { recursive: true })
  cpSync(join(cwd, 'copy'), join(cwd, 'shared'), { recursive: true })
  const refused = await runCli(['fetch'], { cwd: ada })
  expect(refused.code).toBe(5)
  expect(refused.stderr).toContain('--accept-rollback')
  expect(await runCli(['remote', 'check', '--json'], { cwd: ada })).toMatchObject({ code: 1 })
  await runJson(['push', '--accept-rollback'], { cwd: ada })
  expect(await runJson(['remote', 'check'], { cwd: ada })).toMatchObject({ ok: true })
}, 60_000)
