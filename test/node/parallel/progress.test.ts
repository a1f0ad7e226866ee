import { afterAll, describe, expect, test } from 'vitest'
import type { ProgressEvent } from '../../../src/types.ts'
import { MadeFolders } from '../made-folders.ts'
import { noise, repositoryWith, SEGMENT, writeTree } from './thread-trial.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

describe('progress of threads', () => {
  test('rises within large files, never falls, and ends at the totals that were counted', async () => {
    const folder = made.make()
    const large = noise(4 * SEGMENT, 1)
    writeTree(folder, new Map([['a', large], ['b', large.subarray(1)], ['c', large.subarray(2)], ['d', noise(5, 2)], ['e', large.subarray(3)]]))
    const repository = await repositoryWith(2)
    const events: Extract<ProgressEvent, { type: 'scan' | 'store' }>[] = []
    const { bytes } = await repository.snapshot(folder, {
      ref: 'data', countFirst: true, compression: 'max',
      onProgress: (event) => {
        if (event.type === 'scan' || event.type === 'store') events.push(event)
      },
    })
    const stored = events.filter(({ type }) => type === 'store')
    expect(stored.at(-1)).toMatchObject({ files: 5, bytes, totalFiles: 5, totalBytes: bytes })
    expect(events.filter(({ type }) => type === 'scan').at(-1)).toMatchObject({ files: 5, bytes })
    expect(stored.filter(({ bytes: seen, files }) => files === 0 && seen > 0).length).toBeGreaterThan(0)
    for (const [index, event] of stored.entries()) expect(event.bytes).toBeGreaterThanOrEqual(stored[index - 1]?.bytes ?? 0)
  }, 30_000)
})
