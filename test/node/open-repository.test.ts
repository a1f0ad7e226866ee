import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openRepository } from '../../src/node/open-repository.ts'
import { CACHE_HEADER_SIZE_BYTES, cacheHeader } from '../../src/node/stat-cache-format.ts'
import { MadeFolders } from './made-folders.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

test('stat caches of a repository are bound to its id, hash and chunker', async () => {
  const folder = made.make({ 'data/a': '1' })
  const place = join(folder, 'repository')
  await using repository = await openRepository(place, { create: true, hash: 'blake3' })
  await repository.snapshot(join(folder, 'data'), { ref: 'data' })
  const { id, chunker } = JSON.parse(fs.readFileSync(join(place, 'config.json'), 'utf8')) as { id: string; chunker: string }
  const [name = ''] = fs.readdirSync(join(place, 'cache/stat'))
  expect(fs.readFileSync(join(place, 'cache/stat', name)).subarray(0, CACHE_HEADER_SIZE_BYTES)).toEqual(cacheHeader(`${id} blake3 ${chunker}`))
})
