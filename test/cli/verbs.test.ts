import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newFolder, runCli, runJson } from './run-cli.ts'
import { openRepository } from '../../src/node/open-repository.ts'
import { writeSample } from './sample-data.ts'

interface Snapshot { root: string; snapshot: string; parent: string | null; ref: string; created: boolean; files: number; bytes: number; newFiles: number; newBytes: number; storedBytes: number; elapsedMs: number; skipped: { path: string; reason: string }[] }
interface Diff { added: { path: string }[]; removed: { path: string }[]; modified: { path: string; before: { size: number }; after: { size: number } }[]; summary: Record<string, number> }

const CID = /^baf[a-z2-7]{56}$/

test('init creates .varve in a folder, says so, and is content with one that is there', async () => {
  const cwd = newFolder()
  expect(await runJson(['init'], { cwd })).toEqual({ repo: join(cwd, '.varve'), created: true, hash: 'sha2-256' })
  expect(readFileSync(join(cwd, '.varve/.gitignore'), 'utf8')).toBe('*\n')
  expect(await runJson(['init'], { cwd })).toMatchObject({ created: false })
  expect((await runCli(['init', '--hash', 'blake3'], { cwd })).code).toBe(5)
  mkdirSync(join(cwd, 'sub'))
  expect(await runJson(['init', 'sub', '--hash', 'blake3'], { cwd })).toMatchObject({ repo: join(cwd, 'sub/.varve'), created: true, hash: 'blake3' })
  expect(await runJson(['init', '--repo', 'store'], { cwd })).toMatchObject({ repo: join(cwd, 'store'), created: true })
})

test('a first snapshot creates the repository, names its ref after the folder, and keeps what was said about it', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  mkdirSync(join(data, '.git'))
  writeFileSync(join(data, '.env'), 'SECRET=1')
  const first = await runJson<Snapshot>(['snapshot', 'data', '-m', 'as downloaded', '--source', 'https://example.org/x', '--licence', 'CC0-1.0', '--retrieved-at', '2026-11-01', '--meta', 'n=3', '--meta', 'split=train', '--author', 'Ada'], { cwd })
  expect(first).toMatchObject({ ref: 'data', parent: null, created: true, files: 4, newFiles: 4 })
  expect(first.root).toMatch(CID)
  expect(first.snapshot).toMatch(CID)
  expect(first.newBytes).toBe(first.bytes)
  expect(first.storedBytes).toBeGreaterThan(0)
  expect(first.elapsedMs).toBeGreaterThanOrEqual(0)
  expect(first.skipped.map(({ path, reason }) => `${path} ${reason}`).sort()).toEqual(['.env default-ignore', '.git default-ignore'])
  expect(await runJson(['log'], { cwd })).toEqual([
    expect.objectContaining({ root: first.root, snapshot: first.snapshot, parents: [], message: 'as downloaded', author: 'Ada', source: { uri: 'https://example.org/x', licence: 'CC0-1.0', retrievedAt: '2026-11-01' }, meta: { n: 3, split: 'train' } }),
  ])
  expect(await runJson<Snapshot>(['snapshot', 'data'], { cwd })).toMatchObject({ created: false, snapshot: first.snapshot, newBytes: 0 })
  const all = await runJson<Snapshot>(['snapshot', 'data', '--no-default-ignores', '--exclude', '*.png', '--exclude', '/tool.sh', '--ref', 'other/name'], { cwd })
  expect(all).toMatchObject({ ref: 'other/name', skipped: [] })
  const paths = (await runJson<{ path: string }[]>(['ls', 'other/name'], { cwd })).map(({ path }) => path)
  expect(paths).toEqual(['.env', '.git', 'a.txt', 'empty', 'link', 'train/deep/ünïcode ✓.txt'])
})

test('the author is VARVE_AUTHOR unless one is named', async () => {
  const cwd = newFolder()
  writeSample(cwd)
  await runJson(['snapshot', 'data'], { cwd, env: { VARVE_AUTHOR: 'Grace' } })
  expect(await runJson(['log'], { cwd })).toMatchObject([{ author: 'Grace' }])
})

test('hash prints the root that a snapshot would have, with and without a repository, and stores nothing', async () => {
  const cwd = newFolder()
  writeSample(cwd)
  const hashed = await runJson<Snapshot>(['hash', 'data'], { cwd })
  expect(hashed).toMatchObject({ files: 4, root: expect.stringMatching(CID) as string })
  expect(readdirSync(cwd)).toEqual(['data'])
  expect((await runJson<Snapshot>(['snapshot', 'data'], { cwd })).root).toBe(hashed.root)
  expect((await runCli(['hash', 'data', '--quiet'], { cwd })).stdout).toBe(`${hashed.root}\n`)
})

test('status and diff name what was added, removed and modified, in both directions', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  await runJson(['snapshot', 'data'], { cwd })
  writeFileSync(join(data, 'a.txt'), 'hello\nmore\n')
  writeFileSync(join(data, 'new.txt'), 'new')
  rmSync(join(data, 'train/0.png'))
  const status = await runJson<Diff>(['status', 'data'], { cwd })
  expect(status.added.map(({ path }) => path)).toEqual(['new.txt'])
  expect(status.removed.map(({ path }) => path)).toEqual(['train/0.png'])
  expect(status.modified).toMatchObject([{ path: 'a.txt', before: { size: 6 }, after: { size: 11 } }])
  expect(status.summary).toMatchObject({ added: 1, removed: 1, modified: 1 })
  expect(await runJson<Diff>(['status'], { cwd: data })).toEqual(status)
  expect(await runJson<Diff>(['diff', 'data', './data'], { cwd })).toEqual({ ...status, compared: { before: { revision: 'data' }, after: { folder: './data' } } })
  const reversed = await runJson<Diff>(['diff', './data', 'data'], { cwd })
  expect(reversed.removed.map(({ path }) => path)).toEqual(['new.txt'])
  expect(reversed.modified).toMatchObject([{ path: 'a.txt', before: { size: 11 }, after: { size: 6 } }])
  await runJson(['snapshot', 'data'], { cwd })
  expect(await runJson<Diff>(['diff', 'data~1', 'data'], { cwd })).toEqual({ ...status, compared: { before: { revision: 'data~1' }, after: { revision: 'data' } } })
  const shown = await runCli(['diff', 'data~1', 'data'], { cwd })
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^~ a\.txt {2}6 B → 11 B\n\+ new\.txt {2}3 B\n- train\/0\.png {2}2\.9 KiB\n1 added, 1 removed, 1 modified/) as string })
  expect((await runCli(['diff', 'data~1', 'data', '--stat'], { cwd })).stdout).toMatch(/^1 added, 1 removed, 1 modified; \+14 B -2\.9 KiB\n$/)
  expect((await runCli(['diff', 'data~1', 'data', '--exit-code'], { cwd })).code).toBe(1)
  expect(await runCli(['diff', 'data', './data', '--exit-code'], { cwd })).toMatchObject({ code: 0, stdout: 'no differences\n' })
  // A ref comes before a folder of the same name, and that is said.
  writeFileSync(join(data, 'b.txt'), 'changed again')
  expect(await runCli(['diff', 'data', 'data'], { cwd })).toMatchObject({ code: 0, stdout: 'no differences\n', stderr: 'comparing the revision data with the revision data; the folder is ./data\n' })
  expect(await runCli(['diff', 'data', './data'], { cwd })).toMatchObject({ stdout: expect.stringMatching(/^\+ b\.txt/) as string, stderr: '' })
  expect(await runCli(['diff', 'data~1', 'data', '--quiet'], { cwd })).toMatchObject({ stderr: '' })
})

test('log, show, refs and tag give arrays of records', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  const first = await runJson<Snapshot>(['snapshot', 'data', '-m', 'one'], { cwd })
  writeFileSync(join(data, 'b.txt'), 'b')
  const second = await runJson<Snapshot>(['snapshot', 'data', '-m', 'two'], { cwd })
  expect(await runJson(['log', 'data'], { cwd })).toMatchObject([{ snapshot: second.snapshot, parents: [first.snapshot] }, { snapshot: first.snapshot }])
  expect(await runJson<unknown[]>(['log', '-n', '1'], { cwd })).toHaveLength(1)
  expect(await runJson(['tag', 'v1', 'data~1'], { cwd })).toMatchObject([{ name: 'data@v1', kind: 'tag', snapshot: first.snapshot, root: first.root }])
  expect((await runCli(['tag', 'v1', 'data'], { cwd })).code).toBe(5)
  expect(await runJson(['tag', 'data@v1', 'data', '--force'], { cwd })).toMatchObject([{ snapshot: second.snapshot }])
  expect(await runJson(['show', 'data@v1', first.root.slice(0, 20)], { cwd })).toMatchObject([
    { root: second.root, files: 5, refs: ['data', 'data@v1'], snapshot: { message: 'two' } }, { root: first.root, files: 4, snapshot: null },
  ])
  expect(await runJson(['refs'], { cwd })).toMatchObject([{ name: 'data', kind: 'ref' }, { name: 'data@v1', kind: 'tag', message: 'two' }])
  expect(await runJson(['refs', 'data@'], { cwd })).toMatchObject([{ name: 'data@v1' }])
  expect(await runJson(['refs', '--delete', 'data@v1'], { cwd })).toMatchObject([{ name: 'data@v1' }])
  expect(await runJson(['refs'], { cwd })).toMatchObject([{ name: 'data' }])
  expect((await runCli(['log'], { cwd })).stdout).toMatch(/^root {6}baf.*\nsnapshot {2}baf.*\ntime .*\n(author .*\n)?refs {6}data\n {4}two\n/)
})

test('reset takes a ref back, says why in the log of operations, and loses no other writer’s move', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  const first = await runJson<Snapshot>(['snapshot', 'data', '-m', 'one'], { cwd })
  writeFileSync(join(data, 'b.txt'), 'b')
  const second = await runJson<Snapshot>(['snapshot', 'data', '-m', 'two'], { cwd })
  const moved = await runCli(['reset', 'data', 'data~1', '--why', 'two was wrong'], { cwd })
  expect(moved).toMatchObject({ code: 0, stdout: expect.stringContaining(`data  ${first.root}\n`) as string })
  expect(moved.stdout).toContain(`varve tag data@<name> ${second.snapshot}`)
  expect(await runJson(['log', 'data'], { cwd })).toMatchObject([{ snapshot: first.snapshot }])
  // Back again, by the CID that was printed, and only from where it is.
  expect(await runCli(['reset', 'data', second.snapshot, '--expect', second.snapshot], { cwd })).toMatchObject({ code: 5, stderr: expect.stringContaining('data') as string })
  expect(await runJson(['reset', 'data', second.snapshot, '--expect', first.snapshot], { cwd })).toMatchObject({ name: 'data', snapshot: second.snapshot, root: second.root, before: first.snapshot, moved: true })
  expect(await runJson(['reset', 'data', 'data'], { cwd })).toMatchObject({ before: second.snapshot, moved: false })
  expect(await runCli(['reset', 'none', 'data'], { cwd })).toMatchObject({ code: 3 })
  expect(await runCli(['reset', 'data@v1', 'data'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('varve tag --force') as string })
  await using repository = await openRepository(join(cwd, '.varve'))
  const operations = []
  for await (const { action, message, changes } of repository.blocks.operations()) if (action === 'set-ref') operations.push({ message, names: changes.map(({ name }) => name) })
  expect(operations).toEqual([{ message: 'two was wrong', names: ['data'] }, { message: '', names: ['data'] }])
})

test('ls lists entries and cat gives bytes', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  await runJson(['snapshot', 'data'], { cwd })
  expect(await runJson(['ls', 'data'], { cwd })).toMatchObject([
    { path: 'a.txt', kind: 'file', size: 6 }, { path: 'empty', kind: 'directory' }, { path: 'link', kind: 'symlink', target: 'a.txt' }, { path: 'tool.sh', kind: 'executable' },
    { path: 'train/0.png', size: 3000 }, { path: 'train/deep/ünïcode ✓.txt' },
  ])
  expect((await runCli(['ls', 'data:train/'], { cwd })).stdout).toBe('train/0.png\ntrain/deep/ünïcode ✓.txt\n')
  expect((await runCli(['ls', 'data:link', '-l'], { cwd })).stdout).toBe('lrwxrwxrwx              - link -> a.txt\n')
  expect((await runCli(['ls', 'data:train', '--long'], { cwd })).stdout).toContain('-rw-r--r--          3,000 train/0.png\n')
  expect((await runCli(['cat', 'data:train/0.png'], { cwd })).bytes).toEqual(readFileSync(join(data, 'train/0.png')))
  expect((await runCli(['cat', 'data:train/deep/ünïcode ✓.txt'], { cwd })).stdout).toBe('text\n')
})

test('checkout writes a revision, a part of one, and nothing over what no snapshot holds', async () => {
  const cwd = newFolder()
  writeSample(cwd)
  const { root, files, bytes } = await runJson<Snapshot>(['snapshot', 'data'], { cwd })
  expect(await runJson(['checkout', 'data', 'out'], { cwd })).toMatchObject({ root, files, bytes, unchanged: false })
  expect((await runJson<Snapshot>(['hash', 'out'], { cwd })).root).toBe(root)
  expect(await runJson(['checkout', 'data', 'out'], { cwd })).toMatchObject({ unchanged: true })
  writeFileSync(join(cwd, 'out/mine.txt'), 'mine')
  const refused = await runCli(['checkout', 'data', 'out'], { cwd })
  expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining('mine.txt') as string })
  expect(existsSync(join(cwd, 'out/mine.txt'))).toBe(true)
  expect((await runCli(['checkout', 'data', 'out', '--force'], { cwd })).code).toBe(0)
  expect(existsSync(join(cwd, 'out/mine.txt'))).toBe(false)
  expect(await runJson(['checkout', 'data', 'part', '--path', 'train/**', 'a.txt'], { cwd })).toMatchObject({ files: 3 })
  expect(readdirSync(join(cwd, 'part')).sort()).toEqual(['a.txt', 'train'])
})

test('verify answers for one revision and for everything', async () => {
  const cwd = newFolder()
  writeSample(cwd)
  await runJson(['snapshot', 'data'], { cwd })
  const everything = await runJson<{ ok: boolean; blocks: number; bytes: number; damaged: unknown[] }>(['verify'], { cwd })
  expect(everything).toMatchObject({ ok: true, damaged: [] })
  expect(everything.blocks).toBeGreaterThan(4)
  expect(everything.bytes).toBeGreaterThan(3000)
  expect(await runJson(['verify', 'data'], { cwd })).toMatchObject({ ok: true })
  expect((await runCli(['verify'], { cwd })).stdout).toMatch(/^sound: [\d,]+ blocks, .* read and hashed in .* s\n$/)
})

test('a proof holds for its root, for no other, and needs no repository', async () => {
  const cwd = newFolder()
  const data = writeSample(cwd)
  const { root } = await runJson<Snapshot>(['snapshot', 'data'], { cwd })
  const proof = (await runCli(['prove', 'data:train/0.png'], { cwd })).stdout
  expect(JSON.parse(proof)).toMatchObject({ type: 'varve-proof', root, path: 'train/0.png' })
  const elsewhere = newFolder()
  writeFileSync(join(elsewhere, 'proof.json'), proof)
  expect(await runJson(['prove', '--check', 'proof.json', root], { cwd: elsewhere })).toMatchObject({ ok: true, path: 'train/0.png', size: 3000 })
  expect(await runCli(['prove', '--check', '-', root, '--json'], { cwd: elsewhere, input: proof.replace('train/0.png', 'train/1.png') })).toMatchObject({ code: 1, stdout: expect.stringContaining('"ok": false') as string })
  expect((await runCli(['prove', '--check', '-', root], { cwd: elsewhere, input: 'no proof' })).code).toBe(1)
  writeFileSync(join(data, 'b.txt'), 'b')
  const other = await runJson<Snapshot>(['snapshot', 'data'], { cwd })
  expect((await runCli(['prove', '--check', 'proof.json', other.root], { cwd: elsewhere })).code).toBe(1)
})
