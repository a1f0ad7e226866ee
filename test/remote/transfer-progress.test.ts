import { expect, test } from 'vitest'
import { describe as line } from '../../src/cli/progress.ts'
import { push, type ProgressEvent } from '../../src/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from '../dataset/in-memory.ts'
import { files, noise } from './two-colleagues.ts'

test('a transfer tells how many bytes there are before the first file goes over, and comes to that', async () => {
  const repository = await create()
  // Sizes differ, and many small files have much of the whole in tree nodes: blocks alone tell little of bytes.
  const small = Object.fromEntries(Array.from({ length: 2000 }, (_, number) => [`small/${number}`, `content of ${number}`]))
  await repository.snapshot(files({ ...small, a: noise(5_000_000, 1), z: noise(3_000_000, 2) }), { ref: 'data' })
  const events: Extract<ProgressEvent, { type: 'transfer' }>[] = []
  const { bytes } = await push(repository, { to: new MemoryStorage(), onProgress: (event) => event.type === 'transfer' && events.push(event) })
  const known = events.filter(({ totalBytes }) => totalBytes !== undefined)
  expect(known.length).toBeGreaterThan(1)
  for (const event of known) {
    expect(Math.abs((event.totalBytes ?? 0) - bytes) / bytes).toBeLessThan(0.05)
    expect(event.bytes).toBeLessThanOrEqual(event.totalBytes ?? 0)
  }
  expect(events.at(-1)?.bytes).toBe(events.at(-1)?.totalBytes)
})

test('its line has amount, rate and the time that is left, once the whole is known', () => {
  expect(line({ type: 'transfer', blocks: 10, bytes: 1024 * 1024 }, 2000)).toBe('copying 10 blocks · 1.0 MiB · 512 KiB/s')
  expect(line({ type: 'transfer', blocks: 100, bytes: 50 * 1024 * 1024, totalBlocks: 400, totalBytes: 200 * 1024 * 1024 }, 10_000)).toMatch(/^copying ▕█{6} {18}▏ {2}25 % · 100 blocks · 50 MiB \/ 200 MiB · 5.0 MiB\/s · 30 s left$/)
})
