import { expect, test } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { type CID, cidText, parseCid } from '../../src/cid/cid.ts'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'
import type { BlockSource } from '../../src/codec/interface.ts'
import { MalformedDataError } from '../../src/errors.ts'
import { encodeSnapshot, readSnapshot } from '../../src/dataset/snapshot-object.ts'
import { walkBlocks } from '../../src/dataset/links.ts'
import { listChunks, readListNode, verifyList } from '../../src/file/index.ts'
import { encodeListNode } from '../../src/file/list-node.ts'
import { diffManifests, openManifest, verifyManifest } from '../../src/manifest/manifest.ts'
import { decodeManifestHeader, encodeManifestHeader } from '../../src/manifest/manifest-header.ts'
import { manifestCodec } from '../../src/manifest/manifest-values.ts'
import { decodeNode, encodeInner, encodeLeaf, type TreeNode } from '../../src/manifest/node.ts'
import type { ValueCodec } from '../../src/manifest/interface.ts'
import { linkCodec } from '../../src/repository/link-codec.ts'
import { listOperations } from '../../src/repository/operations.ts'
import { listRefs } from '../../src/repository/refs.ts'
import { fuzz } from './fuzz.ts'
import { mutate } from './mutate.ts'
import type { Random } from './random.ts'
import { makeSample, type Sample } from './samples.ts'

const sample: Sample = await makeSample(true)
const nodes = [...sample.nodes.values()]
/** Steps after which a reading is given up: more than any sound sample has. */
const MAX_STEPS = 20_000

function same(encoded: Uint8Array, bytes: Uint8Array): void {
  if (!equalBytes(encoded, bytes)) throw new Error('it reads what it does not write')
}

/** The nodes of the sample, some of which are other than their CIDs say: what a checker sees who has not hashed, or who has the tree from a liar. */
function lyingSource(random: Random, mutated: Uint8Array, replaced: number): BlockSource {
  const names = [...sample.nodes.keys()]
  const lies = new Map([[names[replaced % names.length], mutated]])
  for (let count = random.below(3); count > 0; count--) lies.set(random.pick(names), mutate(random, nodes, { cbor: true }))
  return {
    get(cid) {
      const bytes = lies.get(cidText(cid)) ?? sample.nodes.get(cidText(cid))
      if (bytes === undefined) throw new MalformedDataError('no such block')
      return bytes
    },
  }
}

async function steps(items: AsyncIterable<unknown>): Promise<void> {
  let count = 0
  for await (const item of items) {
    void item
    if (++count > MAX_STEPS) throw new Error(`it goes on after ${MAX_STEPS} items`)
  }
}

function encode<V>(node: TreeNode<V>, codec: ValueCodec<V>): Uint8Array {
  return node.kind === 'leaf' ? encodeLeaf(node.items, codec) : encodeInner(node.level, node.links)
}

test.each<[string, ValueCodec<unknown>]>([['manifest', manifestCodec], ['ref', linkCodec]])('nodes of %s trees encode to the same bytes again, beside another too', async (name, codec) => {
  const readable = nodes.filter((bytes) => {
    try {
      return decodeNode(bytes, codec) !== undefined
    } catch {
      return false
    }
  })
  const report = await fuzz({
    name: `${name} nodes`,
    samples: readable,
    cbor: true,
    rounds: 500,
    read(bytes, random) {
      const node = decodeNode(bytes, codec)
      same(encode(node, codec), bytes)
      same(encode(decodeNode(bytes, codec, { twin: decodeNode(random.pick(readable), codec, { twin: undefined }) }), codec), bytes)
    },
  })
  if (report.rounds > 300) expect(report.refused).toBeGreaterThan(report.rounds / 2)
})

test('manifests, list nodes and snapshots encode to the same bytes again', async () => {
  const [any] = sample.roots
  const source = (bytes: Uint8Array): BlockSource => ({ get: () => bytes })
  const small = nodes.filter(({ length }) => length < 2000)
  // A meta that no stack could hold, if somebody went down into it.
  const deep = encodeCbor({ ...(decodeCbor(sample.nodes.get(cidText(sample.snapshots[0] as CID)) as Uint8Array) as object), meta: `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}` })
  await fuzz({ name: 'manifest headers', samples: small, cbor: true, rounds: 800, read: (bytes) => same(encodeManifestHeader(decodeManifestHeader(bytes)), bytes) })
  await fuzz({
    name: 'list nodes', samples: small, cbor: true, rounds: 400,
    async read(bytes, random) {
      same(encodeListNode(await readListNode(source(bytes), { cid: any as CID, size: random.pick([400_000, 0, 1, 2 ** 53 - 1]) }, random.pick([undefined, 1, 2]))), bytes)
    },
  })
  await fuzz({
    name: 'snapshots', samples: [...sample.snapshots.map((cid) => sample.nodes.get(cidText(cid)) as Uint8Array), ...small.slice(0, 3), deep], cbor: true, rounds: 1000,
    async read(bytes) {
      const snapshot = await readSnapshot(source(bytes), any as CID)
      // The text of `meta` may have been written by another program, with other spaces; all else has one form.
      const again = encodeSnapshot(snapshot)
      same(encodeSnapshot(await readSnapshot(source(again), any as CID)), again)
    },
  })
})

test('operations and refs are read or refused', async () => {
  const [any] = sample.roots
  await fuzz({
    name: 'operations', samples: nodes.filter(({ length }) => length < 2000), cbor: true, rounds: 400,
    read: (bytes) => steps(listOperations({ get: () => bytes }, { tree: null, total: 1, tail: [any as CID] })),
  })
  await fuzz({
    name: 'operation logs', samples: nodes, cbor: true, rounds: 250,
    read: (bytes, random) => steps(listOperations(lyingSource(random, bytes, random.below(1000)), { tree: parseCid(random.pick([...sample.nodes.keys()])), total: 100, tail: [] })),
  })
  await fuzz({ name: 'refs', samples: nodes, cbor: true, rounds: 250, read: (bytes, random) => steps(listRefs(lyingSource(random, bytes, random.below(1000)), parseCid(random.pick([...sample.nodes.keys()])))) })
})

test('trees in which nodes lie end, and are refused or whole', async () => {
  await fuzz({
    name: 'trees', samples: nodes, cbor: true, rounds: 200,
    async read(bytes, random) {
      const source = lyingSource(random, bytes, random.below(1000))
      const [a, b] = [random.pick(sample.roots), random.pick(sample.roots)]
      const attempts = [
        () => steps(verifyManifest(source, a)),
        () => steps(diffManifests(source, a, b)),
        async () => steps((await openManifest(source, b)).entries()),
        async () => void (await (await openManifest(source, b)).get(new TextEncoder().encode('train/00300/image.png'))),
        () => steps(walkBlocks(source, random.pick(sample.snapshots))),
      ]
      await random.pick(attempts)()
    },
  })
  const [large] = await largeFile()
  await fuzz({
    name: 'lists', samples: nodes.filter(({ length }) => length < 2000), cbor: true, rounds: 400,
    async read(bytes, random) {
      const link = { cid: parseCid(large as string), size: random.pick([400_000, 2 ** 40]) }
      await steps(random.chance(0.5) ? verifyList({ get: () => bytes }, link, { seen: new Set() }) : listChunks({ get: () => bytes }, link, { range: { start: 1000, end: 300_000 } }))
    },
  })
})

/** The content of the file of several chunks. */
async function largeFile(): Promise<string[]> {
  const found: string[] = []
  const source: BlockSource = { get: (cid) => sample.nodes.get(cidText(cid)) ?? new Uint8Array(0) }
  for await (const { value } of (await openManifest(source, sample.roots[0] as CID)).entries()) if (value.kind === 'file' && value.cid.code === 0x71) found.push(cidText(value.cid))
  expect(found).toHaveLength(1)
  return found
}
