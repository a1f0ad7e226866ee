import { expect, test } from 'vitest'
import { clone } from '../../../src/index.ts'
import { concatBytes } from '../../../src/bytes.ts'
import { type CID, DAG_CBOR_CODE } from '../../../src/cid/cid.ts'
import { encodeCbor } from '../../../src/codec/dag-cbor.ts'
import { addReachable } from '../../../src/repository/reachable.ts'
import { ReachedBlocks } from '../../../src/repository/reached-blocks.ts'
import { files, scratch } from '../two-colleagues.ts'

function section(bytes: Uint8Array): Uint8Array {
  const length: number[] = []
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) return concatBytes([Uint8Array.from(length), bytes])
  }
}

test('a CAR file that lacks a tree node is incomplete, though a remote has that node', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(files({ a: 'one', b: 'two' }), { ref: 'data' })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  const { root } = await shared.resolve('data')
  const found: CID[] = []
  await addReachable({ has: (cid) => found.push(cid) > 0, async *readMany(requests) {
    for await (const result of shared.blocks.readMany(requests)) {
      found.push(result.cid)
      yield result
    }
  } }, [root], new ReachedBlocks())
  const kept = found.filter((cid) => cid.code !== DAG_CBOR_CODE || cid.equals(root))
  expect(found.length - kept.length).toBe(1)
  const car = [section(encodeCbor({ roots: [root], version: 1 }))]
  for (const cid of kept) car.push(section(concatBytes([cid.bytes, await shared.blocks.get(cid)])))
  const bob = await place.of('bob')
  await expect(bob.importCar(car, { ref: 'mine' })).rejects.toMatchObject({ code: expect.stringMatching(/^(NOT_FOUND|MALFORMED_DATA)$/) as string })
  expect(await bob.verify()).toMatchObject({ ok: true })
}, 60_000)
