import { compareBytes, concatBytes, startsWithBytes } from '../bytes.ts'
import { type CID, cidFromDigest, DAG_CBOR_CODE, DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { editTree } from '../manifest/edit-tree.ts'
import type { TreeItem } from '../manifest/interface.ts'
import { TreeCursor } from '../manifest/tree-cursor.ts'
import type { BlockRepository, RefChange, Session } from '../repository/index.ts'
import { linkCodec } from '../repository/link-codec.ts'
import { type StoredLink, storedLinkCodec } from '../repository/stored-link.ts'
import { parseRunKey, runKey, type RunNumber } from './run-key.ts'

/** The ref to a tree from roots to the runs that read or made them, so that neither question reads a run. */
export const USES_REF = '_varve/run-uses'

/** What keys begin with, so that all roots of a kind stand together; then come the digest and the run. */
const MARKS = { code: 0x63, input: 0x69, log: 0x6c, metrics: 0x6d, artifact: 0x6f, original: 0x72 } as const
/** No name of a run, which is UTF-8, has such a byte. */
const BEYOND_ALL_RUNS = Uint8Array.of(0xff)

/** What a run has to do with a root: it read it, was its code, or made it. `original` is for the start of a run that another reproduces. */
export type RunUseKind = keyof typeof MARKS

export interface RunUse extends RunNumber {
  readonly start: CID
  /** The start as `idOf` gives it. */
  readonly id: string
}

/** A use that was found. The CID of its start is made when it is asked for. */
export class FoundUse implements RunUse {
  readonly name: string
  readonly number: number
  readonly root: CID
  readonly #start: StoredLink

  constructor({ name, number }: RunNumber, root: CID, start: StoredLink) {
    this.name = name
    this.number = number
    this.root = root
    this.#start = start
  }

  get start(): CID {
    return this.#start.cid
  }

  get id(): string {
    return this.#start.id
  }
}

export interface NewUse extends RunNumber {
  readonly start: CID
  readonly root: CID
  readonly kind: RunUseKind
}

/** Runs that read a root, or that made it. Some 2 µs for each. */
export function runsOfRoot(repository: BlockRepository, root: CID, kind: RunUseKind): AsyncGenerator<FoundUse> {
  return runsOfRoots(repository, [root], kind)
}

/** The same for many roots, in the order of their digests. Reads each node once, whatever the number of roots. */
export async function* runsOfRoots(repository: BlockRepository, roots: readonly CID[], kind: RunUseKind): AsyncGenerator<FoundUse> {
  const tree = await repository.getRef(USES_REF)
  if (tree === undefined || roots.length === 0) return
  const cursor = await TreeCursor.open(repository, storedLinkCodec, tree)
  let before: Uint8Array | undefined
  for (const { root, prefix } of roots.map((one) => ({ root: one, prefix: prefixOf(one.multihash.digest, kind) })).sort((a, b) => compareBytes(a.prefix, b.prefix))) {
    if (before !== undefined && compareBytes(before, prefix) === 0) continue
    before = prefix
    const moving = cursor.seek(prefix)
    if (moving !== undefined) await moving
    // Most items are at hand: to wait for each takes longer than to read it.
    for (let item = cursor.item ?? (await itemAt(cursor)); item !== undefined && startsWithBytes(item.key, prefix); item = cursor.item ?? (await itemAt(cursor))) {
      yield new FoundUse(parseRunKey(item.key, prefix.length), root, item.value)
      cursor.next()
    }
  }
}

/** Whether there is any such use: who asks for thousands of roots need not make their CIDs if there is none. Reads one node a level. */
export async function anyUse(repository: BlockRepository, kind: RunUseKind): Promise<boolean> {
  const tree = await repository.getRef(USES_REF)
  if (tree === undefined) return false
  const mark = Uint8Array.of(MARKS[kind])
  const cursor = await TreeCursor.open(repository, storedLinkCodec, tree)
  await cursor.seek(mark)
  return cursor.item !== undefined && startsWithBytes(cursor.item.key, mark)
}

/**
 * Those of many roots that stand in such a use by one of the runs that count, each once. Reads each node once, whatever the number of roots, and of the runs of each only up to the first that counts.
 * @param tree of uses, which need not be the newest
 * @param counts told the start of a run
 */
export async function* rootsUsedBy(nodes: BlockSource, tree: CID, roots: readonly CID[], kind: RunUseKind, counts: (start: CID) => boolean): AsyncGenerator<CID> {
  if (roots.length === 0) return
  const cursor = await TreeCursor.open(nodes, storedLinkCodec, tree)
  for (const { root, prefix } of roots.map((one) => ({ root: one, prefix: prefixOf(one.multihash.digest, kind) })).sort((a, b) => compareBytes(a.prefix, b.prefix))) {
    await cursor.seek(prefix)
    for (let item = await itemAt(cursor); item !== undefined && startsWithBytes(item.key, prefix); item = await itemAt(cursor)) {
      if (counts(item.value.cid)) {
        yield root
        break
      }
      cursor.next()
    }
  }
}

/** Every root that stands in such a use, once, in the order of their digests. Passes over the runs of each. */
export async function* rootsInUse(repository: BlockRepository, kind: RunUseKind): AsyncGenerator<CID> {
  const tree = await repository.getRef(USES_REF)
  if (tree === undefined) return
  const mark = Uint8Array.of(MARKS[kind])
  const cursor = await TreeCursor.open(repository, storedLinkCodec, tree)
  await cursor.seek(mark)
  for (let item = await itemAt(cursor); item !== undefined && startsWithBytes(item.key, mark); item = await itemAt(cursor)) {
    const digest = item.key.slice(1, 1 + DIGEST_SIZE_BYTES)
    yield cidFromDigest(repository.hasher, DAG_CBOR_CODE, digest)
    await cursor.seek(concatBytes([prefixOf(digest, kind), BEYOND_ALL_RUNS]))
  }
}

/** What a commit has to change so that roots lead to runs; undefined if there is nothing to change. */
export async function usesChange(repository: BlockRepository, session: Session, uses: readonly NewUse[]): Promise<RefChange | undefined> {
  if (uses.length === 0) return undefined
  const edits = uses.map(({ root, kind, start, ...run }) => ({ key: concatBytes([prefixOf(root.multihash.digest, kind), runKey(run)]), value: start })).sort((a, b) => compareBytes(a.key, b.key))
  const distinct = edits.filter(({ key }, at) => at === 0 || compareBytes(key, edits[at - 1]?.key ?? key) !== 0)
  const tree = (await repository.getRef(USES_REF)) ?? null
  return { name: USES_REF, expected: tree, target: await editTree(session, session, tree, linkCodec, distinct), own: true }
}

async function itemAt(cursor: TreeCursor<StoredLink>): Promise<TreeItem<StoredLink> | undefined> {
  while (!cursor.done && cursor.item === undefined) await cursor.enter()
  return cursor.item
}

function prefixOf(digest: Uint8Array, kind: RunUseKind): Uint8Array {
  return concatBytes([Uint8Array.of(MARKS[kind]), digest])
}
