import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { pathFromText } from '../../../src/manifest/path.ts'
import { openManifest } from '../../../src/manifest/manifest.ts'
import { byteTextOfPath, type ByteText } from '../../../src/node/byte-text.ts'
import { captureRun } from '../../../src/node/capture/capture-run.ts'
import { CodeCache } from '../../../src/node/capture/code-cache.ts'
import { nodeFolderCalls } from '../../../src/node/folder-calls.ts'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { BlockRepository } from '../../../src/repository/repository.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { git, MadeRepositories, VARIABLES, write } from './made-repositories.ts'

const made = new MadeRepositories()
afterAll(() => made.remove())

async function project() {
  const folder = made.make({ 'a.mjs': 'aaaa', 'b.mjs': 'bbbb', 'lib/c.mjs': 'cccc' })
  const past = new Date(Date.now() - 3_600_000)
  for (const name of ['a.mjs', 'b.mjs', 'lib/c.mjs']) fs.utimesSync(join(folder, name), past, past)
  const place = { folder: made.folder(), identity: 'test', trustAfterMs: 0 }
  const open = () => BlockRepository.create(new MemoryStorage(), { platform: nodePlatform })
  /** CIDs of the files that a capture stored. */
  const capture = (repository: BlockRepository) => repository.withSession(async (session) => {
    const { code, capture } = await captureRun(folder, { session, chunker: repository.config.chunker, argv: [], variables: VARIABLES, cache: place })
    await session.checkpoint()
    const manifest = await openManifest(session, code?.root ?? expect.fail('no code'))
    const of = async (path: string) => {
      const value = await manifest.get(pathFromText(path))
      return value !== undefined && 'cid' in value ? value.cid : undefined
    }
    return { root: manifest.root.toString(), a: await of('a.mjs'), b: await of('b.mjs'), c: await of('lib/c.mjs'), missing: capture.missing.filter((sentence) => sentence.includes('.mjs')) }
  })
  // Past the tick of the clock that stamps changes of files.
  await new Promise((resolve) => setTimeout(resolve, 120))
  return { folder, place, open, capture }
}

describe('the cache of a working tree', () => {
  it('is what a file that stands as it did is known by, and nothing else', async () => {
    const { folder, place, open, capture } = await project()
    const repository = await open()
    const first = await capture(repository)
    expect(await capture(repository)).toEqual(first)
    // A cache that lies shows that it is asked.
    const cache = new CodeCache({ ...place, top: folder })
    const facts = nodeFolderCalls.facts(byteTextOfPath(join(folder, 'a.mjs'))) ?? expect.fail('no file')
    cache.remember('a.mjs' as ByteText, facts, { cid: first.b ?? expect.fail('no file'), size: 4 })
    await cache.commit()
    cache.close()
    expect((await capture(repository)).a).toEqual(first.b)
    // Not of what another repository lacks, nor of a file that was touched.
    expect((await capture(await open())).a).toEqual(first.a)
    write(folder, { 'b.mjs': 'BBBB' })
    const changed = await capture(repository)
    expect(changed.b).not.toEqual(first.b)
    expect(changed.c).toEqual(first.c)
  })

  it('may be damaged', async () => {
    const { place, open, capture } = await project()
    const repository = await open()
    const first = await capture(repository)
    const [name = ''] = fs.readdirSync(join(place.folder, 'stat'))
    const path = join(place.folder, 'stat', name)
    const bytes = fs.readFileSync(path)
    expect(bytes.length).toBeGreaterThan(100)
    for (const damaged of [bytes.subarray(0, bytes.length - 5), Buffer.alloc(bytes.length), Buffer.alloc(0)]) {
      fs.writeFileSync(path, damaged)
      expect(await capture(repository)).toEqual(first)
    }
  })

  it('does not keep quiet about a file that git does not have as it is', async () => {
    const { folder, open, capture } = await project()
    const repository = await open()
    git(folder, 'update-index', '--assume-unchanged', 'b.mjs')
    write(folder, { 'b.mjs': 'other' })
    fs.utimesSync(join(folder, 'b.mjs'), new Date(0), new Date(0))
    await new Promise((resolve) => setTimeout(resolve, 120))
    const first = await capture(repository)
    expect(first.missing).toHaveLength(1)
    expect(await capture(repository)).toEqual(first)
  })
})
