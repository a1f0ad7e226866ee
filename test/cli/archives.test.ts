import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, createReadStream, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CarBlockIterator } from '@ipld/car/iterator'
import { pack } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { CLI_PATH, newFolder, runCli, runJson } from './run-cli.ts'
import { writeLarge, writeSample } from './sample-data.ts'

interface Snapshot { root: string; snapshot: string; files: number; newBytes: number; skipped: { path: string }[] }

async function sampleRepository(): Promise<{ cwd: string; data: string; first: Snapshot }> {
  const cwd = newFolder()
  const data = writeSample(cwd)
  return { cwd, data, first: await runJson<Snapshot>(['snapshot', 'data'], { cwd }) }
}

/** What `tar` says of an archive, without the time. */
function listed(file: string): string[] {
  return execFileSync('tar', ['--numeric-owner', '-tvf', file, '--quoting-style=literal'], { encoding: 'utf8' }).trim().split('\n').map((line) => line.replace(/\s+/g, ' ').replace(/ 1970-01-01 00:00/, ''))
}

describe('tar', () => {
  test('an exported file is read by the system tar, and its import has the same root', async () => {
    const { cwd, first } = await sampleRepository()
    const exported = await runJson<{ root: string; bytes: number }>(['export', 'data', '-o', 'data.tar'], { cwd })
    expect(exported).toMatchObject({ root: first.root, format: 'tar', file: 'data.tar' })
    expect(readFileSync(join(cwd, 'data.tar'))).toHaveLength(exported.bytes)
    expect(listed(join(cwd, 'data.tar'))).toEqual([
      '-rw-r--r-- 0/0 6 a.txt', 'drwxr-xr-x 0/0 0 empty/', 'lrwxrwxrwx 0/0 0 link -> a.txt', '-rwxr-xr-x 0/0 10 tool.sh', '-rw-r--r-- 0/0 3000 train/0.png', '-rw-r--r-- 0/0 5 train/deep/ünïcode ✓.txt',
    ])
    mkdirSync(join(cwd, 'unpacked'))
    execFileSync('tar', ['-xf', 'data.tar', '-C', 'unpacked'], { cwd })
    execFileSync('diff', ['-r', '--no-dereference', 'data', 'unpacked'], { cwd })
    expect(await runJson<Snapshot>(['import', 'data.tar', '--ref', 'again'], { cwd })).toMatchObject({ root: first.root, newBytes: 0 })
    expect(readdirSync(cwd).sort()).toEqual(['.varve', 'data', 'data.tar', 'unpacked'])
  })

  test('equal roots give equal bytes, whatever the repository and the time of the files', async () => {
    const { cwd, data } = await sampleRepository()
    const elsewhere = newFolder()
    execFileSync('cp', ['-r', data, join(elsewhere, 'copy')])
    await runJson(['snapshot', 'copy'], { cwd: elsewhere })
    const [a, b] = [await runCli(['export', 'data', '--format', 'tar', '-o', '-'], { cwd }), await runCli(['export', 'copy', '--format', 'tar', '-o', '-'], { cwd: elsewhere })]
    expect(a.bytes.length).toBeGreaterThan(5000)
    expect(a.bytes.equals(b.bytes)).toBe(true)
  })

  test('long names and files of many chunks go there and back', async () => {
    const cwd = newFolder()
    writeLarge(join(cwd, 'data', 'd'.repeat(120), 'e'.repeat(200)), 2)
    writeFileSync(join(cwd, 'data', `${'ü'.repeat(100)}.txt`), '')
    symlinkSync('x'.repeat(180), join(cwd, 'data/long-link'))
    copyFileSync(CLI_PATH, join(cwd, 'data/name with spaces\nand a line'))
    const { root } = await runJson<Snapshot>(['snapshot', 'data'], { cwd })
    await runJson(['export', 'data', '-o', 'data.tar'], { cwd })
    expect(await runJson<Snapshot>(['import', 'data.tar', '--ref', 'again'], { cwd })).toMatchObject({ root })
    expect((await runCli(['import', '-', '--format', 'tar', '--ref', 'piped', '--repo', 'other', '--json'], { cwd, input: readFileSync(join(cwd, 'data.tar')) })).stdout).toContain(root)
  })

  test('what GNU tar writes is read: ./ before names, folders, hard links as copies, in both of its formats', async () => {
    const { cwd, data, first } = await sampleRepository()
    for (const format of ['gnu', 'posix', 'ustar']) {
      execFileSync('tar', [`--format=${format}`, '-cf', `${format}.tar`, '-C', 'data', '.'], { cwd })
      expect(await runJson<Snapshot>(['import', `${format}.tar`, '--ref', format], { cwd })).toMatchObject({ root: first.root })
    }
    linkSync(join(data, 'train/0.png'), join(data, 'train/hard.png'))
    linkSync(join(data, 'train/0.png'), join(data, 'train/harder.png'))
    execFileSync('tar', ['-cf', 'linked.tar', '-C', 'data', '.'], { cwd })
    const hashed = await runJson<Snapshot>(['hash', 'data'], { cwd })
    expect(await runJson<Snapshot>(['import', 'linked.tar', '--ref', 'linked'], { cwd })).toMatchObject({ root: hashed.root })
    const piped = await runCli(['import', '-', '--format', 'tar', '--ref', 'x'], { cwd, input: readFileSync(join(cwd, 'linked.tar')) })
    expect(piped).toMatchObject({ code: 2, stderr: expect.stringMatching(/is a hard link.*\n {2}Save the archive to a file/) as string })
  })

  test('names that are not UTF-8 come in as they are, and do not go out', async () => {
    const { cwd, data } = await sampleRepository()
    writeFileSync(Buffer.concat([Buffer.from(`${data}/`), Buffer.from([0xff, 0xfe])]), 'odd')
    execFileSync('tar', ['--format=gnu', '-cf', 'odd.tar', '-C', 'data', '.'], { cwd })
    const hashed = await runJson<Snapshot>(['hash', 'data'], { cwd })
    expect(await runJson<Snapshot>(['import', 'odd.tar', '--ref', 'odd'], { cwd })).toMatchObject({ root: hashed.root })
    expect(await runCli(['export', 'odd', '-o', 'out.tar'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('\\xff\\xfe') as string })
    expect(existsSync(join(cwd, 'out.tar'))).toBe(false)
  })

  test('the last of several entries with one path counts; devices are skipped with a warning', async () => {
    const { cwd, data } = await sampleRepository()
    execFileSync('tar', ['-cf', 'twice.tar', 'data/a.txt'], { cwd })
    writeFileSync(join(data, 'a.txt'), 'newer')
    execFileSync('mkfifo', [join(data, 'pipe')])
    execFileSync('tar', ['-rf', 'twice.tar', 'data/a.txt', 'data/pipe'], { cwd })
    const run = await runCli(['import', 'twice.tar', '--ref', 'twice', '--json'], { cwd })
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('data/pipe') as string })
    expect(JSON.parse(run.stdout)).toMatchObject({ files: 1, skipped: [{ path: 'data/pipe', reason: 'special-file' }] })
    expect((await runCli(['cat', 'twice:data/a.txt'], { cwd })).stdout).toBe('newer')
  })

  test.each<[string, number, (cwd: string) => Promise<Buffer> | Buffer, RegExp]>([
    ['an absolute name', 4, () => madeTar('/etc/passwd'), /\/etc\/passwd, which leads out/],
    ['a name that climbs', 4, () => madeTar('data/../../x'), /data\/\.\.\/\.\.\/x, which leads out/],
    ['a file that is cut off', 4, async () => (await madeTar('x', 'y'.repeat(2000))).subarray(0, 1500), /cannot be read/],
    ['a file that is cut off between entries', 4, async () => (await madeTar('x', '\0'.repeat(1024))).subarray(0, 1536), /is cut off/],
    ['a file that is cut off after a long name that ends with a block of zeros', 4, () => cutAfterLongName(), /is cut off/],
    ['no tar file', 4, () => Buffer.from('z'.repeat(4096)), /cannot be read/],
    ['an empty file', 4, () => Buffer.alloc(0), /empty/],
    ['a file compressed with gzip', 2, () => Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), /gzip/],
  ])('%s is refused and nothing is committed', async (_name, code, make, message) => {
    const cwd = newFolder()
    writeFileSync(join(cwd, 'bad.tar'), await make(cwd))
    expect(await runCli(['import', 'bad.tar', '--ref', 'x'], { cwd })).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) as string })
    expect(await runJson(['refs'], { cwd })).toEqual([])
  })

  test('one block of zeros at the end is enough, and an archive of nothing but zeros is an empty dataset', async () => {
    const cwd = newFolder()
    const whole = await madeTar('x', 'y'.repeat(600))
    writeFileSync(join(cwd, 'one.tar'), whole.subarray(0, whole.length - 512))
    expect(await runJson<Snapshot>(['import', 'one.tar', '--ref', 'one'], { cwd })).toMatchObject({ files: 1 })
    writeFileSync(join(cwd, 'none.tar'), Buffer.alloc(1024))
    expect(await runJson<Snapshot>(['import', 'none.tar', '--ref', 'none'], { cwd })).toMatchObject({ files: 0 })
  })

  test('a sparse file, whose bytes in the archive are not its content, is refused', async () => {
    const cwd = newFolder()
    execFileSync('truncate', ['-s', '5M', join(cwd, 'sparse')])
    for (const format of ['gnu', 'posix']) {
      execFileSync('tar', [`--format=${format}`, '-cSf', 'sparse.tar', 'sparse'], { cwd })
      expect(await runCli(['import', 'sparse.tar', '--ref', 'x'], { cwd })).toMatchObject({ code: 4, stderr: expect.stringContaining('sparse') as string })
    }
  })
})

/** As GNU tar writes it: the name and a NUL fill a block and begin the next, and then the file ends. */
function cutAfterLongName(): Buffer {
  const cwd = newFolder()
  const folder = [200, 200, 109].map((length) => 'n'.repeat(length)).join('/')
  mkdirSync(join(cwd, folder), { recursive: true })
  execFileSync('tar', ['--format=gnu', '-cf', 'long.tar', '--no-recursion', folder], { cwd })
  const bytes = readFileSync(join(cwd, 'long.tar')).subarray(0, 1536)
  expect(bytes.subarray(1024).every((byte) => byte === 0)).toBe(true)
  return bytes
}

async function madeTar(name: string, content = 'x'): Promise<Buffer> {
  const archive = pack()
  archive.entry({ name }, content)
  archive.finalize()
  const pieces: Uint8Array[] = []
  for await (const piece of archive as AsyncIterable<Uint8Array>) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('CAR', () => {
  test('an exported file is read by @ipld/car: one root, every block once, each with the bytes of its CID', async () => {
    const { cwd, first } = await sampleRepository()
    writeLarge(join(cwd, 'data/large'), 2)
    const second = await runJson<Snapshot>(['snapshot', 'data'], { cwd })
    await runJson(['export', 'data', '--history', '-o', 'data.car'], { cwd })
    const car = await CarBlockIterator.fromIterable(createReadStream(join(cwd, 'data.car')))
    expect((await car.getRoots()).map(String)).toEqual([second.snapshot])
    const seen = new Set<string>()
    for await (const { cid, bytes } of car) {
      expect(Buffer.from(cid.multihash.digest).toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
      expect(seen.has(cid.toString())).toBe(false)
      seen.add(cid.toString())
    }
    for (const cid of [first.root, first.snapshot, second.root, second.snapshot]) expect(seen).toContain(cid)
  })

  test('a file with history brings the snapshots as they are; one without makes a snapshot of the same root', async () => {
    const { cwd, data, first } = await sampleRepository()
    writeFileSync(join(data, 'b.txt'), 'b')
    const second = await runJson<Snapshot>(['snapshot', 'data'], { cwd })
    await runJson(['export', 'data', '--history', '-o', 'history.car'], { cwd })
    await runJson(['export', 'data~1', '-o', 'root.car'], { cwd })
    const other = newFolder()
    const piped = await runCli(['import', '-', '--format', 'car', '--ref', 'data', '--json'], { cwd: other, input: readFileSync(join(cwd, 'history.car')) })
    expect(JSON.parse(piped.stdout)).toMatchObject({ root: second.root, snapshot: second.snapshot })
    expect(await runJson(['log', 'data'], { cwd: other })).toMatchObject([{ snapshot: second.snapshot }, { snapshot: first.snapshot }])
    const imported = await runJson<Snapshot>(['import', join(cwd, 'root.car'), '--ref', 'alone', '-m', 'from a file'], { cwd: other })
    expect(imported).toMatchObject({ root: first.root, newBytes: 0 })
    expect(await runJson(['log', 'alone'], { cwd: other })).toMatchObject([{ message: 'from a file', parents: [] }])
    expect(await runJson(['verify'], { cwd: other })).toMatchObject({ ok: true })
  })

  test('a file that was altered or cut off is refused and no ref is made', async () => {
    const { cwd } = await sampleRepository()
    await runJson(['export', 'data', '-o', 'data.car'], { cwd })
    const whole = readFileSync(join(cwd, 'data.car'))
    const altered = Buffer.from(whole)
    altered.writeUInt8(altered.readUInt8(altered.length - 3) ^ 1, altered.length - 3)
    writeFileSync(join(cwd, 'altered.car'), altered)
    writeFileSync(join(cwd, 'short.car'), whole.subarray(0, whole.length - 20))
    for (const file of ['altered.car', 'short.car']) expect(await runCli(['import', file, '--ref', 'x', '--repo', 'other'], { cwd })).toMatchObject({ code: 4, stdout: '' })
    expect(await runJson(['refs', '--repo', 'other'], { cwd })).toEqual([])
  })
})

test('an export that fails leaves the file that was there, and a format that nobody named is asked for', async () => {
  const { cwd } = await sampleRepository()
  writeFileSync(join(cwd, 'out.tar'), 'precious')
  expect((await runCli(['export', 'nope', '-o', 'out.tar'], { cwd })).code).toBe(3)
  expect(readFileSync(join(cwd, 'out.tar'), 'utf8')).toBe('precious')
  expect(await runCli(['export', 'data', '-o', 'out.zip'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('--format') as string })
  expect(await runCli(['export', 'data', '-o', 'out.tar', '--history'], { cwd })).toMatchObject({ code: 2 })
  expect(spawnSync('ls', ['-A'], { cwd, encoding: 'utf8' }).stdout).toBe('.varve\ndata\nout.tar\n')
})

test('a history in git comes along: import git, then log and diff; mistakes are told', async () => {
  const cwd = newFolder()
  const git = (...words: string[]): void => void execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...words], { cwd: join(cwd, 'project'), stdio: 'ignore' })
  mkdirSync(join(cwd, 'project/data'), { recursive: true })
  git('init', '-q')
  for (const version of ['one', 'two']) {
    writeFileSync(join(cwd, 'project/data/a.txt'), version)
    git('add', '-A')
    git('commit', '-q', '-m', `version ${version}`)
  }
  expect(await runJson(['import', 'git', 'project', '--path', 'data', '--ref', 'data'], { cwd })).toMatchObject({ ref: 'data', imported: 2, known: 0 })
  expect(await runJson(['log', 'data'], { cwd })).toMatchObject([{ message: 'version two', author: 'Ada <ada@example.org>' }, { message: 'version one' }])
  expect((await runCli(['import', 'git', 'project', '--path', 'data', '--ref', 'data'], { cwd })).stdout).toContain('0 commits imported, 2 before')
  expect(await runCli(['import', 'svn', 'project', '--ref', 'data'], { cwd })).toMatchObject({ code: 2 })
  expect(await runCli(['import', 'git', 'nowhere', '--ref', 'x'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringContaining('There is no folder') as string })
}, 60_000)

test('what DVC tracks comes along: import dvc; mistakes are told', async () => {
  const cwd = newFolder()
  const name = createHash('md5').update('one').digest('hex')
  mkdirSync(join(cwd, 'project/.dvc'), { recursive: true })
  mkdirSync(join(cwd, 'store/files/md5', name.slice(0, 2)), { recursive: true })
  writeFileSync(join(cwd, 'store/files/md5', name.slice(0, 2), name.slice(2)), 'one')
  writeFileSync(join(cwd, 'project/a.txt.dvc'), `outs:\n- md5: ${name}\n  hash: md5\n  path: a.txt\n`)
  expect(await runCli(['import', 'dvc', 'project/a.txt.dvc', '--ref', 'data'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringMatching(/lacks the content of a\.txt[^]*dvc fetch/) as string })
  expect(await runJson(['import', 'dvc', 'project/a.txt.dvc', '--ref', 'data', '--cache', 'store', '-m', 'from DVC'], { cwd })).toMatchObject({ ref: 'data', files: 1, bytes: 3 })
  expect(await runJson(['log', 'data'], { cwd })).toMatchObject([{ message: 'from DVC' }])
  expect((await runCli(['import', 'dvc', 'project', '--ref', 'data', '--cache', 'store'], { cwd })).stdout).toContain('has not changed: 1 file')
  expect(await runCli(['import', 'dvc', 'project', '--ref', 'data', '--path', 'x'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('not for what DVC tracks') as string })
  expect(await runCli(['import', 'git', 'project', '--ref', 'data', '--cache', 'store'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('--cache') as string })
  expect(await runCli(['import', 'dvc', 'project', '--ref', 'data', '--rev', 'main'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('--history') as string })
  for (const words of [['init', '-q'], ['add', '-A'], ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'commit', '-q', '-m', 'tracked']]) execFileSync('git', words, { cwd: join(cwd, 'project'), stdio: 'ignore' })
  expect(await runJson(['import', 'dvc', 'project/a.txt.dvc', '--history', '--ref', 'history', '--cache', 'store'], { cwd })).toMatchObject({ ref: 'history', imported: 1, known: 0 })
  expect(await runJson(['log', 'history'], { cwd })).toMatchObject([{ message: 'tracked', author: 'Ada <ada@example.org>' }])
}, 60_000)
