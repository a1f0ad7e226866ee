import { deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { concatBytes, equalBytes, utf8 } from '../../src/bytes.ts'
import { portablePlatform } from '../../src/cid/portable-platform.ts'
import type { Platform } from '../../src/cid/interface.ts'
import { decompressBlock } from '../../src/codec/block-compression.ts'
import { DeltaEncoder } from '../../src/codec/delta-encode.ts'
import { applyDelta } from '../../src/codec/delta-apply.ts'
import { decodeDeltaPayload, encodeDeltaPayload, undoDelta } from '../../src/codec/delta-payload.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { fuzz } from './fuzz.ts'
import { Random } from './random.ts'

const MAX_BLOCK = 1024 * 1024
const plain = [utf8('row,1,2,3\n'.repeat(400)), new Random(1).bytes(500), new Uint8Array(70_000), concatBytes([utf8('abc'), new Random(2).bytes(300), utf8('abc'.repeat(300))])]

/** Zstandard frames of these plain bytes, made by the reference encoder: Node 20 cannot make any. */
const ZSTD_FRAMES: readonly Uint8Array[] = [
  // A line 400 times; "hello", stored as it is; 70,000 zeros, one byte repeated; a table of 60 rows with Huffman codes and a checksum.
  '28b52ffd00488d000050726f772c312c322c330a010093af5f90',
  '28b52ffd005829000068656c6c6f',
  '28b52ffd005855000010000001006b1139c002',
  '28b52ffd0468e5070046203e09b03b2431548c99e67439003a003b0066b8ca1d935ef1de944754ccaaa86898b6c4d4a681d905336e243d5299a9462971b458707a89879b0e4d0ea467d4cd5478f471830203af09851f29086d0ed40bcedcb9163cbbbf1524fb4b4188b9e8043ff3e9831eb82bc131386904cf3ed541324914823064ef99755bcdb459a4658ec3a6149d5384c2fd59442595d350418dd3ce11f51912f5c27951d4130a95a526ac2b9a96f017e492d042fc8e70c27ae18d4d54847206d310c209b8163e027301e90daf64a636a4b2bb3504df4969f8dfa933f4ffe88753bf578651678d21015cea211c6e0ac39231f74ed7c86ba71148eb0cb045e924b14c00d9f824fa',
].map((hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)))

const platforms: readonly (readonly [string, Platform])[] = [['node', nodePlatform], ['portable', portablePlatform]]

test.each(platforms)('what was deflated gives as many bytes as declared, or is refused (%s)', async (name, platform) => {
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(64 * 1024 * 1024)))
  const report = await fuzz({
    name: `deflate ${name}`, samples: [...plain.map((bytes) => platform.deflate(bytes)), bomb.subarray(0, 5000)], rounds: name === 'node' ? 1000 : 300, maxBuffers: 24 * MAX_BLOCK,
    read(bytes, random) {
      const size = random.chance(0.05) ? MAX_BLOCK : random.pick([0, 1, 500, 4000, 4000, 70_000])
      if (decompressBlock(platform, 1, bytes, size).length !== size) throw new Error('it gives another number of bytes than was declared')
    },
  })
  if (report.rounds > 200) expect(report.refused).toBeGreaterThan(report.rounds / 2)
})

test.each(platforms)('a Zstandard frame gives as many bytes as declared, or is refused (%s)', async (name, platform) => {
  await fuzz({
    name: `zstd ${name}`, samples: [...ZSTD_FRAMES, ...(platform.zstd === undefined ? [] : plain.map((bytes) => platform.zstd?.(bytes) ?? bytes))], rounds: 800, maxBuffers: 24 * MAX_BLOCK,
    read(bytes, random) {
      const size = random.chance(0.05) ? MAX_BLOCK : random.pick([0, 1, 5, 4000, 70_000])
      if (decompressBlock(platform, 3, bytes, size).length !== size) throw new Error('it gives another number of bytes than was declared')
    },
  })
})

const source = utf8(Array.from({ length: 200 }, (_, row) => `${row},${(row * 40_503) % 65_537}`).join('\n'))
const target = utf8(Array.from({ length: 200 }, (_, row) => `${row},${(row * (row % 20 === 3 ? 40_507 : 40_503)) % 65_537}`).join('\n'))

test('a delta script gives a block of its size, or is refused', async () => {
  const scripts = [target, source, new Uint8Array(0), concatBytes([source, source])].map((bytes) => new DeltaEncoder().encode(bytes, source).instructions.slice())
  const report = await fuzz({
    name: 'delta scripts', samples: [...scripts, Uint8Array.of(7, 2, 3, 10, 0, 4, 11, 1, 97, 98, 122)], rounds: 1500, maxBuffers: 24 * MAX_BLOCK,
    read(bytes, random) {
      const size = random.chance(0.05) ? MAX_BLOCK : random.pick([target.length, source.length, 10, 0])
      const sources = random.pick([[source], [source.subarray(0, 100), source.subarray(100)], [new Uint8Array(0), source, utf8('0123456789')], []])
      if (applyDelta(bytes, sources, size).length !== size) throw new Error('it gives another number of bytes than was declared')
    },
  })
  if (report.rounds > 1000) expect(report.read).toBeGreaterThan(0)
})

test('the payload of a delta block encodes to the same bytes again, and is undone or refused', async () => {
  const { instructions } = new DeltaEncoder().encode(target, source)
  const bases = [new Random(3).bytes(32), new Random(4).bytes(32)]
  const samples = [0, 1].map((encoding) => encodeDeltaPayload({ depth: 1, bases: bases.slice(encoding), encoding, instructionsSize: instructions.length, instructions: encoding === 0 ? instructions : nodePlatform.deflate(instructions) }))
  await fuzz({
    name: 'delta payloads', samples, rounds: 1500, maxBuffers: 24 * MAX_BLOCK,
    read(bytes, random) {
      const size = random.chance(0.05) ? MAX_BLOCK : random.pick([target.length, target.length, 100])
      const payload = decodeDeltaPayload(bytes, size)
      if (!equalBytes(encodeDeltaPayload(payload), bytes)) throw new Error('it reads what it does not write')
      if (undoDelta(random.pick([nodePlatform, portablePlatform]), payload, payload.bases.map(() => source), size).length !== size) throw new Error('it gives another number of bytes than was declared')
    },
  })
})
