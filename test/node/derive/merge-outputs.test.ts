import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mergeOutput } from '../../../src/node/derive/merge-outputs.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-merge-'))
  for (const name of ['one', 'two', 'into', 'outside']) mkdirSync(join(folder, name))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (...names: readonly string[]): string => join(folder, ...names)
const merge = (name: string): Promise<void> => mergeOutput(at(name), at('into'), `${name}.txt`)

/** What one of the two calls left. */
const LEFT = {
  file: (path: string) => writeFileSync(path, path),
  folder: (path: string) => {
    mkdirSync(path)
    writeFileSync(join(path, 'inner'), path)
  },
  'dangling link': (path: string) => symlinkSync('nowhere', path),
  'link to a folder': (path: string) => symlinkSync(at('outside'), path),
} as const
type Left = keyof typeof LEFT
const KINDS = Object.keys(LEFT) as readonly Left[]

describe('the outputs of the calls of a map recipe', () => {
  it('come together, folders that several wrote to as well', async () => {
    for (const name of ['one', 'two']) {
      mkdirSync(at(name, 'sub/empty'), { recursive: true })
      writeFileSync(at(name, 'sub', `${name}.txt`), name)
      symlinkSync('nowhere', at(name, `${name}.link`))
      await merge(name)
    }
    expect(readdirSync(at('into')).sort()).toEqual(['one.link', 'sub', 'two.link'])
    expect(readlinkSync(at('into/two.link'))).toBe('nowhere')
    expect(readdirSync(at('into/sub')).sort()).toEqual(['empty', 'one.txt', 'two.txt'])
    expect(readFileSync(at('into/sub/two.txt'), 'utf8')).toBe('two')
  })

  it.each(KINDS.flatMap((first) => KINDS.map((second) => [first, second] as const)).filter(([first, second]) => first !== 'folder' || second !== 'folder'))('are refused if one wrote a %s and the other a %s', async (first, second) => {
    for (const name of ['one', 'two']) mkdirSync(at(name, 'sub'))
    LEFT[first](at('one/sub/same'))
    LEFT[second](at('two/sub/same'))
    await merge('one')
    const before = lstatSync(at('into/sub/same')).ino
    await expect(merge('two')).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: 'The calls for two.txt and for another file both wrote sub/same', data: { file: 'two.txt', path: 'sub/same' } })
    expect(lstatSync(at('into/sub/same')).ino).toBe(before)
    expect(readdirSync(at('outside'))).toEqual([])
  })

  it.skipIf(process.platform !== 'linux')('may have names that are no text', async () => {
    writeFileSync(Buffer.concat([Buffer.from(at('one/')), Buffer.from([0x66, 0xff])]), '')
    await merge('one')
    expect(readdirSync(at('into'), { encoding: 'latin1' })).toEqual(['f\xff'])
  })

  it.each(['one', 'into'])('are not looked for where a link leads that is in the place of the folder %s', async (name) => {
    writeFileSync(at('outside/private'), '')
    rmSync(at(name), { recursive: true })
    symlinkSync(at('outside'), at(name))
    await expect(merge('one')).rejects.toMatchObject({ code: 'RECIPE_FAILED', message: expect.stringContaining('left something else there') as string })
    expect(readdirSync(at('outside'))).toEqual(['private'])
  })

  it('are compared even if they are merged at the same time', async () => {
    for (const name of ['one', 'two']) for (let number = 0; number < 50; number++) writeFileSync(at(name, String(number)), name)
    const settled = await Promise.allSettled([merge('one'), merge('two')])
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(new Set(readdirSync(at('into')).map((name) => readFileSync(at('into', name), 'utf8'))).size).toBe(1)
  })
})
