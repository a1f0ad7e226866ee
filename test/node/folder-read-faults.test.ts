import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Repository } from '../../src/dataset/repository.ts'
import { VarveError } from '../../src/errors.ts'
import { type FolderCalls, nodeFolderCalls } from '../../src/node/folder-calls.ts'
import { nodeFolders } from '../../src/node/folder-port.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { systemFailure } from './changed-calls.ts'

const base = mkdtempSync(join(tmpdir(), 'varve-read-faults-'))
const folder = join(base, 'data')
beforeAll(() => {
  mkdirSync(join(folder, 'sub', 'empty'), { recursive: true })
  writeFileSync(join(folder, 'a.txt'), 'a')
  writeFileSync(join(folder, 'sub', 'b.bin'), new Uint8Array(100_000).fill(3))
  writeFileSync(join(folder, 'sub', 'left-out.log'), 'x')
  writeFileSync(join(folder, 'sub', '.varveignore'), '*.log\n')
  symlinkSync('a.txt', join(folder, 'link'))
})
afterAll(() => rmSync(base, { recursive: true, force: true }))

/** What can go wrong with each call; that something is gone by now is no fault. */
const ERRORS: Readonly<Record<keyof FolderCalls, readonly string[]>> = {
  names: ['EACCES', 'EIO', 'EMFILE'], facts: ['EACCES', 'EIO'], target: ['EIO'], open: ['EACCES', 'EIO', 'EMFILE'], openFacts: ['EIO'], read: ['EIO', 'short'], close: ['EIO'],
}

interface Met {
  armed: boolean
  name?: keyof FolderCalls
  code?: string
  open: number
}

/** The system's calls, of which number `at` fails in one of the ways that it can. */
function failingCalls(at: number, kind: number, met: Met): FolderCalls {
  let index = 0
  const fault = (name: keyof FolderCalls): string | undefined => {
    if (!met.armed || index++ !== at) return undefined
    const code = ERRORS[name][kind]
    met.name = name
    if (code !== undefined) met.code = code
    if (code !== undefined && code !== 'short') throw systemFailure(code, folder)
    return code
  }
  const watched = <Args extends readonly unknown[], Result>(name: keyof FolderCalls, call: (...args: Args) => Result) => (...args: Args): Result => {
    fault(name)
    return call(...args)
  }
  return {
    names: watched('names', nodeFolderCalls.names),
    facts: watched('facts', nodeFolderCalls.facts),
    target: watched('target', nodeFolderCalls.target),
    openFacts: watched('openFacts', nodeFolderCalls.openFacts),
    open(path) {
      fault('open')
      met.open++
      return nodeFolderCalls.open(path)
    },
    read: (file, into) => nodeFolderCalls.read(file, fault('read') === 'short' ? into.subarray(0, 1) : into),
    close(file) {
      met.open--
      nodeFolderCalls.close(file)
      fault('close')
    },
  }
}

async function repositoryWith(calls: FolderCalls, cacheFolder?: string): Promise<Repository> {
  const blocks = await BlockRepository.create(new MemoryStorage(), { platform: nodePlatform })
  return new Repository(blocks, { folders: nodeFolders({ calls, trustAfterMs: 0, ...(cacheFolder === undefined ? {} : { cacheFolder }) }) })
}

describe.each([['without a stat cache', false], ['with a stat cache', true]] as const)('reading a folder %s', (_, isCached) => {
  test('in which any one call fails gives a clear error or the right root', async () => {
    const cacheFolder = isCached ? join(base, 'cache') : undefined
    const expected = (await (await repositoryWith(nodeFolderCalls)).hash(folder)).root
    let refused = 0
    let at = 0
    for (let more = true; more; at++) {
      more = false
      for (let kind = 0, kinds = 1; kind < kinds; kind++) {
        const met: Met = { armed: true, open: 0 }
        const repository = await repositoryWith(failingCalls(at, kind, met), cacheFolder)
        const outcome = await repository.snapshot(folder, { ref: 'data' }).then(({ root }) => root, (error: unknown) => error)
        met.armed = false
        if (met.name !== undefined) {
          more = true
          kinds = ERRORS[met.name].length
        }
        const what = `call ${at}: ${met.code} of ${met.name}`
        expect(met.open, what).toBe(0)
        if (typeof outcome === 'string') expect(outcome, what).toBe(expected)
        else {
          refused++
          expect(outcome, what).toBeInstanceOf(VarveError)
          expect((outcome as VarveError).message, what).toContain(folder)
          expect((outcome as VarveError).message, what).toContain(met.code)
          expect(await repository.blocks.getRef('data'), what).toBeUndefined()
        }
        // The same once more, with nothing in its way.
        expect((await repository.snapshot(folder, { ref: 'data' })).root, what).toBe(expected)
      }
    }
    expect(at).toBeGreaterThan(20)
    expect(refused).toBeGreaterThan(20)
  }, 60_000)
})
