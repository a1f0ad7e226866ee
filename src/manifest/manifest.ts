import { equalBytes, concatBytes, startsWithBytes } from '../bytes.ts'
import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { MalformedDataError } from '../errors.ts'
import type { AnyIterable, MaybePromise } from '../types.ts'
import { diffTrees } from './diff-trees.ts'
import { editTree } from './edit-tree.ts'
import type { BuiltManifest, ManifestDifference, ManifestEdit, ManifestEntry, ManifestTotals, ManifestValue, TreeEdit } from './interface.ts'
import { decodeManifestHeader, encodeManifestHeader, type ManifestHeader } from './manifest-header.ts'
import { assertManifestValue, manifestCodec } from './manifest-values.ts'
import { keyFromPath, pathFromKey } from './path.ts'
import { getValue, scanTree } from './read-tree.ts'
import { RunningTotals } from './running-totals.ts'
import { TreeBuilder } from './tree-builder.ts'
import { verifyTree } from './verify-tree.ts'

/**
 * Writes a manifest from entries in the order of their keys (`keyFromPath`). Holds a few nodes of some 34 KiB in memory.
 *
 * @example
 * const builder = new ManifestBuilder(sink, 'fastcdc2020-64K-256K-1M')
 * await builder.add({ path: pathFromText('train/0.png'), value: { kind: 'file', size, cid } })
 * const { root } = await builder.finish()
 */
export class ManifestBuilder {
  readonly #sink: BlockSink
  readonly #chunker: string
  readonly #tree: TreeBuilder<ManifestValue>
  readonly #totals = new RunningTotals()

  /** @param chunkerName profile that cut the files, recorded in the root */
  constructor(sink: BlockSink, chunkerName: string) {
    this.#sink = sink
    this.#chunker = chunkerName
    this.#tree = new TreeBuilder(sink, manifestCodec)
  }

  /**
   * Adds an entry. If it answers with a promise, that must have settled before the next call.
   * @throws InvalidArgumentError if it does not come after the last one, or its value is unsound
   * @throws UnsafePathError or MalformedDataError if its path breaks a rule, or an entry before it would have to be a folder
   */
  add({ path, value }: ManifestEntry): MaybePromise<void> {
    assertManifestValue(value, path)
    const added = this.#tree.add(keyFromPath(path), value)
    this.#totals.add(value)
    return added
  }

  /** Writes what is left and the manifest block. The builder must not be used afterwards. */
  async finish(): Promise<BuiltManifest> {
    const { root } = await this.#tree.finish()
    return writeHeader(this.#sink, { chunker: this.#chunker, totals: this.#totals.value, tree: root })
  }
}

/** A manifest that can be asked for its entries. Nothing but its first block is in memory. */
export class Manifest {
  readonly root: CID
  /** As the manifest states them; `verifyManifest` checks them. */
  readonly totals: ManifestTotals
  readonly chunker: string
  readonly #source: BlockSource
  readonly #tree: CID

  constructor(source: BlockSource, root: CID, header: ManifestHeader) {
    this.root = root
    this.totals = header.totals
    this.chunker = header.chunker
    this.#source = source
    this.#tree = header.tree
  }

  /** What a path holds, undefined if nothing; a folder that is not empty holds nothing itself. Reads one node a level. */
  async get(path: Uint8Array): Promise<ManifestValue | undefined> {
    return getValue(this.#source, this.#tree, manifestCodec, keyFromPath(path))
  }

  /**
   * Entries in key order, holding one node a level.
   * @param options.prefix path of a folder, without `/` at the end: all that is below it, or the entry of that very path
   */
  async *entries(options: { readonly prefix?: Uint8Array } = {}): AsyncGenerator<ManifestEntry, void, undefined> {
    const { prefix } = options
    const whole = prefix === undefined || prefix.length === 0
    const from = whole ? undefined : keyFromPath(prefix)
    const folder = from === undefined ? undefined : concatBytes([from, Uint8Array.of(0)])
    for await (const { key, value } of scanTree(this.#source, this.#tree, manifestCodec, from === undefined ? {} : { from })) {
      if (from !== undefined && folder !== undefined && !equalBytes(key, from) && !startsWithBytes(key, folder)) return
      yield { path: pathFromKey(key), value }
    }
  }
}

/**
 * Reads the first block of a manifest.
 * @throws UnsupportedFormatError if a newer version wrote it; MalformedDataError if it is not a manifest
 */
export async function openManifest(source: BlockSource, root: CID): Promise<Manifest> {
  return new Manifest(source, root, await readHeader(source, root))
}

/**
 * Applies edits, given in the order of their keys (`keyFromPath`), and writes the new manifest. Reads and writes what `editTree` does.
 * @throws InvalidArgumentError if the edits are out of order or a value is unsound
 * @throws UnsafePathError or MalformedDataError if a path breaks a rule, or an entry would have to be a file and a folder at once
 */
export async function editManifest(source: BlockSource, sink: BlockSink, root: CID, edits: AnyIterable<ManifestEdit>): Promise<BuiltManifest> {
  const header = await readHeader(source, root)
  const totals = new RunningTotals(header.totals)
  const tree = await editTree(source, sink, header.tree, manifestCodec, toTreeEdits(edits), {
    onChange: ({ before, after }) => {
      if (before !== undefined) totals.remove(before)
      if (after !== undefined) totals.add(after)
    },
  })
  return writeHeader(sink, { chunker: header.chunker, totals: totals.value, tree })
}

/** Paths whose values differ, in key order. Reads the nodes that differ. */
export async function* diffManifests(source: BlockSource, a: CID, b: CID): AsyncGenerator<ManifestDifference, void, undefined> {
  if (a.equals(b)) return
  const [before, after] = [await readHeader(source, a), await readHeader(source, b)]
  for await (const difference of diffTrees(source, before.tree, after.tree, manifestCodec)) {
    yield { path: pathFromKey(difference.key), before: difference.before, after: difference.after }
  }
}

/**
 * Reads a whole manifest, yields its entries in key order, and checks every rule of the format; that no rule is broken is known when it has ended.
 * File content is not read.
 * @throws UnsafePathError or MalformedDataError
 */
export async function* verifyManifest(source: BlockSource, root: CID): AsyncGenerator<ManifestEntry, void, undefined> {
  const { tree, totals } = await readHeader(source, root)
  const found = new RunningTotals()
  for await (const { key, value } of verifyTree(source, tree, manifestCodec)) {
    found.add(value)
    yield { path: pathFromKey(key), value }
  }
  found.assertEqual(totals)
}

async function* toTreeEdits(edits: AnyIterable<ManifestEdit>): AsyncGenerator<TreeEdit<ManifestValue>, void, undefined> {
  for await (const { path, value } of edits) {
    if (value !== undefined) assertManifestValue(value, path)
    yield { key: keyFromPath(path), value }
  }
}

async function readHeader(source: BlockSource, root: CID): Promise<ManifestHeader> {
  if (root.code !== DAG_CBOR_CODE) throw new MalformedDataError('The block is file content, not a manifest', { data: { cid: root.toString() } })
  return decodeManifestHeader(await source.get(root))
}

async function writeHeader(sink: BlockSink, header: ManifestHeader): Promise<BuiltManifest> {
  return { root: await sink.put(DAG_CBOR_CODE, encodeManifestHeader(header)), totals: header.totals }
}
