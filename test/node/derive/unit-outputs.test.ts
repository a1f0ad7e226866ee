import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UnitOutputs } from '../../../src/node/derive/unit-outputs.ts'
import { freezeFolder } from '../../../src/node/execution/folder-facts.ts'
import { removeSmallFolder } from '../../../src/node/execution/scratch.ts'
import type { FinishedUnit } from '../../../src/node/execution/interface.ts'
import { nodeFolders } from '../../../src/node/folder-port.ts'
import { MappedOutputs } from '../../../src/recipe/map/mapped-outputs.ts'
import { create } from '../../dataset/in-memory.ts'

const NOBODY = 65_534
let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'varve-units-'))))
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

/** A unit whose call has ended, with its read-only input. */
async function finished(at: number, inputBytes: number): Promise<FinishedUnit> {
  const [input, place] = [join(folder, 'parts', String(at)), join(folder, 'units', String(at))]
  mkdirSync(join(input, 'sub'), { recursive: true })
  writeFileSync(join(input, 'sub', 'file'), 'in')
  await freezeFolder(input, 'data')
  mkdirSync(join(place, 'out'), { recursive: true })
  writeFileSync(join(place, 'out', `${at}.txt`), `out ${at}`)
  return { unit: { name: `${at}.txt`, file: `${at}.txt`, shard: null, input, inputBytes }, folder: place, outputs: { out: join(place, 'out') }, mathRandomCalls: 0 }
}

async function takeAll(bytes: readonly number[], look: (inputs: readonly string[]) => void): Promise<void> {
  const repository = await create()
  await repository.blocks.withSession(async (session) => {
    const result = await MappedOutputs.begin(session, ['out'], null, repository.blocks.config.chunker)
    const outputs = new UnitOutputs(session, nodeFolders(), result, { folder: join(folder, 'done'), outputs: ['out'] })
    for (const [at, size] of bytes.entries()) {
      await outputs.take(await finished(at, size))
      look(readdirSync(join(folder, 'parts')))
    }
    await outputs.finish()
    expect(readdirSync(join(folder, 'parts'))).toEqual([])
    expect(readdirSync(join(folder, 'done'))).toEqual([])
    expect((await result.finish()).outputs).toHaveLength(1)
  })
}

describe('inputs of units that are done', () => {
  it('stay no longer than until they make as much as a batch may', async () => {
    const left: number[] = []
    await takeAll([100, 100, 100, 300, 0].map((mebibytes) => mebibytes * 2 ** 20), (inputs) => left.push(inputs.length))
    expect(left).toEqual([1, 2, 0, 0, 1])
  })

  it.skipIf(process.platform === 'win32')('are removed at once, though nothing may be written to their folders', async () => {
    const { unit } = await finished(0, 2)
    await asNobody(join(folder, 'parts'), async () => {
      const removal = removeSmallFolder(unit.input, true)
      expect(existsSync(unit.input)).toBe(false)
      await removal
    })
  })

  it('are removed while other work goes on', async () => {
    // Every look at the clock finds that much time has gone by.
    let clock = 0
    vi.spyOn(performance, 'now').mockImplementation(() => (clock += 25))
    const seen = new Set<number>()
    const look = (): void => {
      const { length } = readdirSync(join(folder, 'parts'))
      seen.add(length)
      if (length > 0) setImmediate(look)
    }
    await takeAll([0, 0, 0, 0], (inputs) => {
      if (inputs.length === 4) look()
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect([...seen]).toEqual([4, 3, 2, 1, 0])
  })
})

/** Root may do everything: what is tried is done as somebody else, to whom the folder is given. */
async function asNobody(path: string, work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work()
  chownSync(folder, NOBODY, NOBODY)
  for (const name of ['', ...readdirSync(path, { recursive: true, encoding: 'utf8' })]) chownSync(join(path, name), NOBODY, NOBODY)
  process.seteuid?.(NOBODY)
  try {
    await work()
  } finally {
    process.seteuid?.(0)
  }
}
