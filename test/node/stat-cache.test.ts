import * as fs from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { FolderPort } from '../../src/dataset/interface.ts'
import { type ByteText, systemPath } from '../../src/node/byte-text.ts'
import { type EntryFacts, nodeFolderCalls } from '../../src/node/folder-calls.ts'
import { nodeFolders } from '../../src/node/folder-port.ts'
import { StatCacheReader } from '../../src/node/stat-cache-reader.ts'
import { StatCacheWriter } from '../../src/node/stat-cache-writer.ts'
import { contentCid, HashingStore } from './hashing-store.ts'
import { described, entriesOf, MadeFolders, makeOld } from './made-folders.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

/** Changes what the system says of files: older than they are, by one hour unless told, so that nothing is racy. */
function older(facts: EntryFacts, by: bigint): EntryFacts {
  const { dev, ino, mode, size, mtimeNs, ctimeNs } = facts
  return { dev, ino, mode, size, mtimeNs: mtimeNs - by, ctimeNs: ctimeNs - by }
}

interface Watched {
  readonly port: FolderPort
  readonly cacheFolder: string
  /** Names that were opened since the last call. */
  opened(): string[]
}

function watched(options: { racy?: boolean; ageMs?: number; identity?: string; trustAfterMs?: number; cacheFolder?: string } = {}): Watched {
  let names: string[] = []
  const { racy, ageMs = 3_600_000, identity, trustAfterMs, cacheFolder = join(made.make(), 'cache') } = options
  const change = (facts: EntryFacts): EntryFacts => (racy === true ? facts : older(facts, BigInt(ageMs) * 1_000_000n))
  const port = nodeFolders({
    cacheFolder,
    ...(identity === undefined ? {} : { cacheIdentity: identity }),
    ...(trustAfterMs === undefined ? {} : { trustAfterMs }),
    calls: {
      ...nodeFolderCalls,
      facts(path) {
        const facts = nodeFolderCalls.facts(path)
        return facts === undefined ? undefined : change(facts)
      },
      openFacts: (file) => change(nodeFolderCalls.openFacts(file)),
      open(path) {
        names.push(path.slice(path.lastIndexOf('/') + 1))
        return nodeFolderCalls.open(path)
      },
    },
  })
  return { port, cacheFolder, opened: () => names.splice(0) }
}

const read = (folder: string, port: FolderPort, store?: HashingStore): Promise<string[]> => entriesOf(folder, {}, port, store).then(described)
const cacheFile = (cacheFolder: string): string => join(cacheFolder, 'stat', fs.readdirSync(join(cacheFolder, 'stat'))[0] ?? '')

describe('the second read of a folder', () => {
  test('opens no file and says the same', async () => {
    const folder = made.make({ a: '1', 'a-b': '22', 'c/d': '333', 'c/e/f': '', 'é/g': '4' })
    fs.chmodSync(join(folder, 'a-b'), 0o755)
    const { port, opened } = watched()
    const first = await read(folder, port)
    expect(opened()).toHaveLength(5)
    expect(await read(folder, port)).toEqual(first)
    expect(await read(folder, port)).toEqual(first)
    expect(opened()).toEqual([])
  })

  test('opens only what is new or changed', async () => {
    const folder = made.make({ a: '1', b: '2', c: '3', 'd/e': '4', 'd/f': '5' })
    const { port, opened } = watched()
    await read(folder, port)
    opened()
    fs.writeFileSync(join(folder, 'a0'), 'new')
    fs.rmSync(join(folder, 'b'))
    fs.appendFileSync(join(folder, 'd/f'), '+')
    expect(await read(folder, port)).toEqual([
      `file a 1 ${contentCid('1').toString()}`, `file a0 3 ${contentCid('new').toString()}`, `file c 1 ${contentCid('3').toString()}`,
      `file d/e 1 ${contentCid('4').toString()}`, `file d/f 2 ${contentCid('5+').toString()}`,
    ])
    expect(opened()).toEqual(['a0', 'f'])
  })

  test('opens a file that was rewritten to the same length, with its old times put back', async () => {
    const folder = made.make({ a: 'old' })
    makeOld(folder, 'a')
    const { mtime } = fs.statSync(join(folder, 'a'))
    const { port, opened } = watched()
    await read(folder, port)
    opened()
    await new Promise((resolve) => setTimeout(resolve, 20))
    fs.writeFileSync(join(folder, 'a'), 'new')
    fs.utimesSync(join(folder, 'a'), mtime, mtime)
    expect(await read(folder, port)).toEqual([`file a 3 ${contentCid('new').toString()}`])
    expect(opened()).toEqual(['a'])
  })

  test('opens a file under a new name, and what took its old one, though inode or times are known', async () => {
    const folder = made.make({ a: '1', b: '2' })
    const { port, opened } = watched()
    await read(folder, port)
    opened()
    fs.renameSync(join(folder, 'a'), join(folder, 'c'))
    fs.renameSync(join(folder, 'b'), join(folder, 'a'))
    expect(await read(folder, port)).toEqual([`file a 1 ${contentCid('2').toString()}`, `file c 1 ${contentCid('1').toString()}`])
    expect(opened()).toEqual(['a', 'c'])
  })

  test('sees that a file has become executable', async () => {
    const folder = made.make({ a: '1' })
    const { port } = watched()
    await read(folder, port)
    fs.chmodSync(join(folder, 'a'), 0o755)
    expect(await read(folder, port)).toEqual([`executable a 1 ${contentCid('1').toString()}`])
  })

  test('opens what the store does not hold', async () => {
    const folder = made.make({ a: '1' })
    const { port, opened } = watched()
    await read(folder, port)
    const store = new HashingStore()
    store.isHolding = false
    opened()
    await read(folder, port, store)
    expect(opened()).toEqual(['a'])
  })

  test('opens files that were changed when the first read began: a later change could leave the same times', async () => {
    const folder = made.make({ fresh: '1' })
    const { port, opened } = watched({ racy: true, trustAfterMs: 0 })
    await read(folder, port)
    opened()
    await read(folder, port)
    expect(opened()).toEqual(['fresh'])
    await new Promise((resolve) => setTimeout(resolve, 120))
    await read(folder, port)
    opened()
    await read(folder, port)
    expect(opened()).toEqual([])
  })

  test('opens files until they have been left alone for 40 s: a memory map can be written again that long without new times', async () => {
    const folder = made.make({ mapped: '1' })
    for (const [ageMs, times] of [[38_000, 1], [41_000, 0]] as const) {
      const { port, opened } = watched({ ageMs })
      await read(folder, port)
      opened()
      await read(folder, port)
      expect(opened(), `${ageMs} ms`).toHaveLength(times)
    }
  })

  test('opens every file if the cache was written for another hash, chunker or repository', async () => {
    const folder = made.make({ a: '1' })
    const one = watched({ identity: 'id sha2-256 chunker' })
    await read(folder, one.port)
    const other = watched({ identity: 'id blake3 chunker', cacheFolder: one.cacheFolder })
    one.opened()
    await read(folder, one.port)
    expect(one.opened()).toEqual([])
    await read(folder, other.port)
    expect(other.opened()).toEqual(['a'])
  })

  test('is told apart from that of another folder', async () => {
    const { port } = watched()
    const [one, other] = [made.make({ a: '1' }), made.make({ a: '2' })]
    await read(one, port)
    expect(await read(other, port)).toEqual([`file a 1 ${contentCid('2').toString()}`])
    expect(await read(one, port)).toEqual([`file a 1 ${contentCid('1').toString()}`])
  })
})

describe('a stat cache', () => {
  test('that is damaged anywhere, cut short or of another version is as good as absent', async () => {
    const folder = made.make({ a: '1', b: '2', c: '3' })
    const { port, cacheFolder, opened } = watched()
    const expected = await read(folder, port)
    const path = cacheFile(cacheFolder)
    const sound = fs.readFileSync(path)
    for (let offset = 0; offset < sound.length; offset += 3) {
      opened()
      const damaged = Buffer.from(sound)
      damaged[offset] = (damaged[offset] ?? 0) ^ 0x20
      fs.writeFileSync(path, damaged)
      expect(await read(folder, port), `byte ${offset}`).toEqual(expected)
      // These bytes of the page header mean nothing.
      const isReserved = offset >= 52 && offset < 64
      expect(opened(), `byte ${offset}`).toHaveLength(isReserved ? 0 : 3)
    }
    for (const length of [0, 5, 16, 40, 48, 60, sound.length - 1]) {
      fs.writeFileSync(path, sound.subarray(0, length))
      expect(await read(folder, port)).toEqual(expected)
      expect(opened(), `${length} bytes`).toHaveLength(3)
    }
  })

  test('is not written by a read that fails, and nothing else is left there', async () => {
    const folder = made.make({ a: '1', b: '2' })
    const { port, cacheFolder } = watched()
    const store = new HashingStore()
    store.onAdvance = () => {
      throw new Error('full')
    }
    await expect(read(folder, port, store)).rejects.toThrow('full')
    expect(fs.readdirSync(join(cacheFolder, 'stat'))).toEqual([])
    for await (const entry of port.read(folder, new HashingStore(), {})) if (entry.path.length > 0) break
    expect(fs.readdirSync(join(cacheFolder, 'stat'))).toEqual([])
  })

  test('that cannot be written is done without', async () => {
    const folder = made.make({ a: '1' })
    const blocked = made.make({ cache: 'a file' })
    const port = nodeFolders({ cacheFolder: join(blocked, 'cache') })
    expect(await read(folder, port)).toHaveLength(1)
    expect(fs.readdirSync(blocked)).toEqual(['cache'])
  })

  test('gives back what was recorded, for any keys over many pages', async () => {
    const folder = made.make()
    let count = 0
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((list) => String.fromCharCode(...list))
    await fc.assert(fc.asyncProperty(fc.uniqueArray(bytes, { minLength: 1, maxLength: 60 }), fc.bigInt({ min: -(2n ** 62n), max: 10n ** 18n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), async (keys, time, ino) => {
      const path = join(folder, 'stat', `${count++}.bin`)
      const sorted = keys.toSorted((a, b) => (a < b ? -1 : 1)).flatMap((key) => Array.from({ length: 30 }, (_, index) => `${key}\u0000${String(index).padStart(3, '0')}${'x'.repeat(50)}`)).sort()
      const factsOf = (index: number): EntryFacts => ({ dev: 0n, ino, mode: 0o100644n, size: BigInt(index), mtimeNs: time, ctimeNs: time })
      const writer = new StatCacheWriter(path, { identity: 'any' })
      for (const [index, key] of sorted.entries()) writer.add(key as ByteText, factsOf(index), { cid: contentCid(key), size: index })
      await writer.commit()
      const reader = new StatCacheReader(path, 'any')
      for (const [index, key] of sorted.entries()) {
        if (index % 3 === 0) continue
        expect(reader.find(key as ByteText, { ...factsOf(index), ino: ino ^ 1n })).toBeUndefined()
        expect(reader.find(key as ByteText, factsOf(index))).toEqual({ cid: contentCid(key), size: index, record: index })
        expect(reader.find(`${key}x` as ByteText, factsOf(index))).toBeUndefined()
      }
      reader.close()
    }), { numRuns: 15 })
    expect(fs.readdirSync(join(folder, 'stat')).every((name) => name.endsWith('.bin'))).toBe(true)
  })

  test('is for bytes: names that are not text are found again', async () => {
    const folder = made.make()
    for (const byte of [0x80, 0xc3, 0xff]) fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([byte])]), String(byte))
    const { port, opened } = watched()
    await read(folder, port)
    expect(opened().map((name) => systemPath(name as ByteText))).toHaveLength(3)
    await read(folder, port)
    expect(opened()).toEqual([])
  })
})
