import * as fs from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { compareBytes } from '../../src/bytes.ts'
import type { CheckoutStep } from '../../src/dataset/interface.ts'
import { keyFromPath } from '../../src/manifest/path.ts'
import { nodeFolderCalls } from '../../src/node/folder-calls.ts'
import { nodeFolders } from '../../src/node/folder-port.ts'
import { contentCid } from './hashing-store.ts'
import { described, entriesOf, MadeFolders } from './made-folders.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

// Bytes around the separator and its stand-in, where an order by path and an order by key differ, and bytes that are not UTF-8.
const name = fc.array(fc.constantFrom(0x01, 0x2d, 0x2e, 0x30, 0x41, 0x61, 0x62, 0xc3, 0xff), { minLength: 1, maxLength: 3 })
  .map((bytes) => Buffer.from(bytes)).filter((bytes) => bytes.toString() !== '.' && bytes.toString() !== '..')
const item = fc.record({ path: fc.array(name, { minLength: 1, maxLength: 4 }), kind: fc.constantFrom('file', 'executable', 'symlink', 'directory'), content: fc.string({ maxLength: 5 }) })
type Item = typeof item extends fc.Arbitrary<infer T> ? T : never

function build(folder: string, items: readonly Item[]): void {
  for (const { path, kind, content } of items) {
    const full = Buffer.concat([Buffer.from(folder), ...path.flatMap((part) => [Buffer.from('/'), part])])
    try {
      fs.mkdirSync(full.subarray(0, full.lastIndexOf('/')), { recursive: true })
      if (kind === 'directory') fs.mkdirSync(full)
      else if (kind === 'symlink') fs.symlinkSync(`to ${content}`, full)
      else fs.writeFileSync(full, content, { flag: 'wx', mode: kind === 'executable' ? 0o755 : 0o644 })
    } catch {
      // Taken, or below a file: random trees have such places.
    }
  }
}

test('entries come in strictly rising order of keys, whatever the tree and the order of listings', async () => {
  await fc.assert(fc.asyncProperty(fc.array(item, { maxLength: 25 }), fc.infiniteStream(fc.nat()), async (items, random) => {
    const folder = made.make()
    build(folder, items)
    const shuffling = nodeFolders({ calls: { ...nodeFolderCalls, names: (path) => nodeFolderCalls.names(path).map((text) => ({ text, rank: random.next().value as number })).sort((a, b) => a.rank - b.rank).map(({ text }) => text) } })
    const entries = await entriesOf(folder, {}, shuffling)
    const keys = entries.map(({ path }) => keyFromPath(path))
    for (const [index, key] of keys.entries()) if (index > 0) expect(compareBytes(keys[index - 1] as Uint8Array, key)).toBeLessThan(0)
    expect(described(entries)).toEqual(described(await entriesOf(folder)))
  }), { numRuns: 25 })
}, 60_000)

test('a folder that is read, written and read again is the same', async () => {
  await fc.assert(fc.asyncProperty(fc.array(item, { maxLength: 25 }), async (items) => {
    const folder = made.make()
    build(folder, items)
    const before = await entriesOf(folder)
    const contents = new Map(items.map(({ content }) => [contentCid(content).toString(), Buffer.from(content)]))
    const target = join(made.base, `copy-${contents.size}-${Math.random()}`)
    await using writer = await nodeFolders().beginWrite(target)
    for (const { path, value } of before) {
      const step: CheckoutStep = value.kind === 'symlink' ? { type: 'symlink', path, target: value.target }
        : value.kind === 'directory' ? { type: 'directory', path }
        : { type: 'file', path, size: value.size, executable: value.kind === 'executable' }
      await writer.write(step)
      if ('size' in value && value.size > 0) await writer.write({ type: 'data', bytes: contents.get(value.cid.toString()) ?? Buffer.alloc(0) })
    }
    await writer.commit({ replace: false })
    expect(described(await entriesOf(target))).toEqual(described(before))
  }), { numRuns: 25 })
}, 60_000)
