import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { importDvc } from '../../../src/index.ts'
import { create, gather } from '../../dataset/in-memory.ts'

let project = ''
let repository: Repository
const warnings: string[] = []

function write(path: string, content: string): void {
  mkdirSync(dirname(join(project, path)), { recursive: true })
  writeFileSync(join(project, path), content)
}

/** Puts content into the cache, and gives the MD5 by which it is tracked. */
function cached(content: string, suffix = ''): string {
  const name = createHash('md5').update(content).digest('hex')
  write(`.dvc/cache/files/md5/${name.slice(0, 2)}/${name.slice(2)}${suffix}`, content)
  return `${name}${suffix}`
}

function folder(files: Readonly<Record<string, string>>): string {
  return cached(JSON.stringify(Object.entries(files).map(([relpath, content]) => ({ md5: cached(content), relpath }))), '.dir')
}

function stage(name: string, outs: Readonly<Record<string, string>>): string {
  return `  ${name}:\n    cmd: python ${name}.py\n    deps:\n    - path: raw\n      md5: ${'0'.repeat(32)}\n      size: 3\n    outs:\n${Object.entries(outs).map(([path, md5]) => `    - path: ${path}\n      hash: md5\n      md5: ${md5}\n      size: 3\n`).join('')}`
}

const lock = (...stages: readonly string[]): string => `schema: '2.0'\nstages:\n${stages.join('')}`

async function take(path: string): Promise<string[]> {
  await importDvc(repository, join(project, path), { ref: 'data', onProgress: (event) => event.type === 'warning' && warnings.push(`${event.path}: ${event.message}`) })
  return (await gather(repository.entries('data'))).map((entry) => entry.path)
}

beforeEach(async () => {
  project = mkdtempSync(join(tmpdir(), 'varve-dvc-lock-'))
  mkdirSync(join(project, '.dvc'))
  repository = await create()
  warnings.length = 0
})
afterEach(() => rmSync(project, { recursive: true, force: true }))

test('what pipelines made is imported beside what .dvc files track, each at its path', async () => {
  write('raw.dvc', `outs:\n- md5: ${cached('raw')}\n  hash: md5\n  path: raw\n`)
  write('dvc.lock', lock(stage('prepare', { 'data/prepared': folder({ 'a.csv': '1', 'deep/b.csv': '2' }) }), stage('train', { 'model.bin': cached('weights') })))
  write('sub/dvc.lock', lock(stage('features', { out: cached('features') })))
  // What a tracked folder holds is not searched.
  write('data/prepared/dvc.lock', 'nonsense')
  expect(await take('.')).toEqual(['data/prepared/a.csv', 'data/prepared/deep/b.csv', 'model.bin', 'raw', 'sub/out'])
  expect(Buffer.from(await repository.read('data', 'data/prepared/deep/b.csv')).toString()).toBe('2')
  expect(await take('dvc.lock')).toEqual(['data/prepared/a.csv', 'data/prepared/deep/b.csv', 'model.bin'])
  expect(warnings).toEqual([])
})

test('one output is named by its path, whether or not it is checked out', async () => {
  write('dvc.lock', lock(stage('prepare', { 'data/prepared': folder({ 'a.csv': '1' }) }), stage('train', { 'model.bin': cached('weights') })))
  expect(await take('data/prepared')).toEqual(['a.csv'])
  mkdirSync(join(project, 'data/prepared'), { recursive: true })
  expect(await take('data/prepared')).toEqual(['a.csv'])
  expect(await take('model.bin')).toEqual(['model.bin'])
  await expect(take('model.txt')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('folders that stages work in, and what they keep out of the cache, are taken from dvc.yaml', async () => {
  write('dvc.lock', lock(stage('build@us', { 'out.csv': cached('us'), 'scores.json': 'f'.repeat(32) }), stage('plain', { 'plain.csv': cached('plain') })))
  write('dvc.yaml', "stages:\n  build:\n    foreach: [us]\n    do:\n      cmd: x\n      wdir: work\n      outs:\n      - out.csv\n      metrics:\n      - scores.json:\n          cache: false\n  plain:\n    cmd: y\n    outs: [plain.csv]\n")
  expect(await take('.')).toEqual(['plain.csv', 'work/out.csv'])
  expect(warnings).toEqual([`${join(project, 'work/scores.json')}: is kept out of the cache by its pipeline, and is not imported`])
  write('dvc.yaml', "stages:\n  build:\n    foreach: [us]\n    do:\n      cmd: x\n      wdir: ${item}\n")
  await expect(take('.')).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringContaining('only DVC knows') })
})

test.each<[string, string, string]>([
  ['of another schema', "schema: '3.0'\n", 'schema'],
  ['that is none', '- a\n', 'schema'],
  ['with an output that is tracked otherwise', `schema: '2.0'\nstages:\n  a:\n    outs:\n    - path: x\n      etag: y\n`, 'no "md5"'],
])('a lock file %s is refused, with its line', async (_name, text, said) => {
  write('dvc.lock', text)
  await expect(take('.')).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringMatching(new RegExp(`dvc\\.lock:\\d+.*${said}`)) })
  expect(await repository.blocks.getRef('data')).toBeUndefined()
})

test('an output that leaves the dataset is refused, and one whose content is lacking is named', async () => {
  write('dvc.lock', lock(stage('bad', { '../outside': cached('x') })))
  await expect(take('.')).rejects.toMatchObject({ code: expect.stringMatching(/UNSAFE_PATH|MALFORMED_DATA|INVALID/) })
  write('dvc.lock', lock(stage('gone', { 'gone.bin': 'a1'.repeat(16) })))
  await expect(take('.')).rejects.toMatchObject({ code: 'NOT_FOUND', data: { paths: ['gone.bin'] } })
})
