import { expect, test } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'
import { fuzz } from './fuzz.ts'
import { makeSample } from './samples.ts'

const VALUES: readonly unknown[] = [0, -1, 2 ** 53 - 1, 2n ** 64n - 1n, -(2n ** 64n), 1.5, true, null, '', 'ä', new Uint8Array(3), [], {}, [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]], { a: 1, bb: [2], __proto__x: { '/': 1 } }]

test('dag-cbor: what is read encodes to the same bytes again, and all else is refused', async () => {
  const { nodes } = await makeSample(false)
  const report = await fuzz({
    name: 'dag-cbor',
    samples: [...[...nodes.values()].filter(({ length }) => length < 4000), ...VALUES.map((value) => encodeCbor(value))],
    cbor: true,
    rounds: 3000,
    read(bytes) {
      const value = decodeCbor(bytes)
      if (!equalBytes(encodeCbor(value), bytes)) throw new Error('it reads what it does not write')
    },
  })
  if (report.rounds > 1000) expect(Math.min(report.read, report.refused)).toBeGreaterThan(report.rounds / 20)
})

test('dag-cbor: what claims to be huge takes no more memory than there are bytes', async () => {
  const heads = [0x5a, 0x7a, 0x9a, 0xba].map((head) => Uint8Array.of(head, 0x0f, 0xff, 0xff, 0xff, 0, 0, 0))
  await fuzz({ name: 'huge dag-cbor', samples: [...heads, Uint8Array.of(0x84, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0)], cbor: true, rounds: 500, maxBuffers: 1024 * 1024, read: decodeCbor })
})
