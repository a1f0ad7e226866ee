import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { nodeTrialCalls, type TrialCalls } from '../../src/node/folder-promises.ts'
import { beginFolderTrial } from '../../src/node/folder-trial.ts'
import { beginStorageTrial, tryPromises } from '../../src/node/storage-trial.ts'
import { tried, type CheckedPromise } from '../../src/storage/check-storage.ts'

const { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } = fs
const base = mkdtempSync(join(tmpdir(), 'varve-trial-'))
let folders = 0
afterAll(() => rmSync(base, { recursive: true, force: true }))

function newFolder(): string {
  const folder = join(base, `${folders++}`)
  mkdirSync(folder)
  return folder
}

async function checkCalls(calls: Partial<TrialCalls>): Promise<CheckedPromise[]> {
  const folder = newFolder()
  const trial = beginFolderTrial(folder, { ...nodeTrialCalls, ...calls })
  const found: CheckedPromise[] = []
  for (const promised of trial.cases) found.push(await tried(promised))
  expect(await trial.end()).toEqual([])
  expect(readdirSync(folder)).toEqual([])
  return found
}

const refusing = (code: string) => (): Promise<void> => Promise.reject(Object.assign(new Error(`${code}: refused`), { code }))
let links = 0

describe('a folder on trial', () => {
  test.each<[string, Partial<TrialCalls>, RegExp, string]>([
    ['has no hard links', { link: refusing('EPERM') }, /second name/, 'no hard links (EPERM)'],
    ['copies instead of linking', { link: (path, name) => fs.promises.copyFile(path, name, fs.constants.COPYFILE_EXCL) }, /without being copied/, 'is said to have 1'],
    [
      'lets a link replace what is there',
      {
        async link(path, name) {
          rmSync(name, { force: true })
          await fs.promises.link(path, name)
        },
      },
      /to a name that is taken fails/,
      'ended with success',
    ],
    ['reports a taken name as something else', { link: (path, name) => fs.promises.link(path, name).catch(refusing('EIO')) }, /to a name that is taken fails/, 'ended with EIO'],
    [
      'looks before it links',
      {
        async link(path, name) {
          if (fs.existsSync(name)) return refusing('EEXIST')()
          await new Promise((resolve) => setTimeout(resolve, 2))
          rmSync(name, { force: true })
          await fs.promises.link(path, name)
        },
      },
      /8 hard links/,
      'of 8 links to one name succeeded',
    ],
    ['refuses to rename', { rename: refusing('EXDEV') }, /takes the place of another/, 'EXDEV'],
    ['renames files and not folders', { rename: (path, name) => (fs.statSync(path).isDirectory() ? refusing('EACCES')() : fs.promises.rename(path, name)) }, /a folder can be renamed/, 'EACCES'],
    ['copies instead of renaming', { rename: (path, name) => fs.promises.cp(path, name, { recursive: true }) }, /takes the place/, 'still there'],
    ['cannot sync files', { sync: (path) => (fs.statSync(path).isFile() ? refusing('EINVAL')() : Promise.resolve()) }, /a file is put on the disk/, 'EINVAL'],
    ['cannot sync folders', { sync: (path) => (fs.statSync(path).isFile() ? Promise.resolve() : refusing('EINVAL')()) }, /names in a folder/, 'EINVAL'],
  ])('that %s is found out', async (_, calls, promise, reason) => {
    const broken = (await checkCalls(calls)).filter(({ outcome }) => outcome !== 'kept')
    expect(broken.map((each) => each.promise).join('\n')).toMatch(promise)
    expect(broken.find((each) => promise.test(each.promise))).toMatchObject({ outcome: 'broken', reason: expect.stringContaining(reason) as string })
  })

  test.each([['ENOSPC'], ['EDQUOT']])('that is full (%s) is not blamed for it', async (code) => {
    const found = await checkCalls({ link: refusing(code), rename: refusing(code), sync: refusing(code) })
    expect(found).toHaveLength(7)
    for (const each of found) expect(each).toMatchObject({ outcome: 'untried', full: true, reason: `the disk is full (${code})` })
    const racing = await checkCalls({ link: (path, name) => (/race-/.test(path) && !/race-0-0/.test(path) ? refusing(code)() : nodeTrialCalls.link(path, name)) })
    expect(racing.filter(({ outcome }) => outcome !== 'kept')).toMatchObject([{ promise: expect.stringContaining('8 hard links') as string, full: true }])
  })

  test('whose calls are sound keeps everything, and the trouble of something else is no broken promise', async () => {
    expect((await checkCalls({})).filter(({ outcome }) => outcome !== 'kept')).toEqual([])
    const trial = beginFolderTrial(newFolder(), { ...nodeTrialCalls, link: (path, name) => (links++, nodeTrialCalls.link(path, name)) })
    rmSync(join(trial.location, readdirSync(trial.location)[0] ?? '', 'files'), { recursive: true })
    const [first] = trial.cases
    if (first === undefined) throw new Error('no cases')
    expect(await tried(first)).toMatchObject({ outcome: 'untried', reason: expect.stringContaining('ENOENT') as string })
    expect(links).toBe(0)
    expect(await trial.end()).toEqual([])
  })

  test('is left as it was, whatever is in it', async () => {
    const folder = newFolder()
    for (const name of ['config.json', 'tmp', 'varve-check']) writeFileSync(join(folder, name), name)
    const trial = beginStorageTrial(folder)
    expect(readdirSync(folder)).toHaveLength(4)
    for await (const { outcome } of tryPromises(trial)) expect(outcome).toBe('kept')
    expect(trial.facts().map(({ about }) => about)).toEqual(['case of names', 'Unicode form of names', 'free space', 'power cut'])
    expect(await trial.end()).toEqual([])
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'tmp', 'varve-check'])
  })

  test('must be there, and be of a kind that is known', () => {
    const file = join(newFolder(), 'file')
    writeFileSync(file, '')
    expect(() => beginStorageTrial(join(base, 'none'))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }) as Error)
    for (const location of [file, '', 's3://bucket/prefix', 'https://example.org']) {
      expect(() => beginStorageTrial(location)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error)
    }
  })
})
