import { beforeAll, describe, expect, it } from 'vitest'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { LINK_WEIGHT_BYTES, MAX_NODE_WEIGHT_BYTES, MIN_NODE_WEIGHT_BYTES } from '../../src/manifest/boundary.ts'
import type { BuiltManifest, ManifestEdit } from '../../src/manifest/interface.ts'
import { diffManifests, editManifest, openManifest } from '../../src/manifest/manifest.ts'
import { manifestCodec } from '../../src/manifest/manifest-values.ts'
import { decodeNode } from '../../src/manifest/node.ts'
import { pathFromText, pathToText } from '../../src/manifest/path.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { buildManifest, collect, fileValue, generatedEntries, hasher } from './made-up-trees.ts'

const ENTRIES = 100_000
const EDITS = 300

/** Park–Miller, so that a failure can be seen again. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) yield (state = (state * 48_271) % 2_147_483_647)
}

describe(`a manifest of ${ENTRIES} entries`, () => {
  const blocks = new MemoryBlocks(hasher)
  const entries = generatedEntries(ENTRIES)
  let built: BuiltManifest
  beforeAll(async () => {
    built = await buildManifest(blocks, entries)
  })

  it('has nodes of 25 to 40 KiB on average, and none beyond the maximum and one item', () => {
    const weights: number[] = []
    for (const bytes of [...blocks.blocks.values()].filter((bytes) => bytes[0] === 0x82)) {
      const node = decodeNode(bytes, manifestCodec)
      const items = node.kind === 'leaf'
        ? node.items.map(({ key, value }) => key.length + encodeCbor(manifestCodec.encode(value)).length)
        : node.links.map(({ key }) => key.length + LINK_WEIGHT_BYTES)
      const weight = items.reduce((sum, item) => sum + item, 0)
      expect(weight).toBeLessThan(MAX_NODE_WEIGHT_BYTES + Math.max(...items))
      if (node.kind === 'leaf') weights.push(weight)
    }
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length
    expect(mean).toBeGreaterThan(25 * 1024)
    expect(mean).toBeLessThan(40 * 1024)
    expect(weights.filter((weight) => weight < MIN_NODE_WEIGHT_BYTES).length).toBeLessThanOrEqual(1)
  })

  it('is changed in one place by writing at most 5 blocks, in 99 of 100 cases', async () => {
    const random = numbers(20_261_123)
    const costs: { reads: number; writes: number }[] = []
    for (let round = 0; round < EDITS; round++) {
      const picked = entries[random.next().value % ENTRIES]
      if (picked === undefined) throw new Error('unreachable')
      const edits: Record<number, ManifestEdit> = {
        0: { path: picked.path, value: undefined },
        1: { path: picked.path, value: fileValue(`round ${round}`) },
        2: { path: pathFromText(`${pathToText(picked.path)}.copy`), value: fileValue(`round ${round}`) },
      }
      const before = { reads: blocks.reads, writes: blocks.writes }
      await editManifest(blocks, blocks, built.root, [edits[round % 3] as ManifestEdit])
      costs.push({ reads: blocks.reads - before.reads, writes: blocks.writes - before.writes })
    }
    const writes = costs.map((cost) => cost.writes).sort((a, b) => a - b)
    const reads = costs.map((cost) => cost.reads).sort((a, b) => a - b)
    expect(writes[Math.floor(EDITS * 0.99) - 1]).toBeLessThanOrEqual(5)
    expect(reads[Math.floor(EDITS * 0.99) - 1]).toBeLessThanOrEqual(7)
  })

  it('is compared with a changed copy by reading little more than the nodes that differ', async () => {
    const changed = entries.filter((_, index) => index % 20_000 === 9_999).map(({ path }): ManifestEdit => ({ path, value: undefined }))
    const writes = blocks.writes
    const edited = await editManifest(blocks, blocks, built.root, changed)
    const differing = blocks.writes - writes
    const { reads } = blocks
    expect(await collect(diffManifests(blocks, built.root, edited.root))).toHaveLength(changed.length)
    expect(blocks.reads - reads).toBeLessThanOrEqual(2 * differing + 2)
  })

  it('answers for one path by reading one block a level', async () => {
    const manifest = await openManifest(blocks, built.root)
    const { reads } = blocks
    expect(await manifest.get(pathFromText('class-042/item-0000042.bin'))).toBeDefined()
    expect(blocks.reads - reads).toBeLessThanOrEqual(3)
  })

  it('lists a folder by reading only the nodes that hold it', async () => {
    const manifest = await openManifest(blocks, built.root)
    const { reads } = blocks
    expect(await collect(manifest.entries({ prefix: pathFromText('class-042') }))).toHaveLength(Math.ceil((ENTRIES - 42) / 97))
    expect(blocks.reads - reads).toBeLessThanOrEqual(12)
  })
})
