import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/bytes.ts'
import { parseCid } from '../../src/cid/cid.ts'
import type { ManifestEntry } from '../../src/manifest/interface.ts'
import { verifyManifest } from '../../src/manifest/manifest.ts'
import { pathFromText, pathToText } from '../../src/manifest/path.ts'
import { portablePlatform } from '../../src/cid/portable-platform.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { buildManifest, collect, generatedEntries, hasher } from './made-up-trees.ts'

type VectorEntry = { readonly path: string } & (
  | { readonly kind: 'file' | 'executable'; readonly size: number; readonly cid: string }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'directory' }
)

interface Expected {
  readonly root: string
  readonly tree: string
  readonly nodes: number
  readonly manifestBlock: string
}

const vectors = JSON.parse(readFileSync(new URL('../vectors/manifest.json', import.meta.url), 'utf8')) as {
  readonly folders: readonly (Expected & { readonly name: string; readonly entries: readonly VectorEntry[]; readonly leafBlock: string })[]
  readonly generated: Expected & { readonly count: number }
}

function toEntry(entry: VectorEntry): ManifestEntry {
  const path = pathFromText(entry.path)
  if (entry.kind === 'directory') return { path, value: { kind: 'directory' } }
  if (entry.kind === 'symlink') return { path, value: { kind: 'symlink', target: pathFromText(entry.target) } }
  return { path, value: { kind: entry.kind, size: entry.size, cid: parseCid(entry.cid) } }
}

async function check(blocks: MemoryBlocks, entries: readonly ManifestEntry[], expected: Expected): Promise<void> {
  const { root } = await buildManifest(blocks, entries)
  expect(root.toString()).toBe(expected.root)
  expect(blocks.blocks.size).toBe(expected.nodes + 1)
  expect(toHex(blocks.get(root))).toBe(expected.manifestBlock)
  expect(blocks.blocks.has(expected.tree)).toBe(true)
}

describe('the vectors of manifests', () => {
  it.each(vectors.folders)('hold for $name', async (folder) => {
    const blocks = new MemoryBlocks(hasher)
    await check(blocks, folder.entries.map(toEntry), folder)
    expect(toHex(blocks.get(parseCid(folder.tree)))).toBe(folder.leafBlock)
    const read = await collect(verifyManifest(blocks, parseCid(folder.root)))
    expect(read.map(({ path }) => pathToText(path))).toEqual(folder.entries.map(({ path }) => path))
  })

  it.each([['node', hasher], ['portable', portablePlatform.hasher('sha2-256')]] as const)('hold for the generated folder, with the %s platform', async (_, hasher) => {
    const { count, ...expected } = vectors.generated
    await check(new MemoryBlocks(hasher), generatedEntries(count), expected)
  })
})
