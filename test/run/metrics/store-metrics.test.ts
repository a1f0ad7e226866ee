import { describe, expect, it } from 'vitest'
import { RAW_CODE } from '../../../src/cid/cid.ts'
import { ChunkedContentStore, storeContent } from '../../../src/dataset/content-store.ts'
import { ManifestBuilder, openManifest, verifyManifest } from '../../../src/manifest/manifest.ts'
import { pathFromText, pathToText } from '../../../src/manifest/path.ts'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { listMetrics, readMetrics, storeMetrics } from '../../../src/run/metrics/store-metrics.ts'
import { MemoryBlocks } from '../../memory-blocks.ts'
import { asPoints, expectedSeries, sourceOf } from './made-logs.ts'

const CHUNKER = 'fastcdc2020-64K-256K-1M'
// More than one chunk a metric.
const entries = Array.from({ length: 60_000 }, (_, step) => ({ step, time: 1_700_000_000_000 + 13 * step, values: [['loss', Math.sin(step)], ...(step % 100 === 0 ? [['val/loss', step / 7] as const] : [])] as const }))

async function stored(): Promise<{ blocks: MemoryBlocks; store: ChunkedContentStore; result: Awaited<ReturnType<typeof storeMetrics>> }> {
  const blocks = new MemoryBlocks(nodePlatform.hasher('sha2-256'))
  const store = new ChunkedContentStore(blocks, undefined)
  return { blocks, store, result: await storeMetrics(store, blocks, CHUNKER, sourceOf(entries, 5000)) }
}

describe('stored metrics', () => {
  it('are a sound manifest, and are read back all or by name', async () => {
    const { blocks, result } = await stored()
    const root = result.root ?? expect.fail('nothing was stored')
    const paths: string[] = []
    for await (const { path } of verifyManifest(blocks, root)) paths.push(pathToText(path))
    expect(paths).toEqual(['0000.metric', '0001.metric', 'metrics.json'])
    expect(result.metrics).toEqual([{ name: 'loss', points: 60_000, last: Math.sin(59_999) }, { name: 'val/loss', points: 600, last: 59_900 / 7 }])
    expect(await listMetrics(blocks, root)).toEqual([{ name: 'loss', points: 60_000 }, { name: 'val/loss', points: 600 }])
    const [loss, other] = expectedSeries(entries)
    expect(asPoints(await readMetrics(blocks, root))).toStrictEqual([loss, other])
    const before = blocks.reads
    expect(asPoints(await readMetrics(blocks, root, { names: ['val/loss'] }))).toStrictEqual([other])
    // The manifest, its one node for each of the two files, the index, and one chunk.
    expect(blocks.reads - before).toBe(5)
  })

  it('have a root only if something was logged, and the same for the same log', async () => {
    const { blocks, store, result } = await stored()
    expect(await storeMetrics(store, blocks, CHUNKER, sourceOf([]))).toEqual({ root: null, metrics: [] })
    const { root } = await storeMetrics(store, blocks, CHUNKER, sourceOf(entries, 77))
    expect(root).toEqual(result.root)
  })

  it('are not read in larger amounts than are asked for, or by names that are none', async () => {
    const { blocks, result } = await stored()
    const root = result.root ?? expect.fail('nothing was stored')
    await expect(readMetrics(blocks, root, { maxPoints: 60_599 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await readMetrics(blocks, root, { maxPoints: 60_600 })).length).toBe(2)
    await expect(readMetrics(blocks, root, { names: ['loss', 'los'] })).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'There are: loss, val/loss.' })
  })

  it('are refused where the manifest, or a chunk, is not as the index says', async () => {
    const { blocks, store, result } = await stored()
    const root = result.root ?? expect.fail('nothing was stored')
    const index = await (await openManifest(blocks, root)).get(pathFromText('metrics.json')) ?? expect.fail('there is no index')
    const withFile = async (name: string, size: number): Promise<Awaited<ReturnType<ManifestBuilder['finish']>>> => {
      const builder = new ManifestBuilder(blocks, CHUNKER)
      const { cid } = await storeContent(store, new Uint8Array(100))
      await builder.add({ path: pathFromText(name), value: { kind: 'file', cid, size } })
      await builder.add({ path: pathFromText('metrics.json'), value: index })
      return builder.finish()
    }
    await expect(readMetrics(blocks, (await withFile('0001.metric', 100)).root)).rejects.toThrow('There is no file 0000.metric')
    await expect(readMetrics(blocks, (await withFile('0000.metric', 2 ** 50)).root)).rejects.toThrow('may have 1440016')
    await expect(readMetrics(blocks, (await withFile('0000.metric', 1_440_016)).root)).rejects.toThrow('has 100 bytes instead of 1440016')
    await expect(readMetrics(blocks, blocks.put(RAW_CODE, new Uint8Array(3)))).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  })
})
